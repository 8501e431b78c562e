//! The sealed copy in the data directory.

use std::pin::Pin;
use std::sync::Arc;

use ironward_core::{Id, SystemClock};
use ironward_secret::Keyring;
use ironward_store::objects::Team;
use ironward_store::snapshot::{Snapshot, SnapshotError, SnapshotWriter};
use ironward_store::{Change, Feed, KeySource, LoadError, LockedStore, Store, WrappedKey, Wrong};
use ironward_testkit::{Postgres, SeededRandom};
use tempfile::TempDir;

use crate::fixture::{Base, Raw, data_key, keyring, over_postgres, over_sqlite, rotated, team};

#[test]
fn over_a_file() {
    over_sqlite(a_database_that_went_back_is_refused);
    over_sqlite(a_row_that_went_back_is_refused);
    over_sqlite(a_damaged_file_is_refused);
    over_sqlite(it_holds_what_a_start_takes_and_nothing_in_the_clear);
    over_sqlite(it_is_not_written_under_a_data_key_that_was_retired);
    over_sqlite(writers_at_once_leave_a_whole_one);
    over_sqlite(what_a_killed_writer_left_is_removed);
}

#[test]
fn over_a_server() {
    let server = Postgres::start();
    over_postgres(&server, a_database_that_went_back_is_refused);
    over_postgres(&server, a_row_that_went_back_is_refused);
    over_postgres(&server, a_damaged_file_is_refused);
    over_postgres(
        &server,
        it_holds_what_a_start_takes_and_nothing_in_the_clear,
    );
    over_postgres(&server, it_is_not_written_under_a_data_key_that_was_retired);
    over_postgres(&server, writers_at_once_leave_a_whole_one);
}

async fn create(store: &Store, id: &str) {
    store
        .write(&[Change::create(&Id::<Team>::new(id), &team("canary-alias"))])
        .await
        .unwrap();
}

/// The state of the database now, to put back later.
async fn keep(raw: &mut Raw) {
    raw.run("CREATE TABLE kept AS SELECT * FROM object", &[])
        .await;
    raw.run("CREATE TABLE kept_census AS SELECT * FROM census", &[])
        .await;
}

async fn put_back(raw: &mut Raw) {
    raw.run("DELETE FROM object", &[]).await;
    raw.run("INSERT INTO object SELECT * FROM kept", &[]).await;
    raw.run(
        "UPDATE census SET sealed = (SELECT sealed FROM kept_census)",
        &[],
    )
    .await;
}

async fn a_database_that_went_back_is_refused(base: Base) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("snapshot.sealed");
    let store = base.store().await;
    let mut raw = Raw::open(&base).await;
    create(&store, "a").await;
    keep(&mut raw).await;
    store
        .write(&[Change::delete(&Id::<Team>::new("a"), 1)])
        .await
        .unwrap();
    store.write_snapshot(&path).await.unwrap();
    put_back(&mut raw).await;

    let store = base.store().await;
    let refused = Feed::load(&store, &path, Arc::new(SystemClock))
        .await
        .err()
        .expect("older");
    assert!(
        matches!(
            refused,
            LoadError::RolledBack {
                snapshot: 2,
                found: 1
            }
        ),
        "{refused}"
    );
    let seq = Snapshot::open(&path)
        .unwrap()
        .unlock(Arc::new(keyring()))
        .unwrap()
        .seq();
    assert_eq!(store.accept(Some(seq)).await.unwrap(), []);
    store.write_snapshot(&path).await.unwrap();
    let (feed, _) = Feed::load(&store, &path, Arc::new(SystemClock))
        .await
        .unwrap();
    assert!(feed.directory().teams.find("a").is_some());
}

async fn a_row_that_went_back_is_refused(base: Base) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("snapshot.sealed");
    let store = base.store().await;
    let mut raw = Raw::open(&base).await;
    create(&store, "a").await;
    keep(&mut raw).await;
    store
        .write(&[Change::update(&Id::<Team>::new("a"), 1, &team("new"))])
        .await
        .unwrap();
    create(&store, "gone").await;
    store.write_snapshot(&path).await.unwrap();
    put_back(&mut raw).await;
    // A node that has seen nothing of it goes on, past what the snapshot knows.
    let store = base.store().await;
    for id in ["b", "c", "d", "e"] {
        create(&store, id).await;
    }
    let (feed, tampering) = Feed::load(&store, &path, Arc::new(SystemClock))
        .await
        .unwrap();
    let wrong: Vec<_> = tampering.iter().map(|one| (&*one.id, one.wrong)).collect();
    let expected = [
        (
            "a",
            Wrong::RolledBack {
                snapshot: 2,
                found: 1,
            },
        ),
        ("gone", Wrong::Missing { snapshot: 1 }),
    ];
    assert_eq!(wrong, expected);
    assert!(feed.directory().teams.find("a").is_none());
    assert_eq!(feed.directory().teams.len(), 4);
}

async fn writers_at_once_leave_a_whole_one(base: Base) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("snapshot.sealed");
    // A gateway, and a command of another process on the same data directory.
    let (one, other) = (Arc::new(base.store().await), base.store().await);
    for number in 0..50 {
        create(&one, &number.to_string()).await;
    }
    let writers = [Arc::clone(&one), one, Arc::new(other)];
    for _ in 0..50 {
        let tasks = writers.clone().map(|store| {
            let path = path.clone();
            tokio::spawn(async move { store.write_snapshot(&path).await })
        });
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let snapshot = Snapshot::open(&path).unwrap();
        let mut earlier = snapshot.unlock(Arc::new(keyring())).unwrap();
        let mut objects = 0;
        while earlier.next_object().unwrap().is_some() {
            objects += 1;
        }
        assert_eq!(objects, 50);
    }
    assert_eq!(names_in(&directory), ["snapshot.sealed"]);
}

