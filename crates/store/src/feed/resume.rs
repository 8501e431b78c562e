//! A start from the snapshot. Reading and verifying every row of a large database takes seconds;
//! the snapshot holds the same rows, verified and sealed by us.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ironward_core::Clock;
use tokio::sync::mpsc;

use super::Feed;
use super::follower::{Follower, Step};
use crate::census::Census;
use crate::error::{LoadError, StoreError};
use crate::snapshot::{Earlier, SnapshotError, remove_unfinished};
use crate::store::Store;

/// What is left to be verified: the database, against the snapshot that the start was from.
pub(super) struct Unverified(Earlier);

/// With more changes than this since the snapshot, everything is read at once.
const MOST_CHANGES: u64 = 1_000;

/// Between two tries to verify.
const PAUSE: Duration = Duration::from_secs(1);

/// A finding is believed when it comes again: another process may be changing data keys.
const TRIES: u32 = 2;

impl Feed {
    /// Starts from the snapshot `earlier` and the changes since. Nothing is in force that we have
    /// not sealed ourselves or that the database's census does not vouch for, and nothing is
    /// missing of it: rows of the snapshot and changes have to add up to the census. The rows of
    /// the database that were not looked at for this are verified by [`Self::run`].
    ///
    /// `None` when it does not add up, or so much was written since that it would take longer: then
    /// everything has to be loaded, with a snapshot opened anew.
    ///
    /// # Errors
    /// When the database or the snapshot cannot be read.
    pub async fn resume(
        store: &Store,
        earlier: Earlier,
        snapshot: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<Self>, LoadError> {
        remove_unfinished(snapshot);
        let census = earlier.census();
        let now = store.census_now().await?;
        let is_near = now.is_some_and(|now| {
            let ahead = now.seq.checked_sub(census.seq);
            now.key == census.key && ahead.is_some_and(|ahead| ahead <= MOST_CHANGES)
        });
        if !is_near {
            return Ok(None);
        }
        let again = earlier.again()?;
        let Some(mut follower) = held(earlier).await? else {
            return Ok(None);
        };
        store.saw(census.seq);
        let begun = clock.now();
        let reading = store.reading(&[], census.seq).await;
        let reading = match reading {
            Err(LoadError::Census { .. } | LoadError::RolledBack { .. }) => return Ok(None),
            other => other?,
        };
        if follower.take(reading) != Step::Changed {
            return Ok(None);
        }
        let feed = Self::new(follower, snapshot, clock);
        feed.freshness.checked(begun);
        *feed.unverified.lock().await = Some(Unverified(again));
        Ok(Some(feed))
    }

    /// Verifies every row of the database, once, and writes a new snapshot meanwhile. Rows that are
    /// not Ironward's are no longer used after it.
    pub(super) async fn verify_rest(&self, store: &Store) -> Result<(), LoadError> {
        let unverified = self.unverified.lock().await.take();
        let Some(Unverified(earlier)) = unverified else {
            return Ok(());
        };
        let mut refusals = 0;
        loop {
            match store.verify_all(earlier.again()?, &self.snapshot).await {
                Ok(load) if load.tampering.is_empty() => return Ok(()),
                Ok(load) => return self.leave_out(store, load.tampering.len()).await,
                Err(LoadError::Store(error)) => {
                    tracing::warn!("the database is not verified yet: {error}");
                }
                Err(refused) => {
                    refusals += 1;
                    if refusals == TRIES {
                        return Err(refused);
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Takes `rows` rows that do not verify out of the directory, as a start that had looked at
    /// them first.
    async fn leave_out(&self, store: &Store, rows: usize) -> Result<(), LoadError> {
        tracing::error!(
            "{rows} rows of the database were not written by ironward as they are and are left out \
             from now on: ironward store status names them"
        );
        let mut state = self.state.lock().await;
        let now = self.clock.now();
        self.reload(&mut state, store, now, Step::Reload).await
    }
}

/// The objects of the snapshot; `None` when they are not all that its census tells of, because
/// some of the rows that it was written from were refused.
async fn held(mut earlier: Earlier) -> Result<Option<Follower>, LoadError> {
    let census = earlier.census();
    let (send, mut pages) = mpsc::channel(PAGES);
    // One page is read and verified while the one before goes into the directory.
    let reader = tokio::task::spawn_blocking(move || -> Result<(), SnapshotError> {
        loop {
            let page = earlier.next_objects(PAGE)?;
            if page.is_empty() || send.blocking_send(page).is_err() {
                return Ok(());
            }
        }
    });
    let mut follower = Follower::new();
    let mut found = Census::empty(census.key);
    while let Some(page) = pages.recv().await {
        for stored in page {
            found.replace(None, stored.mark);
            follower.load(stored);
        }
    }
    let read = reader.await;
    read.map_err(|_| StoreError::Failed("no thread to read the snapshot".into()))??;
    if (found.count, found.sum) != (census.count, census.sum) {
        return Ok(None);
    }
    follower.begin_at(census);
    Ok(Some(follower))
}

/// How many objects are read at a time, and how many times that may wait.
const PAGE: usize = 500;
const PAGES: usize = 4;
