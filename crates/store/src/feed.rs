//! Keeps the directory what the store says, and knows for how long it has been so.

mod follower;
mod freshness;
mod pause;
mod resume;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ironward_core::Clock;
use tokio::sync::Mutex;
use tokio::time::MissedTickBehavior;

use crate::directory::Directory;
use crate::error::{LoadError, StoreError};
use crate::snapshot::{Earlier, Snapshot, SnapshotError, remove_unfinished};
use crate::store::{Listener, Store};
use crate::tampering::Tampering;

use follower::{Follower, Step};
pub use freshness::Freshness;
use pause::Pause;
use resume::Unverified;

/// Follows the store into the directory.
pub struct Feed {
    directory: Arc<Directory>,
    freshness: Arc<Freshness>,
    snapshot: PathBuf,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// What is to be verified behind a start from the snapshot.
    unverified: Mutex<Option<Unverified>>,
}

struct State {
    follower: Follower,
    /// When the next snapshot is due.
    copies: Pause,
    /// A reload that failed, or that nothing explained, is not repeated at every look.
    reloads: Pause,
    is_failing: bool,
}

/// How often the store is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How long a look may take: a connection may be cut without a word.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long writing a snapshot may take.
const COPY_PATIENCE: Duration = Duration::from_secs(60);

impl Feed {
    /// Loads the store, compares it with the snapshot if there is one, and writes a new snapshot.
    ///
    /// # Errors
    /// When rows are missing or were rolled back, or the database or the snapshot cannot be read.
    pub async fn load(
        store: &Store,
        snapshot: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Vec<Tampering>), LoadError> {
        let earlier = match Snapshot::open(snapshot) {
            Ok(found) if found.installation() == store.locked().installation() => {
                Some(found.unlock(store.keys())?)
            }
            Ok(_) => return Err(SnapshotError::Unreadable(snapshot.to_owned()).into()),
            Err(SnapshotError::Missing(_)) => None,
            Err(error) => return Err(error.into()),
        };
        Self::load_after(store, earlier, snapshot, clock).await
    }

    /// The same, compared with a snapshot that the caller has unlocked: it may be under data keys
    /// that the store has retired since.
    ///
    /// # Errors
    /// When rows are missing or were rolled back, or the database cannot be used.
    pub async fn load_after(
        store: &Store,
        earlier: Option<Earlier>,
        snapshot: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Vec<Tampering>), LoadError> {
        remove_unfinished(snapshot);
        let copy = store.snapshot_writer(snapshot).await?;
        let begun = clock.now();
        let mut follower = Follower::new();
        let load = store
            .load_all(earlier, copy, &mut |stored| follower.load(stored))
            .await?;
        let tampering = load.tampering.clone();
        follower.begin(load);
        let feed = Self::new(follower, snapshot, clock);
        feed.freshness.checked(begun);
        Ok((feed, tampering))
    }

    /// Starts from the snapshot alone, while the database is down. Until [`Self::catch_up`] has
    /// succeeded once, nothing was ever checked: [`Freshness::age`] is `None`.
    ///
    /// # Errors
    /// When the snapshot is damaged.
    pub fn from_snapshot(
        mut earlier: Earlier,
        snapshot: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SnapshotError> {
        let mut follower = Follower::new();
        while let Some(stored) = earlier.next_object()? {
            follower.load(stored);
        }
        follower.begin_at(earlier.census());
        Ok(Self::new(follower, snapshot, clock))
    }

    fn new(follower: Follower, snapshot: &Path, clock: Arc<dyn Clock>) -> Self {
        Self {
            directory: follower.directory(),
            freshness: Arc::new(Freshness::new(Arc::clone(&clock))),
            snapshot: snapshot.to_owned(),
            clock,
            state: Mutex::new(State {
                follower,
                copies: Pause::new(),
                reloads: Pause::new(),
                is_failing: false,
            }),
            unverified: Mutex::new(None),
        }
    }

    /// What it keeps current.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory)
    }

    /// Since when the directory may be out of date.
    #[must_use]
    pub const fn freshness(&self) -> &Arc<Freshness> {
        &self.freshness
    }

