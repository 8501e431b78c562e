use std::sync::Arc;

use ironward_core::Random;
use ironward_secret::{KeyHash, KeyHasher, Keyring, Place, Purpose, Sealed, Secret};
use ironward_store::{Store, StoreError};
use zeroize::Zeroizing;

use crate::data_dir::DataDir;
use crate::exit::Failure;

/// Under which keys are hashed. It never changes: nobody has the keys to hash them again.
const PEPPER: &str = "key-pepper";
/// The hash of the admin key.
const ADMIN_KEY: &str = "admin-key";

/// The hash of the last login of an administrator.
const LOGIN: &str = "administrator-login";

/// What the journals of all nodes are signed with.
const JOURNAL: &str = "journal-key";

/// What stands in the place of the hash of an admin key that was retired: no key has it.
const RETIRED: [u8; 32] = [0; 32];

/// Whether this is no admin key's hash, but says that there is to be none.
pub(crate) fn is_retired(hash: &KeyHash) -> bool {
    *hash.bytes() == RETIRED
}

/// The secrets that all nodes of an installation share, sealed in the database.
pub(crate) struct SharedSecrets<'a> {
    store: &'a Store,
    values: Vec<(String, Vec<u8>)>,
    random: Arc<dyn Random>,
}

impl<'a> SharedSecrets<'a> {
    /// As the database has them.
    pub(crate) async fn of(store: &'a Store, random: Arc<dyn Random>) -> Result<Self, StoreError> {
        let values = store.locked().sealed_values().await?;
        Ok(Self::from_values(store, values, random))
    }

