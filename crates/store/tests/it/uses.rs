//! Last uses are kept, by several nodes, and decide nothing.

use std::sync::Arc;

use ironward_core::{Id, SystemClock};
use ironward_store::objects::{Credential, Key, Kind};
use ironward_store::{Change, Directory, Feed, Store};
use ironward_testkit::Postgres;
use tempfile::TempDir;

use crate::fixture::{Base, Raw, key, load, over_postgres, over_sqlite};

#[test]
fn over_a_file() {
    over_sqlite(what_was_used_is_known_after_a_restart);
    over_sqlite(several_nodes_keep_the_latest);
    over_sqlite(what_is_deleted_leaves_nothing);
    over_sqlite(keeping_is_no_change);
    over_sqlite(many_are_kept);
    over_sqlite(a_forged_row_is_a_last_use_and_nothing_else);
    over_sqlite(what_cannot_be_kept_is_kept_later);
}

#[test]
fn over_a_server() {
    let server = Postgres::start();
    over_postgres(&server, what_was_used_is_known_after_a_restart);
    over_postgres(&server, several_nodes_keep_the_latest);
    over_postgres(&server, what_is_deleted_leaves_nothing);
    over_postgres(&server, keeping_is_no_change);
    over_postgres(&server, many_are_kept);
    over_postgres(&server, a_forged_row_is_a_last_use_and_nothing_else);
    over_postgres(&server, what_cannot_be_kept_is_kept_later);
}

/// A node with what it holds.
struct Node {
    store: Store,
    feed: Feed,
    directory: Arc<Directory>,
    _own: TempDir,
}

impl Node {
    async fn start(base: &Base) -> Self {
        let (store, own) = (base.store().await, TempDir::new().unwrap());
        let path = own.path().join("snapshot.sealed");
        let loaded = Feed::load(&store, &path, Arc::new(SystemClock)).await;
        let feed = loaded.unwrap().0;
        Self {
            directory: feed.directory(),
            store,
            feed,
            _own: own,
        }
    }

    fn uses(&self, key: &str, second: u64) {
        let found = self.directory.keys.find(key).unwrap();
        found.object.last_use.note(second * 1_000);
    }

    fn sends(&self, credential: &str, second: u64) {
        let found = self.directory.credential_uses.of(credential).unwrap();
        found.note(second * 1_000);
    }

    async fn keeps(&self) -> usize {
        self.store.keep_uses(&self.directory).await.unwrap()
    }

    /// What it shows of a key, after a look at the store: in seconds.
    async fn shows(&self, key: &str) -> Option<u64> {
        let ids = [key];
        let read = self.store.read_uses(&self.directory, Kind::Key, &ids);
        read.await.unwrap();
        self.knows(key)
    }

    fn knows(&self, key: &str) -> Option<u64> {
        let found = self.directory.keys.find(key).unwrap();
        Some(found.object.last_use.at()? / 1_000)
    }
}

async fn make(base: &Base, ids: &[&str]) {
    let store = base.store().await;
    let keys = ids.iter().zip(1..);
    let changes = keys.map(|(id, number)| Change::create(&Id::<Key>::new(id), &key(number)));
    let changes: Vec<_> = changes.collect();
    store.write(&changes).await.unwrap();
    store.locked().close().await;
}

/// Every row as whoever has the database sees it.
async fn rows(base: &Base) -> Vec<(String, Vec<u8>, i64)> {
    Raw::open(base).await.uses().await
}

async fn what_was_used_is_known_after_a_restart(base: Base) {
    make(&base, &["a", "b'\"\u{0}ü"]).await;
    let node = Node::start(&base).await;
    let named = Id::<Credential>::new("c");
    let change = Change::create(&named, &Credential::default());
    node.store.write(&[change]).await.unwrap();
    node.feed.catch_up(&node.store).await.unwrap();
    node.uses("b'\"\u{0}ü", 70);
    node.sends("c", 80);
    assert_eq!(node.keeps().await, 2);
    assert_eq!(node.keeps().await, 0, "nothing new");
    // A kind, an id and a second: nothing else is written.
    let expected = [
        ("credential".to_owned(), b"c".to_vec(), 80),
        ("key".to_owned(), "b'\"\u{0}ü".as_bytes().to_vec(), 70),
    ];
    assert_eq!(rows(&base).await, expected);

    let again = Node::start(&base).await;
    assert_eq!(again.knows("b'\"\u{0}ü"), None);
    again.store.read_all_uses(&again.directory).await.unwrap();
    assert_eq!(again.knows("b'\"\u{0}ü"), Some(70));
    assert_eq!(again.knows("a"), None, "one that was never used");
    let credential = again.directory.credential_uses.of("c").unwrap();
    assert_eq!(credential.at(), Some(80_000));
    assert_eq!(again.keeps().await, 0, "what was read is not written");
}

