use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use arc_swap::ArcSwap;
use axum::http::{HeaderName, StatusCode};
use ironward_catalogue::PriceList;
use ironward_core::{Clock, Failures, Id, Principal, Random};
use ironward_identity::Keyless;
use ironward_policy::{Explanation, KeyBounds, KeyLife};
use ironward_secret::{KeyHash, KeyHasher, KeyId, Keyring};
use ironward_store::objects::{Account, Kind, Metadata};
use ironward_store::{Change, Directory, Feed, Store, StoreError, WriteError};
use ironward_telemetry::Metrics;
use tokio::sync::{Mutex, MutexGuard};

use crate::acts::Acts;
use crate::fault::Refusal;
use crate::health::Condition;
use crate::login::Login;
use crate::models::ConfiguredModel;
use crate::permit::Permit;

/// What the admin plane works with.
pub struct Plane {
    /// What the gateway says of itself.
    pub condition: Arc<dyn Condition>,
    /// What would become of calls.
    pub calls: Arc<dyn Calls>,
    /// Where acts are recorded.
    pub acts: Arc<dyn Acts>,
    /// Where objects are written.
    pub store: Arc<Store>,
    /// What new secrets are sealed with.
    pub sealing: Arc<dyn Sealing>,
    /// What is known of them.
    pub feed: Arc<Feed>,
    /// The wrong keys of each address, counted together with those of the data path.
    pub failures: Arc<Failures>,
    /// Who may come without a key.
    pub keyless: Arc<Keyless<Account>>,
    /// Who may log in; `None`: nobody.
    pub login: Option<Arc<Login>>,
    /// Makes the hash of a presented key.
    pub hasher: Arc<KeyHasher>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, the operating system's: it makes keys.
    pub random: Arc<dyn Random>,
    /// What was counted.
    pub metrics: Arc<Metrics>,
    /// What the configuration says, swapped whole.
    pub settings: ArcSwap<Settings>,
    /// One change at a time on this node: what is checked before a change still holds when it is
    /// written. Changes by other nodes are noticed by the versions of the objects.
    pub turn: Mutex<()>,
}

/// The data path, asked what would become of a call.
pub trait Calls: Send + Sync {
    /// What would; `None`: there is no such key.
    fn explain(&self, ask: &Ask<'_>) -> Option<Explanation>;

    /// How many calls run now.
    fn running(&self) -> usize;
}

/// A chat call that might be made.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The id of the key.
    pub key: &'a str,
    /// The model, as a client would write it.
    pub model: &'a str,
    /// The address that it would come from; `None`: rules about addresses are left out.
    pub source: Option<IpAddr>,
    /// When, in milliseconds since 1970.
    pub now: u64,
}

/// What new secrets are sealed with.
pub trait Sealing: Send + Sync {
    /// The keyring to seal with now.
    ///
    /// # Errors
    /// Why nothing may be sealed now, for people: what is sealed while the key-encryption key is
    /// gone might never be opened after a restart.
    fn keyring(&self) -> Result<Arc<Keyring>, String>;

    /// Since when the key-encryption key does not answer, in milliseconds since 1970.
    fn lost_since(&self) -> Option<u64>;
}

/// What the configuration says to the admin plane.
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the configuration, each on its own"
)]
#[derive(Clone)]
pub struct Settings {
    /// The admin key and the master key, which are kept outside the store.
    pub administrators: HashMap<KeyHash, Arc<Principal>>,
    /// The one header that keys are read from, where the operator set it.
    pub key_header: Option<HeaderName>,
    /// How long keys live and overlap.
    pub key_life: KeyLife,
    /// What a new key gets where the request does not say it.
    pub key_defaults: Metadata,
    /// What a new user gets where the request does not say it.
    pub user_defaults: Metadata,
    /// The most that a key may be given, whoever makes it.
    pub key_bounds: KeyBounds,
    /// Whether a key may be one that somebody thought up.
    pub takes_chosen_keys: bool,
    /// The deployments of the configuration, which no request changes.
    pub models: Vec<ConfiguredModel>,
    /// What prices come from, but for the deployments' own.
    pub prices: PriceList,
    /// Whether the data port answers the management routes too.
    pub on_data_port: bool,
    /// Whether the admin listener shows metrics without a key.
    pub open_metrics: bool,
    /// Whether deployments of the database are used.
    pub stores_models: bool,
    /// The providers whose key the gateway has in its own environment.
    pub keyed_providers: Vec<&'static str>,
    /// Where the secrets of stored credentials and deployments are sent.
    pub sites: Sites,
}

