use std::fmt;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use arc_swap::{ArcSwap, ArcSwapOption};
use ironward_core::{Clock, Random};
use ironward_secret::{DataKey, Keyring};

use crate::table;
use crate::{Context, Description, Kek, KekError, VaultError, WrappedKey, WrappedState};

/// The life of a keyring: it is unwrapped at the start, grows, changes its key-encryption key, and
/// lets old keys go.
///
/// Changes have two steps. The first makes a [`Change`]: what the stored table is to hold. When the
/// store has it, [`adopt`](Vault::adopt) puts it in force. A process that dies between the two, or
/// before the store has committed, leaves a table that opens.
pub struct Vault {
    state: ArcSwap<State>,
    alarm: ArcSwapOption<Alarm>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

struct State {
    kek: Arc<dyn Kek>,
    keyring: Arc<Keyring>,
    /// As they are stored, by version.
    keys: Vec<WrappedKey>,
}

/// A change of the keyring that is not in force yet.
pub struct Change {
    next: Arc<State>,
    /// What the change was made from.
    base: Arc<State>,
}

/// The key-encryption key does not answer. What is unwrapped goes on working.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Since when, in seconds since 1970.
    pub since: u64,
    /// Why, as it was last seen.
    pub reason: KekError,
}

/// The vault, for people: nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The key-encryption key.
    pub kek: Description,
    /// The data keys as they are stored, without what is in them.
    pub keys: Vec<KeyStatus>,
    /// Whether the key-encryption key answers.
    pub alarm: Option<Alarm>,
}

/// One data key, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyStatus {
    /// Its version.
    pub version: u32,
    /// What it is used for.
    pub state: WrappedState,
    /// When it was made, in seconds since 1970.
    pub made: u64,
}