async fn what_a_killed_writer_left_is_removed(base: Base) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("snapshot.sealed");
    let store = base.store().await;
    create(&store, "a").await;
    for left in ["snapshot.new", "snapshot.0f.new"] {
        std::fs::write(directory.path().join(left), "half").unwrap();
    }
    std::fs::write(directory.path().join("another.new"), "not ours").unwrap();
    Feed::load(&store, &path, Arc::new(SystemClock))
        .await
        .unwrap();
    assert_eq!(names_in(&directory), ["another.new", "snapshot.sealed"]);
    // One that is let go before its end removes its own.
    let keys = Arc::new(keyring());
    let random = Arc::new(SeededRandom::new(7));
    let writer = SnapshotWriter::create(&path, "other", &[], &[], keys, random).unwrap();
    assert_eq!(names_in(&directory).len(), 3);
    drop(writer);
    assert_eq!(names_in(&directory), ["another.new", "snapshot.sealed"]);
}

fn names_in(directory: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(directory.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

async fn a_damaged_file_is_refused(base: Base) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("snapshot.sealed");
    let store = base.store().await;
    for number in 0..50 {
        create(&store, &number.to_string()).await;
    }
    store.write_snapshot(&path).await.unwrap();
    let whole = std::fs::read(&path).unwrap();
    let header = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let cuts = (header..whole.len()).step_by(997).chain([whole.len() - 1]);
    let cut = cuts.map(|length| whole[..length].to_vec());
    let flips = (header..whole.len()).step_by(487);
    let flipped = flips.map(|place| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        bytes
    });
    for bytes in cut.chain(flipped) {
        std::fs::write(&path, bytes).unwrap();
        let outcome = Feed::load(&store, &path, Arc::new(SystemClock)).await.err();
        let unreadable = LoadError::Snapshot(SnapshotError::Unreadable(path.clone()));
        assert_eq!(
            outcome.map(|error| error.to_string()),
            Some(unreadable.to_string())
        );
    }
    let stranger = Keyring::new(1, data_key(9)).unwrap();
    std::fs::write(&path, whole).unwrap();
    assert!(
        Snapshot::open(&path)
            .unwrap()
            .unlock(Arc::new(stranger))
            .is_err()
    );
}

async fn it_holds_what_a_start_takes_and_nothing_in_the_clear(base: Base) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("snapshot.sealed");
    let locked = base.locked().await;
    let wrapped = WrappedKey {
        version: 1,
        kek: "file".to_owned(),
        state: "current".to_owned(),
        wrapped: vec![1, 2, 3],
        made: 5,
    };
    assert!(locked.create_wrapped_key(&wrapped).await.unwrap());
    assert!(
        !locked.create_wrapped_key(&wrapped).await.unwrap(),
        "another node was faster"
    );
    assert_eq!(
        locked
            .create_sealed_value("pepper", b"first")
            .await
            .unwrap(),
        b"first"
    );
    assert_eq!(
        locked
            .create_sealed_value("pepper", b"second")
            .await
            .unwrap(),
        b"first"
    );
    let store = base.store().await;
    create(&store, "canary-id").await;
    store.write_snapshot(&path).await.unwrap();
    let snapshot = Snapshot::open(&path).unwrap();
    assert_eq!(snapshot.wrapped_keys(), [wrapped]);
    assert_eq!(
        snapshot.sealed_values(),
        [("pepper".to_owned(), b"first".to_vec())]
    );
    let bytes = std::fs::read(&path).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("canary"), "{text}");
}

/// Another process has moved everything to data key 2 and retired the first, which this one does not
/// know yet: what is in the file has to open with the keys in its head.
async fn it_is_not_written_under_a_data_key_that_was_retired(base: Base) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("snapshot.sealed");
    let store = base.store().await;
    let locked = store.locked();
    for (version, state) in [(1, "retired"), (2, "current")] {
        let key = WrappedKey {
            version,
            kek: "file".to_owned(),
            state: state.to_owned(),
            wrapped: vec![1, 2, 3],
            made: 5,
        };
        assert!(locked.create_wrapped_key(&key).await.unwrap());
    }
    store.write_snapshot(&path).await.unwrap();
    assert!(matches!(
        Snapshot::open(&path),
        Err(SnapshotError::Missing(_))
    ));
    store.learn_keys_from(Arc::new(Rotated));
    store.write_snapshot(&path).await.unwrap();
    assert_eq!(store.keys().current_version(), 2);
    let current = Keyring::new(2, data_key(2)).unwrap();
    let snapshot = Snapshot::open(&path).unwrap();
    assert!(snapshot.unlock(Arc::new(current)).is_ok());
}

/// The data keys after the move.
struct Rotated;

impl KeySource for Rotated {
    fn refresh<'a>(
        &'a self,
        _: &'a LockedStore,
    ) -> Pin<Box<dyn Future<Output = Option<Arc<Keyring>>> + Send + 'a>> {
        Box::pin(async { Some(Arc::new(rotated())) })
    }
}
