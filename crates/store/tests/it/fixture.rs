//! Databases, a keyring and objects to test with.

use std::sync::Arc;

use aws_lc_rs::{aead, hmac};
use ironward_core::{Id, Random as _, SystemClock};
use ironward_secret::Secret;
use ironward_store::objects::{Key, KeySecret, Owner, SecretForm, Team, User};
use ironward_store::{Authenticator, LockedStore, Mac, Place, Purpose, Store};
use ironward_testkit::{Postgres, SeededRandom};
use tempfile::TempDir;

/// Where a case keeps its objects: a place of its own.
pub enum Base {
    Sqlite(TempDir),
    Postgres(String),
}

impl Base {
    pub fn place(&self) -> Place {
        match self {
            Self::Sqlite(directory) => Place::Sqlite(directory.path().join("ironward.db")),
            Self::Postgres(url) => Place::Postgres(Secret::new(url.as_bytes())),
        }
    }

    pub async fn locked(&self) -> LockedStore {
        LockedStore::open(&self.place(), &SystemClock, &SeededRandom::new(7))
            .await
            .expect("the database opens")
    }

    pub async fn store(&self) -> Store {
        self.store_with(Arc::new(Keys::new(1))).await
    }

    pub async fn store_with(&self, keys: Arc<Keys>) -> Store {
        let random = Arc::new(SeededRandom::new(seed()));
        self.locked().await.unlock(keys, random).await.expect("the store unlocks")
    }
}

fn seed() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static SEEDS: AtomicU64 = AtomicU64::new(100);
    SEEDS.fetch_add(1, Ordering::Relaxed)
}

/// Runs a case over a new file.
pub fn over_sqlite<F: Future<Output = ()>>(case: impl FnOnce(Base) -> F) {
    run(case(Base::Sqlite(TempDir::new().expect("a directory"))));
}

/// Runs a case over a new database of this server.
pub fn over_postgres<F: Future<Output = ()>>(server: &Postgres, case: impl FnOnce(Base) -> F) {
    run(case(Base::Postgres(server.database())));
}

pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}