impl Vault {
    /// A vault with its first data key, for an installation that has none. Its
    /// [`keys`](Self::keys) have to be stored before anything is sealed; when another node was
    /// faster, this one opens what that one stored.
    ///
    /// # Errors
    /// When the key-encryption key does not wrap.
    pub async fn create(
        kek: Arc<dyn Kek>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, VaultError> {
        let key = DataKey::draw(&|bytes| random.fill(bytes));
        let wrapped = WrappedKey {
            version: 1,
            kek: kek.describe().name().into(),
            state: WrappedState::Current,
            wrapped: wrap(&*kek, &key, 1).await?,
            made: seconds(&*clock),
        };
        let state = State {
            kek,
            keyring: Arc::new(Keyring::new(1, key)?),
            keys: vec![wrapped],
        };
        Ok(Self::with(state, clock, random))
    }

    /// Unwraps the stored keys.
    ///
    /// # Errors
    /// When the table contradicts itself, names another key-encryption key, or a key does not
    /// unwrap. The start ends there: without its keys a gateway can prove nothing.
    pub async fn open(
        kek: Arc<dyn Kek>,
        keys: Vec<WrappedKey>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, VaultError> {
        let keys = table::check(keys)?;
        let current = table::current(&keys)?;
        let key = unwrap(&*kek, current).await?;
        let mut keyring = Keyring::new(current.version, key)?;
        for old in keys.iter().filter(|key| key.state == WrappedState::Old) {
            keyring = keyring.with_old(old.version, unwrap(&*kek, old).await?)?;
        }
        let keyring = Arc::new(keyring);
        Ok(Self::with(State { kek, keyring, keys }, clock, random))
    }

    fn with(state: State, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            state: ArcSwap::from_pointee(state),
            alarm: ArcSwapOption::empty(),
            clock,
            random,
        }
    }

    /// The keyring in force: to open, to sign and to verify.
    #[must_use]
    pub fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.state.load().keyring)
    }

    /// The keyring in force: to seal what is new. What is sealed while the key-encryption key is
    /// gone might never be opened after a restart.
    ///
    /// # Errors
    /// While there is an alarm.
    pub fn keyring_to_seal(&self) -> Result<Arc<Keyring>, VaultError> {
        match self.alarm() {
            Some(alarm) => Err(VaultError::Alarm(alarm)),
            None => Ok(self.keyring()),
        }
    }

    /// The data keys as they are to be stored.
    #[must_use]
    pub fn keys(&self) -> Vec<WrappedKey> {
        self.state.load().keys.clone()
    }

    /// A new data key, which seals from now on; the one before becomes old.
    ///
    /// # Errors
    /// When the key-encryption key does not wrap.
    pub async fn advance(&self) -> Result<Change, VaultError> {
        let base = self.state.load_full();
        let version = base
            .keys
            .last()
            .and_then(|last| last.version.checked_add(1))
            .ok_or_else(|| VaultError::Table("there is no version left".into()))?;
        let key = DataKey::draw(&|bytes| self.random.fill(bytes));
        let wrapped = self.heed(wrap(&*base.kek, &key, version).await)?;
        let mut keys = base.keys.clone();
        for key in &mut keys {
            if key.state == WrappedState::Current {
                key.state = WrappedState::Old;
            }
        }
        keys.push(WrappedKey {
            version,
            kek: base.kek.describe().name().into(),
            state: WrappedState::Current,
            wrapped,
            made: seconds(&*self.clock),
        });
        let next = Arc::new(State {
            kek: Arc::clone(&base.kek),
            keyring: Arc::new(base.keyring.advance(version, key)?),
            keys,
        });
        Ok(Change { next, base })
    }

    /// The same data keys under another key-encryption key. The old one is not asked: this is also
    /// the way out when it is lost while the gateway runs.
    ///
    /// # Errors
    /// When the new key-encryption key does not wrap.
    pub async fn rotate_kek(&self, kek: Arc<dyn Kek>) -> Result<Change, VaultError> {
        let base = self.state.load_full();
        let name: Box<str> = kek.describe().name().into();
        let mut keys = base.keys.clone();
        for stored in &mut keys {
            // A retired key is not in memory, and nothing needs it.
            let Some(key) = base.keyring.data_key(stored.version) else {
                continue;
            };
            stored.wrapped = wrap(&*kek, key, stored.version).await?;
            stored.kek.clone_from(&name);
        }
        let next = Arc::new(State {
            kek,
            keyring: Arc::clone(&base.keyring),
            keys,
        });
        Ok(Change { next, base })
    }

    /// Lets an old data key go. The caller has made sure that nothing is sealed or signed under it.
    ///
    /// # Errors
    /// When it is the current one, or not there.
    pub fn retire(&self, version: u32) -> Result<Change, VaultError> {
        let base = self.state.load_full();
        let keyring = Arc::new(base.keyring.retire(version)?);
        let mut keys = base.keys.clone();
        for key in keys.iter_mut().filter(|key| key.version == version) {
            key.state = WrappedState::Retired;
        }
        let kek = Arc::clone(&base.kek);
        let next = Arc::new(State { kek, keyring, keys });
        Ok(Change { next, base })
    }

    /// Puts a change in force that the store has committed.
    ///
    /// # Errors
    /// When another change was put in force since this one was made.
    pub fn adopt(&self, change: Change) -> Result<(), VaultError> {
        let Change { next, base } = change;
        let is_other_kek = !Arc::ptr_eq(&next.kek, &base.kek);
        let found = self.state.compare_and_swap(&base, next);
        if !Arc::ptr_eq(&found, &base) {
            return Err(VaultError::Outdated);
        }
        if is_other_kek {
            // It has just wrapped every key.
            self.alarm.store(None);
        }
        Ok(())
    }

    /// Takes over what another node has stored. Keys that are in memory are not unwrapped again.
    ///
    /// # Errors
    /// When a new key does not unwrap; the keyring stays as it was, with an alarm.
    pub async fn follow(&self, keys: Vec<WrappedKey>) -> Result<(), VaultError> {
        let base = self.state.load_full();
        let keys = table::check(keys)?;
        if keys == base.keys {
            return Ok(());
        }
        let keyring = self.heed(follow(&base, &keys).await)?;
        let next = Arc::new(State {
            kek: Arc::clone(&base.kek),
            keyring,
            keys,
        });
        self.adopt(Change { next, base })
    }

    /// Asks the key-encryption key to unwrap the current data key: raises the alarm, or ends it.
    ///
    /// # Errors
    /// When it does not answer, or with another key than the one in force.
    pub async fn probe(&self) -> Result<(), VaultError> {
        let state = self.state.load_full();
        let current = table::current(&state.keys)?;
        let unwrapped = unwrap(&*state.kek, current).await;
        let key = self.heed(unwrapped)?;
        let known = state.keyring.data_key(current.version);
        if !known.is_some_and(|known| known.is_same(&key)) {
            let kek = state.kek.describe();
            let message = format!("{} unwrapped another data key than before", kek.place);
            let error = KekError::refused(message);
            return self.heed(Err(VaultError::kek("unwrapped", current.version, error)));
        }
        self.alarm.store(None);
        Ok(())
    }

    /// The alarm, while there is one.
    #[must_use]
    pub fn alarm(&self) -> Option<Alarm> {
        self.alarm.load().as_deref().cloned()
    }

    /// What there is to know, for people.
    #[must_use]
    pub fn status(&self) -> Status {
        let state = self.state.load();
        let keys = state.keys.iter().map(|key| KeyStatus {
            version: key.version,
            state: key.state,
            made: key.made,
        });
        Status {
            kek: state.kek.describe().clone(),
            keys: keys.collect(),
            alarm: self.alarm(),
        }
    }

    /// Raises the alarm when the key-encryption key failed.
    fn heed<T>(&self, result: Result<T, VaultError>) -> Result<T, VaultError> {
        if let Err(VaultError::Kek { error, .. }) = &result {
            let since = self.alarm().map(|alarm| alarm.since);
            self.alarm.store(Some(Arc::new(Alarm {
                since: since.unwrap_or_else(|| seconds(&*self.clock)),
                reason: error.clone(),
            })));
        }
        result
    }
}