    /// As a snapshot has them.
    pub(crate) const fn from_values(
        store: &'a Store,
        values: Vec<(String, Vec<u8>)>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            store,
            values,
            random,
        }
    }

    /// Whether there was none yet.
    pub(crate) const fn is_first_start(&self) -> bool {
        self.values.is_empty()
    }

    /// The hasher; its pepper is made on the first start, or taken over from a data directory of the
    /// first version. `has_keys`: there are keys that were hashed under one.
    pub(crate) async fn hasher(
        &self,
        data_dir: &DataDir,
        has_keys: bool,
    ) -> Result<KeyHasher, Failure> {
        let old = data_dir.old_pepper()?;
        let kept = match self.find(PEPPER)? {
            Some(kept) => kept,
            None if has_keys => {
                return Err(Failure::Tampered(
                    "the database has keys and lacks the secret that they were hashed under: bring \
                     the table 'sealed' back from a backup"
                        .to_owned(),
                ));
            }
            None => {
                let pepper = old.clone().unwrap_or_else(|| self.draw());
                self.keep(PEPPER, &pepper).await?
            }
        };
        if old.is_some_and(|old| old != kept) {
            return Err(Failure::Config(format!(
                "the admin key in the data directory {0} is not known to the installation of this \
                 database: to join it and use its admin key, remove key-pepper and admin-key.hash \
                 from {0}",
                data_dir.path().display()
            )));
        }
        Ok(KeyHasher::new(&kept))
    }

    /// The hash of the admin key, if there is one; taken over from a data directory of the first
    /// version.
    pub(crate) async fn admin_key(&self, data_dir: &DataDir) -> Result<Option<KeyHash>, Failure> {
        let kept = match (self.find(ADMIN_KEY)?, data_dir.old_admin_key()?) {
            (None, Some(old)) => Some(self.keep(ADMIN_KEY, &old).await?),
            (kept, _) => kept,
        };
        Ok(kept.map(|hash| KeyHash::from_stored(*hash)))
    }

    /// The seed of the key that signs journals, and whether it was made now.
    pub(crate) async fn journal_seed(&self) -> Result<(Zeroizing<[u8; 32]>, bool), Failure> {
        match self.find(JOURNAL)? {
            Some(kept) => Ok((kept, false)),
            None => Ok((self.keep(JOURNAL, &self.draw()).await?, true)),
        }
    }

    /// The seed of the key that signs journals, where nothing may be made.
    pub(crate) fn kept_journal_seed(&self) -> Result<Zeroizing<[u8; 32]>, Failure> {
        self.find(JOURNAL)?.ok_or_else(|| {
            Failure::Store(
                "the snapshot lacks the key that the journal is signed with: it was written by an \
                 earlier version; start with the database"
                    .to_owned(),
            )
        })
    }

    /// The hasher, where nothing may be made.
    pub(crate) fn kept_hasher(&self) -> Result<KeyHasher, Failure> {
        let pepper = self.find(PEPPER)?.ok_or_else(|| {
            Failure::Store(
                "the snapshot lacks the secret that keys are hashed under: it was written before the \
                 first start was over; start with the database"
                    .to_owned(),
            )
        })?;
        Ok(KeyHasher::new(&pepper))
    }

    /// The hash of the admin key, if there is one.
    pub(crate) fn kept_admin_key(&self) -> Result<Option<KeyHash>, Failure> {
        let kept = self.find(ADMIN_KEY)?;
        Ok(kept.map(|hash| KeyHash::from_stored(*hash)))
    }

    /// Lets in whoever has the key of this hash, unless there is an admin key already; which one
    /// counts.
    pub(crate) async fn keep_first_admin_key(&self, hash: &KeyHash) -> Result<KeyHash, Failure> {
        let kept = self.keep(ADMIN_KEY, hash.bytes()).await?;
        Ok(KeyHash::from_stored(*kept))
    }

    /// Lets in whoever has the key of this hash, in place of any older one.
    pub(crate) async fn replace_admin_key(&self, hash: &KeyHash) -> Result<(), Failure> {
        self.replace(ADMIN_KEY, hash).await
    }

    /// Lets nobody in by an admin key, and keeps the next start from making one.
    pub(crate) async fn retire_admin_key(&self) -> Result<(), Failure> {
        self.replace_admin_key(&KeyHash::from_stored(RETIRED)).await
    }

    /// Keeps that this was the last login of an administrator.
    pub(crate) async fn keep_login(&self, hash: &KeyHash) -> Result<(), Failure> {
        if self.login()? == Some(*hash) {
            return Ok(());
        }
        self.replace(LOGIN, hash).await
    }

    /// The hash of the last login of an administrator, if there was one.
    pub(crate) fn login(&self) -> Result<Option<KeyHash>, Failure> {
        let kept = self.find(LOGIN)?;
        Ok(kept.map(|hash| KeyHash::from_stored(*hash)))
    }

    /// Keeps a hash, in place of any older one.
    async fn replace(&self, name: &str, hash: &KeyHash) -> Result<(), Failure> {
        self.keep(name, hash.bytes()).await?;
        let sealed = self.seal(name, hash.bytes())?;
        let locked = self.store.locked();
        Ok(locked.update_sealed_value(name, sealed.bytes()).await?)
    }

    /// Seals every value that is under the data key `version` or an older one under the current one.
    pub(crate) async fn reseal(&self, version: u32) -> Result<u64, Failure> {
        let mut moved = 0;
        for (name, value) in &self.values {
            let old = Sealed::from_bytes(value.as_slice()).map_err(|_| not_ours(name))?;
            if old.key_version() > version {
                continue;
            }
            let plain = self.open(name, value)?;
            let sealed = self.seal(name, &plain)?;
            let locked = self.store.locked();
            // One that was replaced meanwhile is under a key of its writer's choice: as long as that
            // is the old one, the old one is not retired.
            let is_moved = locked
                .replace_sealed_value(name, value, sealed.bytes())
                .await?;
            moved += u64::from(is_moved);
        }
        Ok(moved)
    }

    fn draw(&self) -> Zeroizing<[u8; 32]> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.random.fill(&mut *bytes);
        bytes
    }

    fn find(&self, name: &str) -> Result<Option<Zeroizing<[u8; 32]>>, Failure> {
        let found = self.values.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| self.open(name, value)).transpose()
    }

    /// Keeps a value unless there is one; the one that counts.
    async fn keep(&self, name: &str, value: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, Failure> {
        let sealed = self.seal(name, value)?;
        let locked = self.store.locked();
        let kept = locked.create_sealed_value(name, sealed.bytes()).await?;
        self.open(name, &kept)
    }

    fn seal(&self, name: &str, value: &[u8; 32]) -> Result<Sealed, Failure> {
        let fill = |bytes: &mut [u8]| self.random.fill(bytes);
        let place = self.place(name);
        self.keys()
            .seal(purpose(name), &place, &Secret::exact(value), &fill)
            .map_err(|error| Failure::Store(error.to_string()))
    }

    fn open(&self, name: &str, value: &[u8]) -> Result<Zeroizing<[u8; 32]>, Failure> {
        let sealed = Sealed::from_bytes(value).map_err(|_| not_ours(name))?;
        let opened = self
            .keys()
            .open(purpose(name), &self.place(name), &sealed)
            .map_err(|_| not_ours(name))?;
        let exposed = opened.expose();
        let bytes = exposed.bytes().try_into().map_err(|_| not_ours(name))?;
        Ok(Zeroizing::new(bytes))
    }

    fn keys(&self) -> Arc<Keyring> {
        self.store.keys()
    }

    fn place<'p>(&'p self, name: &'p str) -> Place<'p> {
        Place {
            tenant: self.store.locked().installation(),
            table: "sealed",
            row: name,
            field: "",
            version: 0,
        }
    }
}

fn purpose(name: &str) -> Purpose {
    if name == PEPPER {
        Purpose::KeyPepper
    } else {
        Purpose::Seal
    }
}

fn not_ours(name: &str) -> Failure {
    Failure::Tampered(format!(
        "the value '{name}' in the table 'sealed' was not written by ironward as it is: bring it \
         back from a backup"
    ))
}
