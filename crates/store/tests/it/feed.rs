//! The directory follows what is written, and notices what was not written by Ironward.

use std::sync::Arc;
use std::time::Duration;

use ironward_core::{Id, SystemClock};
use ironward_store::objects::{Key, SecretForm, Team, User};
use ironward_store::{Change, Feed, LoadError};
use ironward_testkit::Postgres;
use tempfile::TempDir;

use crate::fixture::{
    Base, Raw, data_key, hash, key, over_postgres, over_sqlite, rotated, secret, team, user,
};

#[test]
fn over_a_file() {
    over_sqlite(changes_of_another_node_are_seen);
    over_sqlite(secrets_and_names_move);
    over_sqlite(a_hidden_revocation_is_noticed);
    over_sqlite(an_edited_change_takes_the_object_away);
    over_sqlite(an_accepted_database_is_taken_over);
    over_sqlite(a_rotated_key_is_followed);
    over_sqlite(the_loop_follows);
}

#[test]
fn over_a_server() {
    let server = Postgres::start();
    over_postgres(&server, changes_of_another_node_are_seen);
    over_postgres(&server, secrets_and_names_move);
    over_postgres(&server, a_hidden_revocation_is_noticed);
    over_postgres(&server, an_edited_change_takes_the_object_away);
    over_postgres(&server, an_accepted_database_is_taken_over);
    over_postgres(&server, a_rotated_key_is_followed);
    over_postgres(&server, the_loop_follows);
}

async fn feed(base: &Base, directory: &TempDir) -> (Feed, ironward_store::Store) {
    let store = base.store().await;
    let path = directory.path().join("snapshot.sealed");
    let (feed, tampering) = Feed::load(&store, &path, Arc::new(SystemClock))
        .await
        .unwrap();
    assert_eq!(tampering, []);
    (feed, store)
}

async fn changes_of_another_node_are_seen(base: Base) {
    let own = TempDir::new().unwrap();
    let other = base.store().await;
    let id = Id::<Key>::new("k");
    // A field that is shared, one that is not, and those that are kept as text.
    let mut full = key(1);
    full.grant.expires = Some(9);
    full.spending.budget_reset_at = Some(8);
    full.secrets[0].until = Some(7);
    full.rotation_interval = Some("30d".into());
    full.metadata.insert("a".to_owned(), "ü\0".into());
    full.kept.insert("b".to_owned(), 1.into());
    full.origin.created_by = "ann".into();
    other.write(&[Change::create(&id, &full)]).await.unwrap();
    let (feed, store) = feed(&base, &own).await;
    let directory = feed.directory();
    let found = directory
        .key_by_secret(SecretForm::Presented, &hash(1))
        .unwrap();
    assert_eq!((found.key.id.as_str(), found.key.version), ("k", 1));
    assert_eq!(found.key.object.whole(), full);
    assert!(
        directory
            .key_by_secret(SecretForm::LitellmHash, &hash(1))
            .is_none()
    );

    let mut blocked = key(1);
    blocked.grant.blocked = true;
    other
        .write(&[Change::update(&id, 1, &blocked)])
        .await
        .unwrap();
    assert!(found.key.is_current(), "nobody has looked yet");
    feed.catch_up(&store).await.unwrap();
    assert!(!found.key.is_current());
    let again = directory
        .key_by_secret(SecretForm::Presented, &hash(1))
        .unwrap();
    assert!(again.key.object.grant.rest.blocked);

    other.write(&[Change::delete(&id, 2)]).await.unwrap();
    feed.catch_up(&store).await.unwrap();
    assert!(!again.key.is_current());
    assert!(
        directory
            .key_by_secret(SecretForm::Presented, &hash(1))
            .is_none()
    );
    assert!(directory.keys.find("k").is_none());

    // A tombstone that comes to life again is accounted for.
    other.write(&[Change::create(&id, &key(1))]).await.unwrap();
    feed.catch_up(&store).await.unwrap();
    assert_eq!(directory.keys.find("k").unwrap().version, 4);
}

async fn secrets_and_names_move(base: Base) {
    let own = TempDir::new().unwrap();
    let (feed, store) = feed(&base, &own).await;
    let directory = feed.directory();
    let (one, other) = (Id::<Key>::new("1"), Id::<Key>::new("2"));
    let mut both = key(1);
    both.secrets.push(secret(2));
    store.write(&[Change::create(&one, &both)]).await.unwrap();
    feed.catch_up(&store).await.unwrap();
    let second = directory
        .key_by_secret(SecretForm::Presented, &hash(2))
        .unwrap();
    assert_eq!((second.secret.hash, second.key.id.as_str()), (hash(2), "1"));

    // The second secret goes to another key in one transaction.
    let moves = [
        Change::update(&one, 1, &key(1)),
        Change::create(&other, &key(2)),
    ];
    store.write(&moves).await.unwrap();
    feed.catch_up(&store).await.unwrap();
    let holder = |number| {
        let found = directory.key_by_secret(SecretForm::Presented, &hash(number));
        found.map(|found| found.key.id.to_string())
    };
    assert_eq!(holder(1).as_deref(), Some("1"));
    assert_eq!(holder(2).as_deref(), Some("2"));

    let ann = Id::<User>::new("ann");
    store
        .write(&[Change::create(&ann, &user("Ann@Example.com"))])
        .await
        .unwrap();
    feed.catch_up(&store).await.unwrap();
    assert_eq!(directory.user_by_email("ANN@example.com").unwrap().id, ann);
    let mut moved = user("new@example.com");
    moved.sso_user_id = Some("subject".into());
    store
        .write(&[Change::update(&ann, 1, &moved)])
        .await
        .unwrap();
    feed.catch_up(&store).await.unwrap();
    assert!(directory.user_by_email("ann@example.com").is_none());
    assert_eq!(directory.user_by_sso_id("subject").unwrap().id, ann);
    let of_team = directory
        .keys
        .select(|key| key.object.team == Some(Id::new("team")));
    assert_eq!(of_team.len(), 2);
}