impl Change {
    /// What the stored table is to hold, all of it, in one transaction.
    #[must_use]
    pub fn keys(&self) -> &[WrappedKey] {
        &self.next.keys
    }
}

/// The keyring of `base`, brought to the state of `keys`.
async fn follow(base: &State, keys: &[WrappedKey]) -> Result<Arc<Keyring>, VaultError> {
    let mut keyring = Arc::clone(&base.keyring);
    for key in keys.iter().filter(|key| key.state != WrappedState::Retired) {
        if keyring.data_key(key.version).is_none() {
            let unwrapped = unwrap(&*base.kek, key).await?;
            keyring = Arc::new(keyring.advance(key.version, unwrapped)?);
        }
    }
    for (version, _) in base.keyring.versions() {
        let stored = keys.iter().find(|key| key.version == version);
        if stored.is_none_or(|key| key.state == WrappedState::Retired) {
            keyring = Arc::new(keyring.retire(version)?);
        }
    }
    Ok(keyring)
}

async fn wrap(kek: &dyn Kek, key: &DataKey, version: u32) -> Result<Vec<u8>, VaultError> {
    let failed = |error| VaultError::kek("wrapped", version, error);
    let context = Context { version };
    let wrapped = kek.wrap(key, context).await.map_err(failed)?;
    // A key that wraps and does not unwrap would lose everything that is sealed from now on.
    let back = kek.unwrap(&wrapped, context).await.map_err(failed)?;
    if back.is_same(key) {
        return Ok(wrapped);
    }
    let message = format!(
        "{} gives another key back than it was given",
        kek.describe().place
    );
    Err(failed(KekError::refused(message)))
}

async fn unwrap(kek: &dyn Kek, key: &WrappedKey) -> Result<DataKey, VaultError> {
    let version = key.version;
    let name = kek.describe().name();
    if *key.kek != *name {
        let message = format!(
            "it is wrapped under {}, and the configuration names {name}: configure the former, or \
             let a node that has it run `ironward vault rotate-kek`",
            key.kek
        );
        let error = KekError::misconfigured(message);
        return Err(VaultError::kek("unwrapped", version, error));
    }
    kek.unwrap(&key.wrapped, Context { version })
        .await
        .map_err(|error| VaultError::kek("unwrapped", version, error))
}

fn seconds(clock: &dyn Clock) -> u64 {
    let since = clock.wall().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
