use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ironward_core::{Random, SystemClock};
use ironward_secret::Keyring;
use ironward_store::{KeySource, LockedStore, WrappedKey as StoredKey};
use ironward_vault::{Kek, Vault, VaultError, WrappedKey, WrappedState};
use tokio::sync::Mutex;

use crate::exit::Failure;

/// The data keys of the installation, under whichever of its key-encryption keys wraps them.
pub(crate) struct DataKeys {
    /// The configured one, then the one before it.
    keks: Vec<Arc<dyn Kek>>,
    vault: ArcSwap<Vault>,
    random: Arc<dyn Random>,
    /// One change at a time.
    turn: Mutex<()>,
}

impl DataKeys {
    /// Unwraps the stored keys; makes the first one for an installation that has none.
    pub(crate) async fn open(
        keks: Vec<Arc<dyn Kek>>,
        store: &LockedStore,
        stored: Vec<StoredKey>,
        random: Arc<dyn Random>,
    ) -> Result<Self, Failure> {
        if !stored.is_empty() {
            return Self::unwrap(keks, stored, random).await;
        }
        let kek = first(&keks)?;
        let vault = Vault::create(kek, Arc::new(SystemClock), Arc::clone(&random)).await?;
        let mine: Vec<StoredKey> = vault.keys().iter().map(to_store).collect();
        if store.replace_wrapped_keys(&[], &mine).await? {
            return Ok(Self::with(keks, vault, random));
        }
        // Another node that started together with this one was faster.
        let stored = store.wrapped_keys().await?;
        Self::unwrap(keks, stored, random).await
    }

    /// Unwraps stored keys.
    pub(crate) async fn unwrap(
        keks: Vec<Arc<dyn Kek>>,
        stored: Vec<StoredKey>,
        random: Arc<dyn Random>,
    ) -> Result<Self, Failure> {
        let stored = stored
            .into_iter()
            .map(from_store)
            .collect::<Result<Vec<_>, _>>()?;
        let kek = chosen(&keks, &stored)?;
        let vault = Vault::open(kek, stored, Arc::new(SystemClock), Arc::clone(&random)).await?;
        Ok(Self::with(keks, vault, random))
    }

    fn with(keks: Vec<Arc<dyn Kek>>, vault: Vault, random: Arc<dyn Random>) -> Self {
        Self {
            keks,
            vault: ArcSwap::from_pointee(vault),
            random,
            turn: Mutex::new(()),
        }
    }

    /// The vault in force.
    pub(crate) fn vault(&self) -> Arc<Vault> {
        self.vault.load_full()
    }

    /// The data keys as the store and the snapshot hold them.
    pub(crate) fn stored(&self) -> Vec<StoredKey> {
        self.vault().keys().iter().map(to_store).collect()
    }

    /// The configured key-encryption key.
    pub(crate) fn configured(&self) -> Result<Arc<dyn Kek>, Failure> {
        first(&self.keks)
    }

    /// Whether the data keys are still wrapped under the key-encryption key before the configured
    /// one.
    pub(crate) fn is_under_previous(&self) -> bool {
        let name = self.vault().status().kek.name();
        self.keks
            .first()
            .is_some_and(|kek| kek.describe().name() != name)
    }

    /// Takes over the stored keys.
    pub(crate) async fn follow(&self, store: &LockedStore) -> Result<Arc<Keyring>, Failure> {
        let _turn = self.turn.lock().await;
        let stored = store.wrapped_keys().await?;
        let stored = stored
            .into_iter()
            .map(from_store)
            .collect::<Result<Vec<_>, _>>()?;
        let vault = self.vault();
        let kek = chosen(&self.keks, &stored)?;
        if kek.describe().name() == vault.status().kek.name() {
            vault.follow(stored).await?;
        } else {
            let clock = Arc::new(SystemClock);
            let opened = Vault::open(kek, stored, clock, Arc::clone(&self.random)).await?;
            self.vault.store(Arc::new(opened));
        }
        Ok(self.vault().keyring())
    }
}

impl KeySource for DataKeys {
    fn refresh<'a>(
        &'a self,
        store: &'a LockedStore,
    ) -> Pin<Box<dyn Future<Output = Option<Arc<Keyring>>> + Send + 'a>> {
        Box::pin(async move {
            let followed = self.follow(store).await;
            followed
                .inspect_err(|error| {
                    let text = format!("a new data key cannot be used: {error}");
                    ironward_telemetry::VaultNotice { text: &text }.emit_alarm();
                })
                .ok()
        })
    }
}

/// What the admin plane seals with: nothing while the key-encryption key does not answer.
impl ironward_admin::Sealing for DataKeys {
    fn keyring(&self) -> Result<Arc<Keyring>, String> {
        let keyring = self.vault().keyring_to_seal();
        keyring.map_err(|alarm| alarm.to_string())
    }

    fn lost_since(&self) -> Option<u64> {
        let alarm = self.vault().alarm()?;
        Some(alarm.since.saturating_mul(1000))
    }
}

fn first(keks: &[Arc<dyn Kek>]) -> Result<Arc<dyn Kek>, Failure> {
    let kek = keks.first().map(Arc::clone);
    kek.ok_or_else(|| Failure::Config("no key-encryption key is configured".to_owned()))
}

/// The key-encryption key that wraps every stored key; the configured one where none does, which
/// then says what is wrong.
fn chosen(keks: &[Arc<dyn Kek>], stored: &[WrappedKey]) -> Result<Arc<dyn Kek>, Failure> {
    let wraps_all = |kek: &&Arc<dyn Kek>| {
        let name = kek.describe().name();
        let mut used = stored
            .iter()
            .filter(|key| key.state != WrappedState::Retired);
        used.all(|key| *key.kek == *name)
    };
    let found = keks.iter().find(wraps_all).map(Arc::clone);
    found.map_or_else(|| first(keks), Ok)
}

/// As the store keeps it.
pub(crate) fn to_store(key: &WrappedKey) -> StoredKey {
    StoredKey {
        version: key.version,
        kek: key.kek.to_string(),
        state: key.state.as_str().to_owned(),
        wrapped: key.wrapped.clone(),
        made: key.made.saturating_mul(1000),
    }
}

fn from_store(key: StoredKey) -> Result<WrappedKey, VaultError> {
    let state = key.state.parse().map_err(|_| {
        let what = format!("data key {} is in no state that there is", key.version);
        VaultError::Table(what.into())
    })?;
    Ok(WrappedKey {
        version: key.version,
        kek: key.kek.into(),
        state,
        wrapped: key.wrapped,
        made: key.made / 1000,
    })
}
