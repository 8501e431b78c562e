use ironward_core::Id;
use ironward_store::objects::{Content, Key, Kind, Team, User};
use ironward_store::{Change, MAX_ID, WriteError};
use ironward_testkit::Postgres;

use crate::fixture::{self, Base, key, load, over_postgres, over_sqlite, team, user};

#[test]
fn over_a_file() {
    over_sqlite(what_is_written_comes_back);
    over_sqlite(writes_compare_versions);
    over_sqlite(unique_values_are_taken_once);
    over_sqlite(all_or_nothing);
    over_sqlite(ids_are_any_text);
    over_sqlite(changes_follow_each_other);
    over_sqlite(writers_at_once_lose_nothing);
    over_sqlite(what_is_written_while_all_is_read_is_no_roll_back);
}

#[test]
fn over_a_server() {
    let server = Postgres::start();
    over_postgres(&server, what_is_written_comes_back);
    over_postgres(&server, writes_compare_versions);
    over_postgres(&server, unique_values_are_taken_once);
    over_postgres(&server, all_or_nothing);
    over_postgres(&server, ids_are_any_text);
    over_postgres(&server, changes_follow_each_other);
    over_postgres(&server, writers_at_once_lose_nothing);
    over_postgres(&server, what_is_written_while_all_is_read_is_no_roll_back);
}

async fn what_is_written_while_all_is_read_is_no_roll_back(base: Base) {
    let store = base.store().await;
    let id = Id::<Team>::new("a");
    store
        .write(&[Change::create(&id, &team("x"))])
        .await
        .unwrap();
    let mut version = 1;
    let mut read = Vec::new();
    let load = store
        .load_all(None, None, &mut |stored| {
            read.push(stored.version);
            let change = Change::update(&id, version, &team("y"));
            let write = store.write(std::slice::from_ref(&change));
            let written = tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(write).unwrap()
            });
            version = written.versions[0];
        })
        .await
        .unwrap();
    assert_eq!((read, version, load.rows), (vec![1], 2, 1));
}

async fn what_is_written_comes_back(base: Base) {
    let store = base.store().await;
    let (id, object) = (Id::<Key>::new("k1"), key(1));
    let applied = store.write(&[Change::create(&id, &object)]).await.unwrap();
    assert_eq!((applied.seq, applied.versions), (1, vec![1]));
    let (load, rows) = load(&store).await.unwrap();
    assert_eq!((load.rows, load.tampering.len()), (1, 0));
    let [stored] = rows.as_slice() else {
        panic!("{rows:?}")
    };
    assert_eq!((stored.kind, &*stored.id), (Kind::Key, "k1"));
    assert_eq!((stored.version, stored.seq), (1, 1));
    assert_eq!(stored.content, Some(Content::Key(Box::new(object))));
    store.locked().close().await;

    let again = base.store().await;
    assert_eq!(fixture::load(&again).await.unwrap().1, rows);
}

async fn writes_compare_versions(base: Base) {
    let store = base.store().await;
    let id = Id::<Team>::new("t");
    let create = Change::create(&id, &team("a"));
    store.write(std::slice::from_ref(&create)).await.unwrap();
    let conflict = store.write(&[create]).await.unwrap_err();
    assert!(
        matches!(&conflict, WriteError::Conflict { kind: Kind::Team, id } if &**id == "t"),
        "{conflict}"
    );
    let update = Change::update(&id, 1, &team("b"));
    let applied = store.write(std::slice::from_ref(&update)).await.unwrap();
    assert_eq!(applied.versions, [2]);
    assert!(matches!(
        store.write(&[update]).await,
        Err(WriteError::Conflict { .. })
    ));
    let unknown = Change::update(&Id::<Team>::new("u"), 1, &team("c"));
    assert!(matches!(
        store.write(&[unknown]).await,
        Err(WriteError::Conflict { .. })
    ));

    store.write(&[Change::delete(&id, 2)]).await.unwrap();
    let deleted = Change::delete(&id, 3);
    assert!(matches!(
        store.write(&[deleted]).await,
        Err(WriteError::Conflict { .. })
    ));
    let (load, rows) = load(&store).await.unwrap();
    assert_eq!(
        (load.rows, rows[0].version, &rows[0].content),
        (1, 3, &None)
    );
    // The versions of an id go on after its tombstone.
    let again = store
        .write(&[Change::create(&id, &team("d"))])
        .await
        .unwrap();
    assert_eq!(again.versions, [4]);
}

