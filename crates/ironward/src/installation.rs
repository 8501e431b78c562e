//! The installation that this node belongs to: its database, its data keys, and the few secrets
//! that all its nodes share.

use std::path::Path;
use std::sync::Arc;

use ironward_config::{Config, DatabaseUrl, Environment};
use ironward_core::{Random, SystemClock};
use ironward_egress::Settings;
use ironward_secret::{KeyHash, KeyHasher, Keyring, Secret};
use ironward_store::objects::Kind;
use ironward_store::snapshot::{Earlier, Snapshot, SnapshotError};
use ironward_store::{Feed, Location, LockedStore, Pool, Store, StoreError, Stored};
use ironward_telemetry::VaultNotice;
use ironward_vault::Kek;
use zeroize::Zeroizing;

use crate::data_dir::DataDir;
use crate::data_keys::DataKeys;
use crate::exit::Failure;
use crate::kek::KekOpener;
use crate::shared_secrets::SharedSecrets;

/// What opening an installation takes.
pub(crate) struct Opening<'a> {
    pub(crate) data_dir: &'a DataDir,
    pub(crate) config: &'a Config,
    pub(crate) environment: &'a dyn Environment,
    /// The file of the key-encryption key that the command line names.
    pub(crate) kek_file: Option<&'a Path>,
    /// The way out, for key management services.
    pub(crate) way_out: Settings,
    pub(crate) random: Arc<dyn Random>,
}

/// An installation with its keys in memory.
pub(crate) struct Installation {
    pub(crate) store: Arc<Store>,
    pub(crate) data_keys: Arc<DataKeys>,
    pub(crate) database: Database,
}

/// An installation that is about to serve.
pub(crate) struct Started {
    pub(crate) installation: Installation,
    pub(crate) feed: Arc<Feed>,
    pub(crate) hasher: KeyHasher,
    pub(crate) admin_key: Option<KeyHash>,
    /// The seed of the key that signs the journal.
    pub(crate) journal_seed: Zeroizing<[u8; 32]>,
    /// Whether the database was there.
    pub(crate) is_reached: bool,
}

/// Where the database is, and how it is connected to.
pub(crate) struct Database {
    location: Location,
    pool: Pool,
    /// A node that has a snapshot has had a database: a file that is gone is not made anew.
    snapshot: Box<Path>,
}

impl Database {
    fn new(config: &Config, data_dir: &DataDir) -> Self {
        let general = &config.general;
        let location = match &general.database_url {
            None => Location::Sqlite(data_dir.database()),
            Some(DatabaseUrl::Sqlite(path)) => Location::Sqlite(path.clone()),
            Some(DatabaseUrl::Postgres(url)) => {
                Location::Postgres(Secret::exact(url.expose().bytes()))
            }
        };
        // LiteLLM's defaults, but for its patience of a minute: a client that waits for a database
        // which is gone had better know soon.
        const CONNECTIONS: u32 = 10;
        const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
        Self {
            location,
            pool: Pool {
                connections: general
                    .database_connection_pool_limit
                    .unwrap_or(CONNECTIONS),
                patience: general.database_connection_timeout.unwrap_or(PATIENCE),
            },
            snapshot: data_dir.snapshot().into(),
        }
    }

    /// Connects, and brings the schema up to date.
    pub(crate) async fn open(&self, random: &dyn Random) -> Result<LockedStore, StoreError> {
        if let Location::Sqlite(path) = &self.location
            && !path.exists()
            && self.snapshot.exists()
        {
            let reason = format!(
                "the file is gone; to begin with an empty one remove {} as well",
                self.snapshot.display()
            );
            return Err(StoreError::Unreachable {
                place: path.display().to_string().into(),
                reason: reason.into(),
            });
        }
        LockedStore::open_with(&self.location, self.pool, &SystemClock, random).await
    }
}