async fn a_hidden_revocation_is_noticed(base: Base) {
    let own = TempDir::new().unwrap();
    let other = base.store().await;
    let id = Id::<Key>::new("k");
    other.write(&[Change::create(&id, &key(1))]).await.unwrap();
    let (feed, store) = feed(&base, &own).await;
    other.write(&[Change::delete(&id, 1)]).await.unwrap();
    // Nobody who asks for later changes would find the tombstone.
    let mut raw = Raw::open(&base).await;
    raw.run("UPDATE object SET seq = 0", &[]).await;
    let hidden = feed.catch_up(&store).await;
    assert!(
        matches!(hidden, Err(LoadError::Census { .. })),
        "{hidden:?}"
    );
    // Nor is it forgotten at the next look.
    assert!(feed.catch_up(&store).await.is_err());
}

async fn an_edited_change_takes_the_object_away(base: Base) {
    let own = TempDir::new().unwrap();
    let other = base.store().await;
    let id = Id::<Key>::new("k");
    other.write(&[Change::create(&id, &key(1))]).await.unwrap();
    let (feed, store) = feed(&base, &own).await;
    let mut blocked = key(1);
    blocked.grant.blocked = true;
    other
        .write(&[Change::update(&id, 1, &blocked)])
        .await
        .unwrap();
    let mut raw = Raw::open(&base).await;
    raw.run("UPDATE object SET body = $1", &[b"{}"]).await;
    feed.catch_up(&store).await.unwrap();
    assert!(feed.directory().keys.find("k").is_none());
}

async fn an_accepted_database_is_taken_over(base: Base) {
    let own = TempDir::new().unwrap();
    let other = base.store().await;
    let ids = ["a", "b"].map(Id::<Team>::new);
    let create = ids.each_ref().map(|id| Change::create(id, &team("x")));
    other.write(&create).await.unwrap();
    let (feed, store) = feed(&base, &own).await;
    let mut raw = Raw::open(&base).await;
    raw.run("DELETE FROM object WHERE id = $1", &[b"a"]).await;
    other.accept(None).await.unwrap();
    feed.catch_up(&store).await.unwrap();
    assert!(feed.directory().teams.find("a").is_none());
    assert!(feed.directory().teams.find("b").is_some());
    other
        .write(&[Change::update(&ids[1], 1, &team("y"))])
        .await
        .unwrap();
    feed.catch_up(&store).await.unwrap();
    assert_eq!(feed.directory().teams.find("b").unwrap().version, 2);
}

async fn a_rotated_key_is_followed(base: Base) {
    let own = TempDir::new().unwrap();
    let (feed, store) = feed(&base, &own).await;
    let other = base.store_with(Arc::new(rotated())).await;
    let id = Id::<Team>::new("a");
    other
        .write(&[Change::create(&id, &team("x"))])
        .await
        .unwrap();
    let unknown = feed
        .catch_up(&store)
        .await
        .expect_err("data key 2 is not loaded");
    assert!(
        unknown
            .to_string()
            .contains("data key 2, which is not loaded"),
        "{unknown}"
    );
    store.change_keys(Arc::new(rotated()));
    feed.catch_up(&store).await.unwrap();
    other.rewrap_census().await.unwrap();
    feed.catch_up(&store).await.unwrap();
    other
        .write(&[Change::update(&id, 1, &team("y"))])
        .await
        .unwrap();
    feed.catch_up(&store).await.unwrap();
    assert_eq!(feed.directory().teams.find("a").unwrap().version, 2);
    // And another one at once.
    let third = || Arc::new(rotated().advance(3, data_key(3)).unwrap());
    store.change_keys(third());
    let other = base.store_with(third()).await;
    other.rewrap_census().await.unwrap();
    feed.catch_up(&store).await.unwrap();
    other
        .write(&[Change::update(&id, 2, &team("z"))])
        .await
        .unwrap();
    feed.catch_up(&store).await.unwrap();
    assert_eq!(feed.directory().teams.find("a").unwrap().version, 3);
}

async fn the_loop_follows(base: Base) {
    let own = TempDir::new().unwrap();
    let (feed, store) = feed(&base, &own).await;
    let path = own.path().join("snapshot.sealed");
    let before = std::fs::read(&path).unwrap();
    let other = base.store().await;
    let directory = feed.directory();
    let mut changes = directory.changes();
    let following = tokio::spawn(async move { feed.run(&store).await });
    other
        .write(&[Change::create(&Id::<Team>::new("a"), &team("x"))])
        .await
        .unwrap();
    let wait = async {
        while directory.teams.find("a").is_none() {
            changes.changed().await.unwrap();
        }
        while std::fs::read(&path).unwrap() == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect("the change and the snapshot");
    following.abort();
}