async fn unique_values_are_taken_once(base: Base) {
    let store = base.store().await;
    let (ann, bob) = (Id::<User>::new("ann"), Id::<User>::new("bob"));
    store
        .write(&[Change::create(&ann, &user("Ann@Example.com"))])
        .await
        .unwrap();
    let taken = store
        .write(&[Change::create(&bob, &user("ann@example.COM"))])
        .await;
    assert!(
        matches!(&taken, Err(WriteError::Taken { id, what: "user email", .. }) if &**id == "bob"),
        "{taken:?}"
    );
    // Given up and taken in one transaction.
    let swap = [
        Change::update(&ann, 1, &user("new@example.com")),
        Change::create(&bob, &user("ann@example.com")),
    ];
    store.write(&swap).await.unwrap();

    let (one, other) = (Id::<Key>::new("1"), Id::<Key>::new("2"));
    store.write(&[Change::create(&one, &key(1))]).await.unwrap();
    let mut second = key(2);
    second.secrets.push(fixture::secret(1));
    let taken = store.write(&[Change::create(&other, &second)]).await;
    assert!(matches!(
        taken,
        Err(WriteError::Taken {
            what: "key secret",
            ..
        })
    ));
    // A deleted key's secret is free.
    store.write(&[Change::delete(&one, 1)]).await.unwrap();
    store
        .write(&[Change::create(&other, &second)])
        .await
        .unwrap();
    assert_eq!(load(&store).await.unwrap().0.tampering, []);
}

async fn all_or_nothing(base: Base) {
    let store = base.store().await;
    let changes = [
        Change::create(&Id::<Team>::new("a"), &team("a")),
        Change::delete(&Id::<Team>::new("none"), 1),
    ];
    assert!(store.write(&changes).await.is_err());
    let (load, _) = load(&store).await.unwrap();
    assert_eq!(load.rows, 0);
    let applied = store.write(&changes[..1]).await.unwrap();
    assert_eq!(applied.versions, [1]);
    assert!(applied.seq > 1, "a number that was tried is not used again");
}

async fn ids_are_any_text(base: Base) {
    let store = base.store().await;
    let long = "x".repeat(MAX_ID);
    let ids = [
        "ключ 🔑",
        "a\0b",
        "'; DROP TABLE object; --",
        " ",
        "\u{202e}evil",
        "%_",
        &long,
    ];
    let changes: Vec<_> = ids
        .iter()
        .map(|id| Change::create(&Id::<Team>::new(id), &team(id)))
        .collect();
    store.write(&changes).await.unwrap();
    let (_, rows) = load(&store).await.unwrap();
    let mut found: Vec<_> = rows.iter().map(|stored| &*stored.id).collect();
    let mut expected = ids.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    for id in ["", &"é".repeat(MAX_ID / 2 + 1)] {
        let refused = store
            .write(&[Change::create(&Id::<Team>::new(id), &team("x"))])
            .await;
        assert!(matches!(refused, Err(WriteError::Id { length, .. }) if length == id.len()));
    }
}

async fn changes_follow_each_other(base: Base) {
    let store = base.store().await;
    let ids: Vec<_> = (0..5)
        .map(|number| Id::<Team>::new(&number.to_string()))
        .collect();
    let create: Vec<_> = ids
        .iter()
        .map(|id| Change::create(id, &team("a")))
        .collect();
    let seq = store.write(&create).await.unwrap().seq;
    store
        .write(&[Change::update(&ids[3], 1, &team("b"))])
        .await
        .unwrap();
    store.write(&[Change::delete(&ids[1], 1)]).await.unwrap();
    let changes = store.changes_since(seq).await.unwrap();
    let found: Vec<_> = changes
        .iter()
        .map(|stored| (&*stored.id, stored.version))
        .collect();
    assert_eq!(found, [("3", 2), ("1", 2)]);
    assert!(changes[1].content.is_none());
    assert_eq!(store.changes_since(seq + 2).await.unwrap(), []);
}

async fn writers_at_once_lose_nothing(base: Base) {
    let mut tasks = Vec::new();
    for writer in 0..4 {
        let store = base.store().await;
        tasks.push(tokio::spawn(async move {
            for number in 0..10 {
                let id = Id::<Team>::new(&format!("{writer}-{number}"));
                store
                    .write(&[Change::create(&id, &team("a"))])
                    .await
                    .unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let store = base.store().await;
    let (load, rows) = load(&store).await.unwrap();
    let mut seqs: Vec<_> = rows.iter().map(|stored| stored.seq).collect();
    seqs.sort_unstable();
    assert_eq!(load.rows, 40);
    assert_eq!(seqs, (1..=40).collect::<Vec<_>>());
}