    /// Brings the directory up to what the store says now. Whoever has written to the store calls
    /// this before telling anybody that it is done.
    ///
    /// # Errors
    /// When the database cannot be used, or its rows are not those that the census tells of.
    pub async fn catch_up(&self, store: &Store) -> Result<(), LoadError> {
        let mut state = self.state.lock().await;
        let begun = self.clock.now();
        // Whoever comes next waits for the lock: nobody may hold it for as long as a lost
        // connection takes to be noticed.
        let step = self.step(&mut state, store, begun);
        let outcome = tokio::time::timeout(PATIENCE, step).await;
        drop(state);
        outcome.unwrap_or_else(|_| {
            let reason = format!("no answer within {} s", PATIENCE.as_secs());
            Err(StoreError::Failed(reason.into()).into())
        })?;
        self.freshness.checked(begun);
        Ok(())
    }

    async fn step(&self, state: &mut State, store: &Store, now: Instant) -> Result<(), LoadError> {
        let (last, seq) = state.follower.place();
        let reading = store.reading(last, seq).await?;
        let step = state.follower.take(reading);
        match step {
            Step::Same => {}
            Step::Changed => state.copies.ask(),
            Step::Rekeyed | Step::Reload => self.reload(state, store, now, step).await?,
        }
        Ok(())
    }

    /// Looks every second, and at once when another node says that it has written; writes
    /// snapshots meanwhile. After [`Self::resume`] it verifies the rest of the database first. It
    /// returns only by being dropped, or when that shows rows to be missing or rolled back: nothing
    /// forged is in force then, but a start that had looked first would have been refused.
    pub async fn run(&self, store: &Store) -> LoadError {
        tokio::select! {
            never = self.follow(store) => never,
            refused = self.verify_and_copy(store) => refused,
        }
    }

    async fn verify_and_copy(&self, store: &Store) -> LoadError {
        match self.verify_rest(store).await {
            Ok(()) => self.copies(store).await,
            Err(refused) => refused,
        }
    }

    async fn follow(&self, store: &Store) -> ! {
        let mut listener = Listener::new();
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = listener.heard() => {}
            }
            if self.look(store).await {
                drop(tokio::time::timeout(PATIENCE, listener.connect(store)).await);
            }
        }
    }

    async fn copies(&self, store: &Store) -> ! {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.copy(store).await;
        }
    }

    /// One look, with what there is to log about it; whether it succeeded.
    async fn look(&self, store: &Store) -> bool {
        let outcome = self.catch_up(store).await;
        let mut state = self.state.lock().await;
        match &outcome {
            Ok(()) if state.is_failing => tracing::info!("the store is followed again"),
            Err(error) if !state.is_failing => {
                tracing::error!("the store cannot be followed: {error}");
            }
            _ => {}
        }
        state.is_failing = outcome.is_err();
        outcome.is_ok()
    }

    /// Verifies everything anew: the changes alone do not tell whether the census is right.
    async fn reload(
        &self,
        state: &mut State,
        store: &Store,
        now: Instant,
        why: Step,
    ) -> Result<(), LoadError> {
        if !state.reloads.is_over(now) {
            return Err(LoadError::Census {
                expected: None,
                found: 0,
            });
        }
        if why == Step::Reload {
            tracing::warn!(
                "the census is not explained by the changes: every row is verified again"
            );
        }
        let mut reload = state.follower.reload();
        let loaded = store
            .load_all(None, None, &mut |stored| reload.take(stored))
            .await;
        // Data keys may change again at once, and calls are refused once the feed has failed for long.
        if why == Step::Reload || loaded.is_err() {
            state.reloads.begin(self.clock.now(), RELOAD_PAUSE);
        }
        let reloaded = reload.end(loaded?);
        state.follower.end_reload(reloaded);
        state.copies.ask();
        Ok(())
    }

    /// Writes the snapshot if something has changed since the last one and it is not too soon.
    async fn copy(&self, store: &Store) {
        let begun = self.clock.now();
        if !self.state.lock().await.copies.take(begun) {
            return;
        }
        let written = store.write_snapshot(&self.snapshot);
        let written = tokio::time::timeout(COPY_PATIENCE, written).await;
        match &written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!("snapshot not written: {error}"),
            Err(_) => tracing::error!("snapshot not written: no answer within a minute"),
        }
        let now = self.clock.now();
        let pause = (now - begun) * COPY_PAUSE;
        let mut state = self.state.lock().await;
        state.copies.begin(now, pause);
        if !matches!(written, Ok(Ok(()))) {
            state.copies.ask();
        }
    }
}

/// Between two reloads that nothing explained.
const RELOAD_PAUSE: Duration = Duration::from_secs(10);
/// Writing snapshots takes at most one part in so many of the time.
const COPY_PAUSE: u32 = 20;