async fn several_nodes_keep_the_latest(base: Base) {
    make(&base, &["a", "b"]).await;
    let (one, other) = (Node::start(&base).await, Node::start(&base).await);
    // The other one's clock is behind.
    one.uses("a", 100);
    other.uses("a", 90);
    one.uses("b", 100);
    other.uses("b", 110);
    assert_eq!((one.keeps().await, other.keeps().await), (2, 2));
    let seconds: Vec<_> = rows(&base).await.iter().map(|row| row.2).collect();
    assert_eq!(seconds, [100, 110]);
    for node in [&one, &other] {
        assert_eq!(node.shows("a").await, Some(100));
        assert_eq!(node.shows("b").await, Some(110));
    }
}

async fn what_is_deleted_leaves_nothing(base: Base) {
    make(&base, &["a", "b"]).await;
    let (node, late) = (Node::start(&base).await, Node::start(&base).await);
    node.uses("a", 70);
    node.uses("b", 70);
    node.keeps().await;
    let gone = Change::delete(&Id::<Key>::new("a"), 1);
    node.store.write(&[gone]).await.unwrap();
    // One that has not heard of it yet.
    late.uses("a", 80);
    late.keeps().await;
    assert_eq!(rows(&base).await, [("key".into(), b"b".to_vec(), 70)]);
}

async fn keeping_is_no_change(base: Base) {
    make(&base, &["a"]).await;
    let node = Node::start(&base).await;
    node.feed.catch_up(&node.store).await.unwrap();
    let mut changes = node.directory.changes();
    changes.mark_unchanged();
    let held = node.directory.keys.find("a").unwrap();
    node.uses("a", 70);
    assert_eq!(node.keeps().await, 1);
    node.feed.catch_up(&node.store).await.unwrap();
    assert!(!changes.has_changed().unwrap() && held.is_current());
    assert_eq!(load(&node.store).await.unwrap().0.rows, 1);
}

async fn many_are_kept(base: Base) {
    let ids: Vec<String> = (0..1_200).map(|number| format!("k{number}")).collect();
    make(&base, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (one, other) = (Node::start(&base).await, Node::start(&base).await);
    for (id, second) in ids.iter().zip(1..) {
        one.uses(id, second);
        other.uses(id, second + 1);
    }
    // Neither waits for the other for ever.
    let kept = tokio::join!(one.keeps(), other.keeps());
    assert_eq!(kept, (1_200, 1_200));
    let again = Node::start(&base).await;
    again.store.read_all_uses(&again.directory).await.unwrap();
    for (id, second) in ids.iter().zip(1..) {
        assert_eq!(again.knows(id), Some(second + 1));
    }
}

async fn a_forged_row_is_a_last_use_and_nothing_else(base: Base) {
    make(&base, &["a"]).await;
    let forge = "INSERT INTO last_use (kind, id, used) VALUES ('key', $1, 7), ('team', $1, 7), \
                 ('none', $1, 7), ('credential', $1, -1)";
    Raw::open(&base).await.run(forge, &[b"a"]).await;
    let odd = "INSERT INTO last_use (kind, id, used) VALUES ('key', $1, 7)";
    Raw::open(&base).await.run(odd, &[&[0xff, 0xfe]]).await;
    let node = Node::start(&base).await;
    node.store.read_all_uses(&node.directory).await.unwrap();
    assert_eq!(node.knows("a"), Some(7));
    assert_eq!(load(&node.store).await.unwrap().0.tampering, []);
}

async fn what_cannot_be_kept_is_kept_later(base: Base) {
    make(&base, &["a"]).await;
    let node = Node::start(&base).await;
    node.uses("a", 70);
    let mut raw = Raw::open(&base).await;
    raw.run("ALTER TABLE last_use RENAME TO elsewhere", &[])
        .await;
    assert!(node.store.keep_uses(&node.directory).await.is_err());
    node.uses("a", 71);
    raw.run("ALTER TABLE elsewhere RENAME TO last_use", &[])
        .await;
    assert_eq!(node.keeps().await, 1);
    assert_eq!(rows(&base).await, [("key".into(), b"a".to_vec(), 71)]);
}
