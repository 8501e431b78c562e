//! What the store says about who may do what, kept current while the gateway runs.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use ironward_admin::Sealing as _;
use ironward_core::Random;
use ironward_proxy::Keys;
use ironward_secret::{KeyHash, KeyHasher};
use ironward_store::{Feed, Store};
use ironward_telemetry::{Metrics, VaultNotice};
use tokio::sync::{Notify, watch};
use tokio::time::MissedTickBehavior;
use zeroize::Zeroizing;

use crate::assemble::{Foundation, Made, StoredModels};
use crate::data_keys::DataKeys;
use crate::exit::Failure;
use crate::installation::{Database, Installation, Started};
use crate::last_uses;
use crate::shared_secrets::{SharedSecrets, is_retired};

/// How old the directory may be: after that, nobody can tell which keys were revoked.
pub(crate) const STALE: Duration = Duration::from_secs(10);

/// How often data keys and the admin key are looked at.
const KEYS_EVERY: Duration = Duration::from_secs(2);
/// How often the key-encryption key is asked whether it still answers: the longest that secrets are
/// sealed after it is gone. A service that counts requests counts 260,000 a month.
const PROBE_EVERY: Duration = Duration::from_secs(10);
/// How often it is asked while it does not.
const RETRY_EVERY: Duration = Duration::from_secs(2);
/// How often a database that was not there at the start is tried.
const REACH_EVERY: Duration = Duration::from_secs(1);

/// The store with what is known of it.
pub(crate) struct Authority {
    pub(crate) store: Arc<Store>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) hasher: Arc<KeyHasher>,
    pub(crate) data_keys: Arc<DataKeys>,
    /// The seed of the key that signs the journal.
    pub(crate) journal_seed: Zeroizing<[u8; 32]>,
    admin_key: ArcSwapOption<KeyHash>,
    database: Database,
    snapshot: Box<std::path::Path>,
    random: Arc<dyn Random>,
    /// Something that snapshots are made of has changed.
    changed: Notify,
}

impl Authority {
    /// Takes an installation that is about to serve, and says whether its database was there.
    pub(crate) fn new(
        started: Started,
        snapshot: Box<std::path::Path>,
        random: Arc<dyn Random>,
    ) -> (Self, bool) {
        let Started {
            installation,
            feed,
            hasher,
            admin_key,
            journal_seed,
            is_reached,
        } = started;
        let Installation {
            store,
            data_keys,
            database,
        } = installation;
        let authority = Self {
            store,
            feed,
            hasher: Arc::new(hasher),
            journal_seed,
            data_keys,
            admin_key: ArcSwapOption::from_pointee(admin_key),
            database,
            snapshot,
            random,
            changed: Notify::new(),
        };
        (authority, is_reached)
    }

    /// Returns when another snapshot is to be made.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Whether there is an admin key, or is to be none.
    pub(crate) fn has_admin_key(&self) -> bool {
        self.admin_key.load().is_some()
    }

    /// Whether there was one, and there is to be none any more.
    pub(crate) fn is_admin_key_retired(&self) -> bool {
        self.admin_key.load().as_deref().is_some_and(is_retired)
    }

    /// Lets this admin key in, without keeping it.
    pub(crate) fn let_in(&self, hash: KeyHash) {
        self.admin_key.store(Some(Arc::new(hash)));
    }

    /// Keeps the first admin key of an installation; `false` when another node was faster.
    pub(crate) async fn keep_first_admin_key(&self, hash: &KeyHash) -> Result<bool, Failure> {
        let secrets = SharedSecrets::of(&self.store, Arc::clone(&self.random)).await?;
        let kept = secrets.keep_first_admin_key(hash).await?;
        let is_ours = kept == *hash;
        if !is_ours {
            self.let_in(kept);
            self.changed.notify_one();
        }
        self.copy().await;
        Ok(is_ours)
    }

    /// Keeps each login of an administrator that `logins` tells, for as long as it is polled: it is what
    /// lets the admin key be retired. One that cannot be kept now is tried again.
    pub(crate) async fn keep_logins(&self, mut logins: watch::Receiver<Option<KeyHash>>) {
        let mut is_failing = false;
        while logins.changed().await.is_ok() {
            loop {
                let login = *logins.borrow_and_update();
                let Some(login) = login else { break };
                let Err(error) = self.keep_login(&login).await else {
                    is_failing = false;
                    break;
                };
                if !std::mem::replace(&mut is_failing, true) {
                    let text = format!(
                        "that an administrator has logged in is not kept yet, and until then the \
                         admin key cannot be retired for it: {error}"
                    );
                    VaultNotice { text: &text }.emit();
                }
                tokio::time::sleep(PROBE_EVERY).await;
            }
        }
    }

    async fn keep_login(&self, login: &KeyHash) -> Result<(), Failure> {
        // Sealed under a key that is gone, it would keep the next start from opening it.
        self.data_keys.keyring().map_err(Failure::Store)?;
        let secrets = SharedSecrets::of(&self.store, Arc::clone(&self.random)).await?;
        secrets.keep_login(login).await
    }

    /// The keys that are let in besides those of the directory.
    pub(crate) fn keys(&self, foundation: &Foundation) -> Keys {
        let admin_key = self.admin_key.load();
        let admin_key = admin_key.as_deref().filter(|hash| !is_retired(hash));
        foundation.keys(&self.hasher, admin_key)
    }

