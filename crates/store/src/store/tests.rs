use std::sync::Arc;
use std::time::Duration;

use ironward_core::{Id, SystemClock};
use ironward_secret::{DataKey, Keyring};
use ironward_testkit::SeededRandom;
use sqlx::sqlite::SqliteConnectOptions;

use super::{LockedStore, Store};
use crate::change::Change;
use crate::database::{Access, Database, Location, sqlite_options, sqlite_pool};
use crate::error::{StoreError, WriteError};
use crate::objects::Team;

/// A store over a file whose connections are made with other options.
async fn store(
    directory: &tempfile::TempDir,
    change: impl FnOnce(SqliteConnectOptions) -> SqliteConnectOptions,
) -> Store {
    let path = directory.path().join("ironward.db");
    let random = Arc::new(SeededRandom::new(1));
    let location = Location::Sqlite(path.clone());
    let locked = LockedStore::open(&location, &SystemClock, &*random)
        .await
        .unwrap();
    locked.close().await;
    let options = change(sqlite_options(&path));
    let locked = LockedStore {
        database: Database::Sqlite(sqlite_pool(options, crate::Pool::default())),
        installation: locked.installation,
    };
    let keys = Keyring::new(1, DataKey::from_bytes(&[1; 32]).unwrap()).unwrap();
    let store = Store::new(locked, Arc::new(keys), random);
    store.begin_census().await.unwrap();
    store
}

fn team(id: &str, length: usize) -> Change {
    let team = Team {
        alias: Some("x".repeat(length).into()),
        ..Team::default()
    };
    Change::create(&Id::<Team>::new(id), &team)
}

#[tokio::test]
async fn a_full_disk_writes_nothing_and_says_so() {
    let directory = tempfile::TempDir::new().unwrap();
    let store = store(&directory, |options| options.pragma("max_page_count", "40")).await;
    store.write(&[team("small", 10)]).await.unwrap();
    let full = store
        .write(&[team("small 2", 10), team("large", 400_000)])
        .await
        .unwrap_err();
    assert!(
        matches!(full, WriteError::Store(StoreError::Full)),
        "{full}"
    );
    let mut ids = Vec::new();
    store
        .load_all(None, None, &mut |stored| ids.push(stored.id))
        .await
        .unwrap();
    assert_eq!(ids, ["small".into()]);
    store.write(&[team("small 2", 10)]).await.unwrap();
}

#[tokio::test]
async fn a_file_that_another_process_keeps_locked_is_named() {
    let directory = tempfile::TempDir::new().unwrap();
    let store = store(&directory, |options| options.busy_timeout(Duration::ZERO)).await;
    let other = store.begin(Access::Write).await.unwrap();
    let locked = store.write(&[team("a", 1)]).await.unwrap_err();
    assert!(
        matches!(locked, WriteError::Store(StoreError::Locked)),
        "{locked}"
    );
    // Readers are not in each other's way.
    store.load_all(None, None, &mut drop).await.unwrap();
    other.commit().await.unwrap();
    store.write(&[team("a", 1)]).await.unwrap();
}
