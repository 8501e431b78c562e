//! Databases, a keyring and objects to test with.

use std::sync::Arc;

use ironward_core::{Id, Role, SystemClock};
use ironward_secret::{DataKey, KeyHash, Keyring, Secret};
use ironward_store::objects::{Key, KeySecret, Metadata, Origin, SecretForm, Team, User};
use ironward_store::{Load, LoadError, Location, LockedStore, Store, Stored};
use ironward_testkit::{Postgres, SeededRandom};
use tempfile::TempDir;

/// Where a case keeps its objects: a place of its own.
pub(crate) enum Base {
    Sqlite(TempDir),
    Postgres(String),
}

impl Base {
    pub(crate) fn location(&self) -> Location {
        match self {
            Self::Sqlite(directory) => Location::Sqlite(directory.path().join("ironward.db")),
            Self::Postgres(url) => Location::Postgres(Secret::new(url.as_bytes())),
        }
    }

    pub(crate) async fn locked(&self) -> LockedStore {
        LockedStore::open(&self.location(), &SystemClock, &SeededRandom::new(7))
            .await
            .expect("the database opens")
    }

    pub(crate) async fn store(&self) -> Store {
        self.store_with(Arc::new(keyring())).await
    }

    pub(crate) async fn store_with(&self, keys: Arc<Keyring>) -> Store {
        let random = Arc::new(SeededRandom::new(seed()));
        self.locked()
            .await
            .unlock(keys, random)
            .await
            .expect("the store unlocks")
    }
}

fn seed() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static SEEDS: AtomicU64 = AtomicU64::new(100);
    SEEDS.fetch_add(1, Ordering::Relaxed)
}

/// Runs a case over a new file.
pub(crate) fn over_sqlite<F: Future<Output = ()>>(case: impl FnOnce(Base) -> F) {
    run(case(Base::Sqlite(TempDir::new().expect("a directory"))));
}

/// Runs a case over a new database of this server.
pub(crate) fn over_postgres<F: Future<Output = ()>>(
    server: &Postgres,
    case: impl FnOnce(Base) -> F,
) {
    run(case(Base::Postgres(server.database())));
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// Data key 1 of every test.
pub(crate) fn keyring() -> Keyring {
    Keyring::new(1, data_key(1)).expect("a keyring")
}

/// With data key 2, which is the current one.
pub(crate) fn rotated() -> Keyring {
    keyring().advance(2, data_key(2)).expect("a newer key")
}

pub(crate) fn data_key(byte: u8) -> DataKey {
    DataKey::from_bytes(&[byte; 32]).expect("32 bytes")
}

/// Loads everything, without a snapshot.
pub(crate) async fn load(store: &Store) -> Result<(Load, Vec<Stored>), LoadError> {
    let mut rows = Vec::new();
    let load = store
        .load_all(None, None, &mut |stored| rows.push(stored))
        .await?;
    Ok((load, rows))
}

/// A key with the secret hash `[number; 32]`-like: its number in hex, padded.
pub(crate) fn key(number: u64) -> Key {
    Key {
        secrets: vec![secret(number)],
        alias: Some(format!("key {number}").into()),
        name: "sk-...abcd".into(),
        team: Some(Id::new("team")),
        ..Key::default()
    }
}

pub(crate) fn secret(number: u64) -> KeySecret {
    KeySecret {
        form: SecretForm::Presented,
        hash: format!("{number:064x}").into(),
        made: 1,
        until: None,
    }
}

pub(crate) fn user(email: &str) -> User {
    User {
        email: Some(email.into()),
        alias: None,
        role: Role::InternalUser,
        organisations: Vec::new(),
        grant: Default::default(),
        spending: Default::default(),
        sso_user_id: None,
        identities: Vec::new(),
        metadata: Metadata::new(),
        kept: Metadata::new(),
        origin: Origin::default(),
    }
}

pub(crate) fn team(alias: &str) -> Team {
    Team {
        alias: Some(alias.into()),
        ..Team::default()
    }
}

/// The database as somebody sees it who has nothing but the database.
pub(crate) enum Raw {
    Sqlite(sqlx::SqlitePool),
    Postgres(sqlx::PgPool),
}

/// Kind, id, version, change and body.
pub(crate) type RawRow = (String, Vec<u8>, i64, i64, Vec<u8>);

impl Raw {
    pub(crate) async fn open(base: &Base) -> Self {
        match base {
            Base::Sqlite(directory) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new()
                    .filename(directory.path().join("ironward.db"))
                    .foreign_keys(false);
                Self::Sqlite(
                    sqlx::SqlitePool::connect_with(options)
                        .await
                        .expect("it opens"),
                )
            }
            Base::Postgres(url) => {
                Self::Postgres(sqlx::PgPool::connect(url).await.expect("it opens"))
            }
        }
    }

    pub(crate) async fn run(&mut self, sql: &'static str, values: &[&[u8]]) -> u64 {
        match self {
            Self::Sqlite(pool) => {
                let query = values
                    .iter()
                    .fold(sqlx::query(sql), |query, value| query.bind(*value));
                query.execute(&*pool).await.expect(sql).rows_affected()
            }
            Self::Postgres(pool) => {
                let query = values
                    .iter()
                    .fold(sqlx::query(sql), |query, value| query.bind(*value));
                query.execute(&*pool).await.expect(sql).rows_affected()
            }
        }
    }

    pub(crate) async fn rows(&mut self) -> Vec<RawRow> {
        let sql = "SELECT kind, id, version, seq, body FROM object ORDER BY kind, id";
        match self {
            Self::Sqlite(pool) => sqlx::query_as(sql).fetch_all(&*pool).await.expect(sql),
            Self::Postgres(pool) => sqlx::query_as(sql).fetch_all(&*pool).await.expect(sql),
        }
    }
}

impl Raw {
    pub(crate) async fn uses(&mut self) -> Vec<(String, Vec<u8>, i64)> {
        let sql = "SELECT kind, id, used FROM last_use ORDER BY kind, id";
        match self {
            Self::Sqlite(pool) => sqlx::query_as(sql).fetch_all(&*pool).await.expect(sql),
            Self::Postgres(pool) => sqlx::query_as(sql).fetch_all(&*pool).await.expect(sql),
        }
    }
}

/// The hash of [`secret`]'s secret.
pub(crate) fn hash(number: u64) -> KeyHash {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    KeyHash::from_stored(bytes)
}
