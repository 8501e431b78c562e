//! A start from the snapshot and the changes since, with the database behind it verified later.

use std::path::PathBuf;
use std::sync::Arc;

use ironward_core::{Id, SystemClock};
use ironward_store::objects::Team;
use ironward_store::snapshot::Snapshot;
use ironward_store::{Change, Feed, LoadError, Store};
use ironward_testkit::Postgres;
use tempfile::TempDir;

use crate::fixture::{Base, Raw, over_postgres, over_sqlite, rotated, team};

#[test]
fn over_a_file() {
    over_sqlite(it_has_what_a_load_has);
    over_sqlite(what_does_not_add_up_is_loaded_whole);
    over_sqlite(after_many_changes_everything_is_loaded);
    over_sqlite(after_a_rotation_everything_is_loaded);
    over_sqlite(a_snapshot_that_lacks_rows_is_not_enough);
    over_sqlite(an_edited_row_was_never_in_force_and_is_left_out_later);
    over_sqlite(missing_rows_end_it);
}

#[test]
fn over_a_server() {
    let server = Postgres::start();
    over_postgres(&server, it_has_what_a_load_has);
    over_postgres(&server, what_does_not_add_up_is_loaded_whole);
    over_postgres(&server, after_a_rotation_everything_is_loaded);
    over_postgres(&server, a_snapshot_that_lacks_rows_is_not_enough);
    over_postgres(
        &server,
        an_edited_row_was_never_in_force_and_is_left_out_later,
    );
    over_postgres(&server, missing_rows_end_it);
}

/// A data directory beside a database with the teams `0` to `9`, of which `9` is deleted.
struct Node {
    _directory: TempDir,
    path: PathBuf,
}

impl Node {
    async fn new(store: &Store) -> Self {
        for number in 0..10 {
            create(store, &number.to_string()).await;
        }
        let deleted = Change::delete(&Id::<Team>::new("9"), 1);
        store.write(&[deleted]).await.unwrap();
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("snapshot.sealed");
        store.write_snapshot(&path).await.unwrap();
        Self {
            _directory: directory,
            path,
        }
    }

    async fn resume(&self, store: &Store) -> Option<Feed> {
        let snapshot = Snapshot::open(&self.path).unwrap();
        let earlier = snapshot.unlock(store.keys()).unwrap();
        Feed::resume(store, earlier, &self.path, Arc::new(SystemClock))
            .await
            .unwrap()
    }
}

async fn create(store: &Store, id: &str) {
    let created = Change::create(&Id::<Team>::new(id), &team(id));
    store.write(&[created]).await.unwrap();
}

async fn rename(store: &Store, id: &str, alias: &str) {
    let update = Change::update(&Id::<Team>::new(id), 1, &team(alias));
    store.write(&[update]).await.unwrap();
}

/// Ids and aliases of the teams in force.
fn teams(feed: &Feed) -> Vec<(String, String)> {
    let directory = feed.directory();
    let teams = directory.teams.iter().map(|team| {
        let alias = team.object.alias.as_deref().unwrap_or_default();
        (team.id.as_str().to_owned(), alias.to_owned())
    });
    let mut teams: Vec<_> = teams.collect();
    teams.sort();
    teams
}

async fn it_has_what_a_load_has(base: Base) {
    let node = Node::new(&base.store().await).await;
    let store = base.store().await;
    assert_eq!(teams(&node.resume(&store).await.unwrap()).len(), 9);
    // While this node was away one was renamed, one was deleted, one came and one came back.
    rename(&store, "0", "new").await;
    let deleted = Change::delete(&Id::<Team>::new("1"), 1);
    store.write(&[deleted]).await.unwrap();
    create(&store, "later").await;
    create(&store, "9").await;

    let store = base.store().await;
    let resumed = node.resume(&store).await.unwrap();
    let snapshot = &node.path;
    let (loaded, _) = Feed::load(&store, snapshot, Arc::new(SystemClock))
        .await
        .unwrap();
    assert_eq!(teams(&resumed), teams(&loaded));
    assert_eq!(teams(&resumed).len(), 10);
    assert!(resumed.freshness().age().is_some());
    // It goes on from there.
    create(&store, "after").await;
    resumed.catch_up(&store).await.unwrap();
    assert_eq!(teams(&resumed).len(), 11);
}