    /// A snapshot of the configuration and the database.
    pub(crate) fn snapshot(&self, foundation: &Foundation, metrics: &Metrics) -> Made {
        let stored = if foundation.config.general.store_model_in_db {
            let installation = self.store.locked().installation();
            StoredModels::read(&self.feed.directory(), &self.store.keys(), installation)
        } else {
            StoredModels::default()
        };
        foundation.snapshot(self.keys(foundation), stored, metrics)
    }

    /// Follows the store for as long as it is polled, or until its rows are found not to be those
    /// that were left there. `is_reached`: the database was there at the start.
    pub(crate) async fn follow(&self, is_reached: bool) -> Failure {
        if !is_reached {
            self.reach().await;
        }
        let directory = self.feed.directory();
        let others = async {
            tokio::join!(
                self.follow_keys(),
                self.follow_deployments(),
                last_uses::follow(&self.store, &directory),
                self.probe()
            )
        };
        tokio::select! {
            refused = self.feed.run(&self.store) => refused.into(),
            (never, ..) = others => match never {},
        }
    }

    /// Waits for a database that was not there at the start.
    async fn reach(&self) {
        let mut tick = tokio::time::interval(REACH_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_other = false;
        loop {
            tick.tick().await;
            let Ok(found) = self.database.open(&*self.random).await else {
                continue;
            };
            let is_ours = found.installation() == self.store.locked().installation();
            found.close().await;
            if is_ours {
                return;
            }
            if !std::mem::replace(&mut is_other, true) {
                let text = "the database that is there now is of another installation: bring the \
                            old one back";
                VaultNotice { text }.emit_alarm();
            }
        }
    }

    /// Takes over data keys and the admin key that other processes have changed.
    #[expect(
        clippy::infinite_loop,
        reason = "it goes on until whoever awaits it lets it go"
    )]
    async fn follow_keys(&self) -> Infallible {
        let mut tick = tokio::time::interval(KEYS_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut copied = self.data_keys.stored();
        loop {
            tick.tick().await;
            // What fails here the feed says as well: the database is gone, or was tampered with.
            if let Ok(keys) = self.data_keys.follow(self.store.locked()).await {
                self.store.change_keys(keys);
            }
            // A start without the database may be one without the key-encryption key of before.
            let stored = self.data_keys.stored();
            if stored != copied {
                self.copy().await;
                copied = stored;
            }
            let random = Arc::clone(&self.random);
            if let Ok(secrets) = SharedSecrets::of(&self.store, random).await
                && let Ok(Some(kept)) = secrets.kept_admin_key()
                && self.admin_key.load().as_deref() != Some(&kept)
            {
                self.let_in(kept);
                self.changed.notify_one();
                self.copy().await;
                let text = if is_retired(&kept) {
                    "the admin key was retired: nobody is let in by one any more"
                } else {
                    "the admin key was replaced: the one before is not let in any more"
                };
                VaultNotice { text }.emit();
            }
        }
    }

    /// Tells when a stored deployment or credential has changed.
    async fn follow_deployments(&self) {
        let directory = self.feed.directory();
        let mut changes = directory.changes();
        let state = || {
            let deployments = directory.deployments.iter();
            let deployments = deployments.map(|entry| (entry.id.as_str().to_owned(), entry.seq));
            let credentials = directory.credentials.iter();
            let credentials = credentials.map(|entry| (entry.id.as_str().to_owned(), entry.seq));
            let mut all: Vec<_> = deployments.chain(credentials).collect();
            all.sort_unstable();
            all
        };
        // What has changed since the first snapshot was made is seen by the first comparison.
        let mut known = Vec::new();
        loop {
            let now = state();
            if now != known {
                known = now;
                self.changed.notify_one();
            }
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Asks the key-encryption key now and then, and says when it stops or starts to answer.
    #[expect(
        clippy::infinite_loop,
        reason = "it goes on until whoever awaits it lets it go"
    )]
    async fn probe(&self) -> Infallible {
        // The start has just asked it.
        let mut is_lost = false;
        loop {
            let pause = if is_lost { RETRY_EVERY } else { PROBE_EVERY };
            tokio::time::sleep(pause).await;
            let outcome = self.data_keys.vault().probe().await;
            match &outcome {
                Err(error) if !is_lost => {
                    let text = format!(
                        "{error}; the gateway goes on with the keys in memory, seals no new secret, \
                         and would not start again"
                    );
                    VaultNotice { text: &text }.emit_alarm();
                }
                Ok(()) if is_lost => {
                    let text = "the key-encryption key answers again: new secrets are sealed";
                    VaultNotice { text }.emit();
                }
                _ => {}
            }
            is_lost = outcome.is_err();
        }
    }

    /// Keeps what was noted last, and closes the database, so that its file is whole by itself.
    pub(crate) async fn close(&self) {
        last_uses::keep_at_end(&self.store, &self.feed.directory()).await;
        const PATIENCE: Duration = Duration::from_secs(2);
        let closed = tokio::time::timeout(PATIENCE, self.store.locked().close()).await;
        if closed.is_err() {
            let text = "the database did not close in time; nothing is lost by that";
            VaultNotice { text }.emit();
        }
    }

    /// Writes the sealed copy for a start without the database.
    async fn copy(&self) {
        if let Err(error) = self.store.write_snapshot(&self.snapshot).await {
            let text = format!("the snapshot could not be written: {error}");
            VaultNotice { text: &text }.emit();
        }
    }
}