impl Opening<'_> {
    /// Opens it; the database has to be there.
    pub(crate) async fn open(&self) -> Result<Installation, Failure> {
        let database = Database::new(self.config, self.data_dir);
        let locked = database.open(&*self.random).await?;
        self.unlock(database, locked).await
    }

    /// Opens it to serve: everything is verified and in memory. Without the database it starts from
    /// the snapshot.
    pub(crate) async fn start(&self) -> Result<Started, Failure> {
        let database = Database::new(self.config, self.data_dir);
        match database.open(&*self.random).await {
            Ok(locked) => {
                let installation = self.unlock(database, locked).await?;
                self.load(installation).await
            }
            Err(error @ (StoreError::Unreachable { .. } | StoreError::Locked)) => {
                self.start_from_snapshot(database, &error).await
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn unlock(
        &self,
        database: Database,
        locked: LockedStore,
    ) -> Result<Installation, Failure> {
        let stored = locked.wrapped_keys().await?;
        let keks = self.keks(stored.is_empty())?;
        let random = Arc::clone(&self.random);
        let data_keys = DataKeys::open(keks, &locked, stored, random).await?;
        let random = Arc::clone(&self.random);
        let store = locked.unlock(data_keys.vault().keyring(), random).await?;
        Ok(Installation::new(store, data_keys, database))
    }

    async fn load(&self, installation: Installation) -> Result<Started, Failure> {
        let store = &installation.store;
        let path = self.data_dir.snapshot();
        let feed = match self.resume(store).await? {
            Some(feed) => feed,
            None => self.load_all(store).await?,
        };
        let has_keys = !feed.directory().keys.is_empty();
        let secrets = SharedSecrets::of(store, Arc::clone(&self.random)).await?;
        let hasher = secrets.hasher(self.data_dir, has_keys).await?;
        let admin_key = secrets.admin_key(self.data_dir).await?;
        let (journal_seed, is_made) = secrets.journal_seed().await?;
        self.data_dir.remove_taken_over()?;
        if secrets.is_first_start() || is_made {
            // The one above was written before there was anything that opens it alone.
            store.write_snapshot(&path).await?;
        }
        Ok(Started {
            installation,
            feed: Arc::new(feed),
            hasher,
            admin_key,
            journal_seed,
            is_reached: true,
        })
    }

    /// Starts from the snapshot of the last run, where what was written since is all there.
    async fn resume(&self, store: &Store) -> Result<Option<Feed>, Failure> {
        let Some(earlier) = self.earlier(store).await? else {
            return Ok(None);
        };
        let path = self.data_dir.snapshot();
        Ok(Feed::resume(store, earlier, &path, Arc::new(SystemClock)).await?)
    }

    /// Starts with everything that the database has.
    async fn load_all(&self, store: &Store) -> Result<Feed, Failure> {
        let path = self.data_dir.snapshot();
        let earlier = self.earlier(store).await?;
        let clock = Arc::new(SystemClock);
        let (feed, tampering) = Feed::load_after(store, earlier, &path, clock).await?;
        if !tampering.is_empty() {
            let text = format!(
                "{} rows of the database were not written by ironward as they are and are left out: \
                 ironward store status names them",
                tampering.len()
            );
            VaultNotice { text: &text }.emit_alarm();
        }
        Ok(feed)
    }

    /// The snapshot of the last run. It may be under data keys that were retired since: those are
    /// still in its head.
    async fn earlier(&self, store: &Store) -> Result<Option<Earlier>, Failure> {
        let path = self.data_dir.snapshot();
        let open = || Snapshot::open(&path);
        let snapshot = match open() {
            Err(SnapshotError::Missing(_)) => return Ok(None),
            other => other?,
        };
        if snapshot.installation() != store.locked().installation() {
            return Err(Failure::Tampered(format!(
                "the database is not the one that this node had: the snapshot {0} is of another \
                 installation; bring the old database back, or remove {0} if this is meant",
                path.display()
            )));
        }
        let refused = match snapshot.unlock(store.keys()) {
            Ok(earlier) => return Ok(Some(earlier)),
            Err(refused) => refused,
        };
        let snapshot = open()?;
        let keys = self.keys_of(&snapshot).await.map_err(|locked| {
            Failure::Store(format!("{refused}; nor do the keys in it open: {locked}"))
        })?;
        Ok(Some(snapshot.unlock(keys)?))
    }

    async fn keys_of(&self, snapshot: &Snapshot) -> Result<Arc<Keyring>, Failure> {
        let (keks, random) = (self.keks(false)?, Arc::clone(&self.random));
        let keys = DataKeys::unwrap(keks, snapshot.wrapped_keys(), random).await?;
        Ok(keys.vault().keyring())
    }

    async fn start_from_snapshot(
        &self,
        database: Database,
        error: &StoreError,
    ) -> Result<Started, Failure> {
        let path = self.data_dir.snapshot();
        let snapshot = Snapshot::open(&path)
            .map_err(|missing| Failure::Store(format!("{error}; {missing}")))?;
        let (keks, random) = (self.keks(false)?, Arc::clone(&self.random));
        let data_keys = DataKeys::unwrap(keks, snapshot.wrapped_keys(), random).await;
        let data_keys = data_keys.map_err(|locked| {
            Failure::Store(format!("{error}; nor can the snapshot be used: {locked}"))
        })?;
        let keys = data_keys.vault().keyring();
        let id = snapshot.installation().to_owned();
        let sealed = snapshot.sealed_values();
        let earlier = snapshot.unlock(Arc::clone(&keys))?;
        let locked = LockedStore::unreached(&database.location, database.pool, &id)?;
        let store = locked.unlock_unreached(keys, Arc::clone(&self.random), earlier.seq());
        let feed = Feed::from_snapshot(earlier, &path, Arc::new(SystemClock))?;
        let installation = Installation::new(store, data_keys, database);
        let secrets =
            SharedSecrets::from_values(&installation.store, sealed, Arc::clone(&self.random));
        let text = format!(
            "{error}; starting from the snapshot {}: its keys are let in as they were, changes \
             wait until the database is back",
            path.display()
        );
        VaultNotice { text: &text }.emit_alarm();
        Ok(Started {
            feed: Arc::new(feed),
            hasher: secrets.kept_hasher()?,
            admin_key: secrets.kept_admin_key()?,
            journal_seed: secrets.kept_journal_seed()?,
            installation,
            is_reached: false,
        })
    }

    /// The configured key-encryption key, and the one before it.
    fn keks(&self, is_first_start: bool) -> Result<Vec<Arc<dyn Kek>>, Failure> {
        let opener = KekOpener {
            environment: self.environment,
            data_dir: self.data_dir.path(),
            file: self.kek_file,
            way_out: self.way_out.clone(),
            random: Arc::clone(&self.random),
        };
        let vault = &self.config.ironward.vault;
        let may_make = is_first_start || vault.previous.is_some();
        let mut keks = vec![opener.open(&vault.kek, may_make)?];
        if let Some(previous) = &vault.previous {
            match opener.open(previous, false) {
                Ok(kek) => keks.push(kek),
                Err(error) => {
                    let text = format!("ironward.vault.previous is not used: {error}");
                    VaultNotice { text: &text }.emit();
                }
            }
        }
        let warnings = keks.iter().filter_map(|kek| kek.describe().warning.clone());
        for warning in warnings {
            VaultNotice { text: &warning }.emit_alarm();
        }
        Ok(keks)
    }
}

impl Installation {
    fn new(store: Store, data_keys: DataKeys, database: Database) -> Self {
        let data_keys = Arc::new(data_keys);
        store.learn_keys_from(Arc::clone(&data_keys) as _);
        if data_keys.is_under_previous() {
            let text = "the data keys are still wrapped under ironward.vault.previous; \
                        run: ironward vault rotate-kek";
            VaultNotice { text }.emit();
        }
        Self {
            store: Arc::new(store),
            data_keys,
            database,
        }
    }

    /// Whether the database holds a client's key.
    pub(crate) async fn has_keys(&self) -> Result<bool, Failure> {
        let mut found = false;
        let mut look = |stored: Stored| found |= stored.kind == Kind::Key;
        self.store.load_all(None, None, &mut look).await?;
        Ok(found)
    }
}
