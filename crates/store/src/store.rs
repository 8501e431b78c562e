use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::UNIX_EPOCH;

use arc_swap::ArcSwap;
use ironward_core::{Clock, Random};
use ironward_secret::{Keyring, Sealed};
use tokio::sync::Mutex;

use crate::census::Census;
use crate::database::{Access, Database, Location, Pool, Transaction, Value};
use crate::error::StoreError;
use crate::schema::{MIGRATIONS, migrate};
use crate::seal::key_version;
use crate::sql;

mod accept;
mod changes;
mod copy;
mod key_source;
mod listen;
mod load;
mod packed;
mod rewrap;
mod uses;
mod wrapped;
mod write;

pub(crate) use changes::{ChangedRow, Reading};
pub use key_source::KeySource;
pub(crate) use listen::Listener;
pub use load::Load;
pub use rewrap::Progress;
pub use wrapped::WrappedKey;
pub use write::Applied;

/// The database before there is a keyring: it holds the wrapped keys that make one.
pub struct LockedStore {
    database: Database,
    installation: Box<str>,
}

/// The database with the keyring that its rows are verified with.
pub struct Store {
    locked: LockedStore,
    keys: ArcSwap<Keyring>,
    /// Where a data key comes from that another node has made.
    key_source: OnceLock<Arc<dyn KeySource>>,
    random: Arc<dyn Random>,
    /// The last change that this process has seen: a database that knows less was rolled back.
    seen: AtomicU64,
    /// The last change that this process has tried to write: no number is used twice by it.
    tried: AtomicU64,
    /// Whose turn it is to write a snapshot.
    copies: Mutex<()>,
}

impl LockedStore {
    /// Opens the database, makes it when it is a file that is not there, and brings its schema up
    /// to date. Several processes may do so at once.
    ///
    /// # Errors
    /// When it cannot be reached, or a later version of Ironward has changed its schema.
    pub async fn open(
        location: &Location,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Self, StoreError> {
        Self::open_with(location, Pool::default(), clock, random).await
    }

    /// The same with so many connections.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with(
        location: &Location,
        pool: Pool,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Self, StoreError> {
        let database = Database::open(location, pool).await?;
        let mut id = [0; 16];
        random.fill(&mut id);
        let id = format!("{:032x}", u128::from_be_bytes(id));
        let now = clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        migrate(&database, MIGRATIONS, &id, now).await?;
        let mut transaction = database.begin(Access::Read).await?;
        let installation = transaction
            .first(sql::INSTALLATION, &[], |row| row.text(0))
            .await?
            .ok_or_else(|| StoreError::Failed("the installation has no id".into()))?;
        drop(transaction);
        Ok(Self {
            database,
            installation: installation.into(),
        })
    }

    /// The id of this installation: 32 hex digits, the same for all its nodes.
    #[must_use]
    pub const fn installation(&self) -> &str {
        &self.installation
    }

    /// The database of an installation that is known from a snapshot, while it cannot be reached.
    /// It is not looked at before it is used.
    ///
    /// # Errors
    /// When its address cannot be read.
    pub fn unreached(
        location: &Location,
        pool: Pool,
        installation: &str,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            database: Database::unreached(location, pool)?,
            installation: installation.into(),
        })
    }

    /// Takes the keyring for a database that cannot be reached now and that has been seen at the
    /// change `seen`: an older one is refused when it comes back.
    #[must_use]
    pub fn unlock_unreached(self, keys: Arc<Keyring>, random: Arc<dyn Random>, seen: u64) -> Store {
        let store = Store::new(self, keys, random);
        store.saw(seen);
        store
    }

    /// Takes the keyring. An empty database gets its first census.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn unlock(
        self,
        keys: Arc<Keyring>,
        random: Arc<dyn Random>,
    ) -> Result<Store, StoreError> {
        let store = Store::new(self, keys, random);
        store.begin_census().await?;
        Ok(store)
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

impl Store {
    fn new(locked: LockedStore, keys: Arc<Keyring>, random: Arc<dyn Random>) -> Self {
        Self {
            locked,
            keys: ArcSwap::new(keys),
            key_source: OnceLock::new(),
            random,
            seen: AtomicU64::new(0),
            tried: AtomicU64::new(0),
            copies: Mutex::new(()),
        }
    }

    /// The part of the database that needs no keyring.
    #[must_use]
    pub const fn locked(&self) -> &LockedStore {
        &self.locked
    }

    /// The keyring in use.
    #[must_use]
    pub fn keys(&self) -> Arc<Keyring> {
        self.keys.load_full()
    }

    /// Goes on with another keyring: one key more, or one less.
    pub fn change_keys(&self, keys: Arc<Keyring>) {
        self.keys.store(keys);
    }

    async fn begin(&self, access: Access) -> Result<Transaction, sqlx::Error> {
        self.locked.database.begin(access).await
    }

    /// A database without rows and without a census is a new one. One with rows is left as it is:
    /// loading it says what is wrong.
    async fn begin_census(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin(Access::Write).await?;
        let census = transaction
            .first(sql::CENSUS, &[], |row| row.bytes(0))
            .await?;
        let start = [Value::Text(""), Value::Bytes(&[]), Value::Int(1)];
        let has_rows = transaction.first(sql::PAGE, &start, |_| Ok(())).await?;
        if census.is_some() || has_rows.is_some() {
            return Ok(());
        }
        let census = self.seal(&Census::empty(self.keys().current_version()))?;
        transaction
            .execute(sql::CREATE_CENSUS, &[Value::Bytes(census.bytes())])
            .await?;
        Ok(transaction.commit().await?)
    }

    fn seal(&self, census: &Census) -> Result<Sealed, StoreError> {
        census.seal(&self.keys(), &self.locked.installation, &*self.random)
    }

    /// `None`: it is missing, or not Ironward's.
    fn open_census(&self, sealed: Option<&Vec<u8>>) -> Result<Option<Census>, StoreError> {
        let Some(sealed) = sealed else {
            return Ok(None);
        };
        let keys = self.keys();
        let version = key_version(sealed);
        if version != 0 && keys.data_key(version).is_none() {
            return Err(StoreError::UnknownKey(version));
        }
        Ok(Census::open(&keys, &self.locked.installation, sealed))
    }

    /// The census as it is now, without the rows that it tells of.
    pub(crate) async fn census_now(&self) -> Result<Option<Census>, StoreError> {
        let mut transaction = self.begin(Access::Read).await?;
        let sealed = transaction
            .first(sql::CENSUS, &[], |row| row.bytes(0))
            .await?;
        self.open_census(sealed.as_ref())
    }

    /// The last change that this process has seen. Whoever reads asks before the transaction begins:
    /// what is written meanwhile is later than the state that the transaction shows, and that is no
    /// roll-back.
    fn seen(&self) -> u64 {
        self.seen.load(Ordering::Acquire)
    }

    pub(crate) fn saw(&self, seq: u64) {
        self.seen.fetch_max(seq, Ordering::AcqRel);
    }
}

/// How many changed rows are read at a time.
const PAGE: usize = 1_000;

/// A number as the database keeps it. None that Ironward counts gets that far.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
