//! The database is down, goes away, or is not the one that was expected.

use std::sync::Arc;
use std::time::Duration;

use ironward_core::{Clock, Id, SystemClock};
use ironward_store::objects::{SecretForm, Team};
use ironward_store::snapshot::{self, Snapshot, SnapshotError};
use ironward_store::{Change, Feed, LoadError, LockedStore, StoreError};
use ironward_testkit::{FakeClock, Postgres, SeededRandom};

use crate::fixture::{Base, Raw, hash, key, keyring, over_postgres, over_sqlite, run, team};

#[test]
fn over_a_file() {
    over_sqlite(nodes_that_start_together_agree);
    over_sqlite(a_later_schema_is_refused);
}

#[test]
fn over_a_server() {
    let server = Postgres::start();
    over_postgres(&server, nodes_that_start_together_agree);
    over_postgres(&server, a_later_schema_is_refused);
}

async fn nodes_that_start_together_agree(base: Base) {
    let base = Arc::new(base);
    let nodes: Vec<_> = (0..8_u64)
        .map(|node| {
            let base = Arc::clone(&base);
            tokio::spawn(async move {
                let random = SeededRandom::new(node);
                let locked = LockedStore::open(&base.location(), &SystemClock, &random).await;
                let store = locked.unwrap();
                let id = store.installation().to_owned();
                let store = store
                    .unlock(Arc::new(keyring()), Arc::new(random))
                    .await
                    .unwrap();
                let own = Id::<Team>::new(&node.to_string());
                store
                    .write(&[Change::create(&own, &team("a"))])
                    .await
                    .unwrap();
                id
            })
        })
        .collect();
    let mut ids = Vec::new();
    for node in nodes {
        ids.push(node.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "all are nodes of one installation: {ids:?}");
    let (load, _) = crate::fixture::load(&base.store().await).await.unwrap();
    assert_eq!(load.rows, 8);
}

async fn a_later_schema_is_refused(base: Base) {
    base.locked().await.close().await;
    let mut raw = Raw::open(&base).await;
    raw.run("UPDATE schema_version SET version = 99", &[]).await;
    let refused = LockedStore::open(&base.location(), &SystemClock, &SeededRandom::new(1)).await;
    let refused = refused.err().expect("it is newer than this binary");
    assert!(
        matches!(
            refused,
            StoreError::Newer {
                found: 99,
                known: 2
            }
        ),
        "{refused}"
    );
    assert!(
        refused
            .to_string()
            .contains("start the version of ironward that wrote it")
    );
}

#[test]
fn a_server_that_goes_away_and_comes_back() {
    let mut server = Postgres::start();
    let base = Base::Postgres(server.database());
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join(snapshot::FILE);
    let clock = Arc::new(FakeClock::new());
    let limit = Duration::from_secs(10);

    // It is up: a key is made, and the snapshot is written with the load.
    let (store, feed) = run_on(&base, async |base: &Base| {
        let store = base.store().await;
        store
            .write(&[Change::create(&Id::new("k"), &key(1))])
            .await
            .unwrap();
        let (feed, _) = Feed::load(&store, &path, as_clock(&clock)).await.unwrap();
        (store, feed)
    });
    assert!(!feed.freshness().is_stale(limit));

    // It is gone: what is known is served until it is too old.
    server.stop();
    clock.advance(Duration::from_secs(9));
    let lost = run(feed.catch_up(&store)).expect_err("nobody answers");
    assert!(matches!(lost, LoadError::Store(_)), "{lost}");
    assert!(!feed.freshness().is_stale(limit));
    clock.advance(Duration::from_secs(2));
    assert!(feed.freshness().is_stale(limit));
    assert!(
        feed.directory()
            .key_by_secret(SecretForm::Presented, &hash(1))
            .is_some()
    );

    // A node that starts now has the snapshot, or nothing.
    let down = run(LockedStore::open(
        &base.location(),
        &SystemClock,
        &SeededRandom::new(1),
    ));
    let down = down.err().expect("it is down");
    assert!(matches!(down, StoreError::Unreachable { .. }), "{down}");
    assert!(!down.to_string().contains("postgres://"), "{down}");
    let none = Snapshot::open(&directory.path().join("none"))
        .err()
        .expect("there is none");
    assert!(matches!(none, SnapshotError::Missing(_)));
    let earlier = Snapshot::open(&path).unwrap();
    assert_eq!(earlier.installation().len(), 32);
    let earlier = earlier.unlock(Arc::new(keyring())).unwrap();
    let second = Feed::from_snapshot(earlier, &path, as_clock(&clock)).unwrap();
    assert!(
        second
            .directory()
            .key_by_secret(SecretForm::Presented, &hash(1))
            .is_some()
    );
    assert!(
        second
            .directory()
            .key_by_secret(SecretForm::Presented, &hash(2))
            .is_none()
    );
    assert_eq!(second.freshness().age(), None);

    // It is back: both follow again.
    server.run();
    run_on(&base, async |base: &Base| {
        let store = base.store().await;
        store
            .write(&[Change::create(&Id::new("l"), &key(2))])
            .await
            .unwrap();
        for feed in [&feed, &second] {
            feed.catch_up(&store).await.unwrap();
            assert!(!feed.freshness().is_stale(limit));
            assert!(
                feed.directory()
                    .key_by_secret(SecretForm::Presented, &hash(2))
                    .is_some()
            );
        }
    });
}

fn run_on<'b, T, F: Future<Output = T>>(base: &'b Base, case: impl FnOnce(&'b Base) -> F) -> T {
    run(case(base))
}

fn as_clock(clock: &Arc<FakeClock>) -> Arc<dyn Clock> {
    let clock: Arc<FakeClock> = Arc::clone(clock);
    clock
}