/// The scheme, host and port that the secrets of an object may be sent to, by its kind and id.
pub type Sites = HashMap<(Kind, Box<str>), BTreeSet<Box<str>>>;

/// How long an answer waits for what other nodes know of last uses.
const USES_PATIENCE: Duration = Duration::from_secs(1);

/// A node that has not heard from the store for so long knows of no revocation since.
const STALE: Duration = Duration::from_secs(10);

impl Plane {
    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.feed.directory()
    }

    /// Whether what is known of keys may be out of date.
    pub(crate) fn is_stale(&self) -> bool {
        self.feed.freshness().is_stale(STALE)
    }

    /// Counts what was answered as a wrong key; after too many from one address it is told to wait.
    pub(crate) fn count_wrong_key(&self, refusal: Refusal, source: Option<IpAddr>) -> Refusal {
        let is_wrong_key = refusal.status() == StatusCode::UNAUTHORIZED;
        let source = source.filter(|_| is_wrong_key);
        let pause = source.and_then(|source| self.failures.record(source, self.now()));
        pause.map_or(refusal, Refusal::too_many_wrong_keys)
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        let since = self
            .clock
            .wall()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// Random bytes.
    pub(crate) fn draw<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }

    /// The id of a new object.
    pub(crate) fn new_id<T>(&self) -> Id<T> {
        Id::new(KeyId::from_random(&self.draw()).as_str())
    }

    /// The turn to check and write.
    pub(crate) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Looks up when these objects were used last on any node. While the store does not answer, what
    /// this node knows of it has to do: nothing is decided by it.
    pub(crate) async fn read_uses(&self, kind: Kind, ids: &[&str]) {
        if ids.is_empty() || self.is_stale() {
            return;
        }
        let directory = self.directory();
        let read = self.store.read_uses(&directory, kind, ids);
        let outcome = tokio::time::timeout(USES_PATIENCE, read).await;
        if let Ok(Err(error)) = outcome {
            let what = "last uses are shown as this node knows them";
            ironward_telemetry::StoreFailed {
                what,
                error: &error,
            }
            .emit();
        }
    }

    /// Writes changes, all of them or none; when it returns, this node answers by them.
    pub(crate) async fn write(&self, permit: &Permit, changes: &[Change]) -> Result<(), Refusal> {
        self.store
            .write(changes)
            .await
            .map_err(|error| refuse(&error))?;
        permit.note(changes);
        // The change is made. A node that cannot read it back now will within a second, or say
        // that it is cut off.
        if let Err(error) = self.feed.catch_up(&self.store).await {
            ironward_telemetry::StoreFailed {
                what: "a change was written and cannot be read back yet",
                error: &error,
            }
            .emit();
        }
        Ok(())
    }
}

fn refuse(error: &WriteError) -> Refusal {
    match error {
        WriteError::Conflict { kind, .. } => Refusal::conflict(format!(
            "this {} was changed by somebody else at the same time; read it again and repeat",
            kind.as_str()
        )),
        WriteError::Taken { kind, what, .. } => Refusal::bad_request(format!(
            "this {} cannot be written: another one has the same {what}",
            kind.as_str()
        )),
        WriteError::Id { .. } | WriteError::Body { .. } => Refusal::bad_request(error.to_string()),
        WriteError::Store(
            StoreError::Unreachable { .. } | StoreError::Locked | StoreError::Full,
        ) => {
            log(error);
            Refusal::unavailable("the store cannot be written to now; nothing was changed")
        }
        WriteError::Tampering(_) | WriteError::Census | WriteError::Store(_) => {
            log(error);
            Refusal::internal()
        }
    }
}

fn log(error: &WriteError) {
    ironward_telemetry::StoreFailed {
        what: "a change was not written",
        error,
    }
    .emit();
}