async fn what_does_not_add_up_is_loaded_whole(base: Base) {
    let node = Node::new(&base.store().await).await;
    let store = base.store().await;
    let mut raw = Raw::open(&base).await;
    rename(&store, "0", "blocked").await;
    create(&store, "later").await;
    // Somebody takes the changes since away, so that what was in force before would be again.
    raw.run(
        "CREATE TABLE kept AS SELECT * FROM object WHERE seq > 11",
        &[],
    )
    .await;
    for hidden in [
        "DELETE FROM object WHERE seq = 12",
        "DELETE FROM object WHERE seq = 13",
    ] {
        raw.run(hidden, &[]).await;
        let store = base.store().await;
        assert!(node.resume(&store).await.is_none(), "{hidden}");
    }
    raw.run("INSERT INTO object SELECT * FROM kept", &[]).await;
    assert!(node.resume(&base.store().await).await.is_some());
    // Or forges one of them.
    raw.run("UPDATE object SET version = 7 WHERE seq = 12", &[])
        .await;
    assert!(node.resume(&base.store().await).await.is_none());
    // Or brings the database of before back.
    raw.run("UPDATE object SET version = 2 WHERE seq = 12", &[])
        .await;
    assert!(node.resume(&base.store().await).await.is_some());
    raw.run("CREATE TABLE kept_census AS SELECT * FROM census", &[])
        .await;
    let store = base.store().await;
    create(&store, "last").await;
    store.write_snapshot(&node.path).await.unwrap();
    let older = "UPDATE census SET sealed = (SELECT sealed FROM kept_census)";
    raw.run(older, &[]).await;
    let store = base.store().await;
    assert!(node.resume(&store).await.is_none());
    let refused = Feed::load(&store, &node.path, Arc::new(SystemClock)).await;
    let refused = refused.err().expect("it went back");
    assert!(matches!(refused, LoadError::RolledBack { .. }), "{refused}");
}

async fn after_many_changes_everything_is_loaded(base: Base) {
    let node = Node::new(&base.store().await).await;
    let store = base.store().await;
    for page in 0..10 {
        let changes: Vec<_> = (0..100)
            .map(|number| {
                let id = format!("{page}-{number}");
                Change::create(&Id::<Team>::new(&id), &team(&id))
            })
            .collect();
        store.write(&changes).await.unwrap();
    }
    assert_eq!(
        teams(&node.resume(&base.store().await).await.unwrap()).len(),
        1009
    );
    create(&store, "one more").await;
    assert!(node.resume(&base.store().await).await.is_none());
}

async fn after_a_rotation_everything_is_loaded(base: Base) {
    let node = Node::new(&base.store().await).await;
    let store = base.store_with(Arc::new(rotated())).await;
    create(&store, "later").await;
    assert!(node.resume(&store).await.is_some());
    // Its marks are under another data key now: they cannot be compared with those of before.
    store.rewrap_census().await.unwrap();
    assert!(node.resume(&store).await.is_none());
}

async fn a_snapshot_that_lacks_rows_is_not_enough(base: Base) {
    let node = Node::new(&base.store().await).await;
    let mut raw = Raw::open(&base).await;
    raw.run("UPDATE object SET body = mac WHERE seq = 3", &[])
        .await;
    let store = base.store().await;
    store.write_snapshot(&node.path).await.unwrap();
    assert!(node.resume(&store).await.is_none());
}

async fn an_edited_row_was_never_in_force_and_is_left_out_later(base: Base) {
    let node = Node::new(&base.store().await).await;
    let mut raw = Raw::open(&base).await;
    let edit = "UPDATE object SET body = (SELECT body FROM object WHERE seq = 4) WHERE seq = 3";
    raw.run(edit, &[]).await;
    let store = base.store().await;
    let feed = node.resume(&store).await.unwrap();
    let two = ("2".to_owned(), "2".to_owned());
    assert!(teams(&feed).contains(&two), "as it was sealed");
    let mut changes = feed.directory().changes();
    changes.borrow_and_update();
    tokio::select! {
        refused = feed.run(&store) => panic!("{refused}"),
        changed = changes.changed() => changed.unwrap(),
    }
    assert!(!teams(&feed).contains(&two));
    assert_eq!(teams(&feed).len(), 8);
}

async fn missing_rows_end_it(base: Base) {
    let node = Node::new(&base.store().await).await;
    let mut raw = Raw::open(&base).await;
    raw.run("DELETE FROM object WHERE seq = 3", &[]).await;
    let store = base.store().await;
    let feed = node.resume(&store).await.unwrap();
    assert_eq!(teams(&feed).len(), 9);
    let refused = feed.run(&store).await;
    assert!(
        matches!(
            refused,
            LoadError::Census {
                expected: Some(10),
                found: 9
            }
        ),
        "{refused}"
    );
}
