//! Somebody with nothing but the database writes to it.

use ironward_core::Id;
use ironward_store::objects::{Key, Team};
use ironward_store::{Change, LoadError, Store, WriteError, Wrong};
use ironward_testkit::Postgres;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::fixture::{Base, Raw, key, load, over_postgres, over_sqlite, run, team};

#[test]
fn over_a_file() {
    over_sqlite(an_edited_row_is_left_out);
    over_sqlite(a_body_of_another_row_is_left_out);
    over_sqlite(an_inserted_row_is_left_out);
    over_sqlite(a_missing_row_is_noticed);
    over_sqlite(a_row_that_went_back_is_noticed);
    over_sqlite(a_forged_index_is_noticed);
    over_sqlite(a_census_of_somebody_else_stops_everything);
    over_sqlite(an_administrator_accepts_what_is_left);
}

#[test]
fn over_a_server() {
    let server = Postgres::start();
    over_postgres(&server, an_edited_row_is_left_out);
    over_postgres(&server, a_body_of_another_row_is_left_out);
    over_postgres(&server, an_inserted_row_is_left_out);
    over_postgres(&server, a_missing_row_is_noticed);
    over_postgres(&server, a_row_that_went_back_is_noticed);
    over_postgres(&server, a_forged_index_is_noticed);
    over_postgres(&server, a_census_of_somebody_else_stops_everything);
    over_postgres(&server, an_administrator_accepts_what_is_left);
}

/// Teams `a` to `d`, `b` of them changed once, and a key.
async fn filled(base: &Base) -> Store {
    let store = base.store().await;
    let ids = ["a", "b", "c", "d"].map(Id::<Team>::new);
    let create: Vec<_> = ids
        .iter()
        .map(|id| Change::create(id, &team(id.as_str())))
        .collect();
    store.write(&create).await.unwrap();
    store
        .write(&[Change::update(&ids[1], 1, &team("changed"))])
        .await
        .unwrap();
    store
        .write(&[Change::create(&Id::<Key>::new("k"), &key(1))])
        .await
        .unwrap();
    store
}

/// What is wrong with each row that is left out, and the ids that are used.
async fn found(store: &Store) -> (Vec<(String, Wrong)>, Vec<String>) {
    let (load, rows) = load(store).await.expect("the census is explained");
    let wrong = load
        .tampering
        .iter()
        .map(|one| (one.id.to_string(), one.wrong));
    (
        wrong.collect(),
        rows.iter().map(|stored| stored.id.to_string()).collect(),
    )
}

async fn an_edited_row_is_left_out(base: Base) {
    let store = filled(&base).await;
    let mut raw = Raw::open(&base).await;
    raw.run(
        "UPDATE object SET body = (SELECT body FROM object WHERE id = $1) WHERE id = $2",
        &[b"b", b"c"],
    )
    .await;
    let (wrong, ids) = found(&store).await;
    assert_eq!(wrong, [("c".to_owned(), Wrong::Mac)]);
    assert_eq!(ids, ["k", "a", "b", "d"]);
    // Nor is anything built upon it.
    let change = Change::update(&Id::<Team>::new("c"), 1, &team("x"));
    assert!(matches!(
        store.write(&[change]).await,
        Err(WriteError::Tampering(_))
    ));
}

async fn a_body_of_another_row_is_left_out(base: Base) {
    let store = filled(&base).await;
    let mut raw = Raw::open(&base).await;
    // Everything but the id is the other's: rows swapped.
    raw.run("UPDATE object SET id = $1 WHERE id = $2", &[b"swap", b"a"])
        .await;
    raw.run("UPDATE object SET id = $1 WHERE id = $2", &[b"a", b"c"])
        .await;
    raw.run("UPDATE object SET id = $1 WHERE id = $2", &[b"c", b"swap"])
        .await;
    let outcome = load(&store).await;
    assert!(
        matches!(outcome, Err(LoadError::Census { .. })),
        "two rows are not where they were"
    );
}

async fn an_inserted_row_is_left_out(base: Base) {
    let store = filled(&base).await;
    let mut raw = Raw::open(&base).await;
    raw.run(
        "INSERT INTO object SELECT kind, $1, version, seq + 100, nonce, deleted, body, mac, mac_key, \
         seal_key FROM object WHERE id = $2",
        &[b"copy", b"a"],
    )
    .await;
    let (wrong, ids) = found(&store).await;
    assert_eq!(wrong, [("copy".to_owned(), Wrong::Mac)]);
    assert_eq!(ids, ["k", "a", "b", "c", "d"]);
}

async fn a_missing_row_is_noticed(base: Base) {
    let store = filled(&base).await;
    let mut raw = Raw::open(&base).await;
    raw.run("DELETE FROM object WHERE id = $1", &[b"d"]).await;
    let outcome = load(&store).await;
    assert!(matches!(
        outcome,
        Err(LoadError::Census {
            expected: Some(5),
            found: 4
        })
    ));
}

async fn a_row_that_went_back_is_noticed(base: Base) {
    let store = base.store().await;
    let id = Id::<Team>::new("a");
    store
        .write(&[Change::create(&id, &team("before"))])
        .await
        .unwrap();
    let mut raw = Raw::open(&base).await;
    raw.run("CREATE TABLE kept AS SELECT * FROM object", &[])
        .await;
    store.write(&[Change::delete(&id, 1)]).await.unwrap();
    raw.run("DELETE FROM object", &[]).await;
    raw.run("INSERT INTO object SELECT * FROM kept", &[]).await;
    let outcome = load(&store).await;
    assert!(matches!(
        outcome,
        Err(LoadError::Census {
            expected: Some(1),
            found: 1
        })
    ));
}

async fn a_forged_index_is_noticed(base: Base) {
    let store = filled(&base).await;
    let mut raw = Raw::open(&base).await;
    raw.run("DELETE FROM unique_value", &[]).await;
    let (wrong, ids) = found(&store).await;
    assert_eq!(wrong, [("k".to_owned(), Wrong::Index)]);
    assert_eq!(ids, ["a", "b", "c", "d"]);
}

async fn a_census_of_somebody_else_stops_everything(base: Base) {
    let store = filled(&base).await;
    let mut raw = Raw::open(&base).await;
    raw.run("CREATE TABLE kept AS SELECT * FROM census", &[])
        .await;
    store
        .write(&[Change::delete(&Id::<Team>::new("d"), 1)])
        .await
        .unwrap();
    raw.run("UPDATE census SET sealed = (SELECT sealed FROM kept)", &[])
        .await;
    let change = Change::create(&Id::<Team>::new("new"), &team("x"));
    let refused = store.write(std::slice::from_ref(&change)).await;
    assert!(
        matches!(refused, Err(WriteError::Census)),
        "it is older than one that was seen"
    );
    raw.run("DELETE FROM census", &[]).await;
    assert!(matches!(
        store.write(&[change]).await,
        Err(WriteError::Census)
    ));
    let again = base.store().await;
    assert!(matches!(
        load(&again).await,
        Err(LoadError::Census { expected: None, .. })
    ));
}

async fn an_administrator_accepts_what_is_left(base: Base) {
    let store = filled(&base).await;
    let mut raw = Raw::open(&base).await;
    raw.run("DELETE FROM object WHERE id = $1", &[b"d"]).await;
    raw.run("UPDATE object SET version = 7 WHERE id = $1", &[b"c"])
        .await;
    assert!(load(&store).await.is_err());
    let removed = store.accept(Some(1000)).await.unwrap();
    assert_eq!(removed.len(), 1);
    let (wrong, ids) = found(&store).await;
    assert_eq!(
        (wrong, ids),
        (vec![], ["k", "a", "b"].map(str::to_owned).to_vec())
    );
    let again = Change::create(&Id::<Team>::new("c"), &team("c"));
    assert!(store.write(&[again]).await.unwrap().seq > 1000);
    assert!(load(&store).await.is_ok());
}

/// Something that is done to the database by hand, to the row with this place in the order.
#[derive(Debug, Clone, Copy)]
enum Hand {
    Edit(usize),
    Swap(usize, usize),
    Copy(usize),
    Delete(usize),
    RollBack(usize),
    Insert,
    Renumber(usize),
}

fn hand() -> impl Strategy<Value = Hand> {
    let row = 0..6_usize;
    prop_oneof![
        row.clone().prop_map(Hand::Edit),
        (row.clone(), row.clone()).prop_map(|(one, other)| Hand::Swap(one, other)),
        row.clone().prop_map(Hand::Copy),
        row.clone().prop_map(Hand::Delete),
        row.clone().prop_map(Hand::RollBack),
        Just(Hand::Insert),
        row.prop_map(Hand::Renumber),
    ]
}

/// After any history of changes, whatever a hand does is noticed, and what is still used is what
/// Ironward wrote last.
#[test]
fn any_hand_in_any_history_is_noticed() {
    let history = proptest::collection::vec((0..6_usize, any::<bool>()), 6..20);
    let mut runner = TestRunner::new(Config {
        cases: 64,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&(history, hand()), |(history, hand)| {
            let directory = tempfile::TempDir::new().unwrap();
            run(check(Base::Sqlite(directory), history, hand))
        })
        .unwrap();
}

async fn check(base: Base, history: Vec<(usize, bool)>, hand: Hand) -> Result<(), TestCaseError> {
    let store = base.store().await;
    let mut raw = Raw::open(&base).await;
    let half = history.len() / 2;
    let mut versions = [(0_u64, false); 6];
    for (step, (place, deletes)) in history.into_iter().enumerate() {
        if step == half {
            raw.run("CREATE TABLE kept AS SELECT * FROM object", &[])
                .await;
        }
        let id = Id::<Team>::new(&place.to_string());
        let (version, is_live) = versions[place];
        let change = match (is_live, deletes) {
            (false, _) => Change::create(&id, &team(&format!("{step}"))),
            (true, false) => Change::update(&id, version, &team(&format!("{step}"))),
            (true, true) => Change::delete(&id, version),
        };
        store.write(&[change]).await.unwrap();
        versions[place] = (version + 1, !(is_live && deletes));
    }
    let (_, before) = load(&store).await.unwrap();
    let was = raw.rows().await;
    raw.apply(hand).await;
    if raw.rows().await == was {
        return Ok(());
    }
    match load(&store).await {
        Err(LoadError::Census { .. }) => {}
        Err(other) => prop_assert!(false, "{}", other),
        Ok((load, after)) => {
            prop_assert!(!load.tampering.is_empty(), "{:?} went unnoticed", hand);
            prop_assert!(after.iter().all(|stored| before.contains(stored)));
        }
    }
    Ok(())
}

impl Raw {
    async fn apply(&mut self, hand: Hand) {
        let id = |place: usize| place.to_string().into_bytes();
        match hand {
            Hand::Edit(row) => {
                self.run(
                    "UPDATE object SET body = $1 WHERE id = $2",
                    &[br#"{"alias":"x"}"#, &id(row)],
                )
                .await;
            }
            Hand::Swap(one, other) => {
                let rename = "UPDATE object SET id = $1 WHERE id = $2";
                self.run(rename, &[b"aside", &id(one)]).await;
                self.run(rename, &[&id(one), &id(other)]).await;
                self.run(rename, &[&id(other), b"aside"]).await;
            }
            Hand::Copy(row) => {
                self.run(
                    "INSERT INTO object SELECT kind, $1, version, seq, nonce, deleted, body, mac, \
                     mac_key, seal_key FROM object WHERE id = $2",
                    &[b"copy", &id(row)],
                )
                .await;
            }
            Hand::Delete(row) => {
                self.run("DELETE FROM object WHERE id = $1", &[&id(row)])
                    .await;
            }
            Hand::RollBack(row) => {
                self.run("DELETE FROM object WHERE id = $1", &[&id(row)])
                    .await;
                self.run(
                    "INSERT INTO object SELECT * FROM kept WHERE id = $1",
                    &[&id(row)],
                )
                .await;
            }
            Hand::Insert => {
                self.run(
                    "INSERT INTO object VALUES ('team', $1, 1, 1, 1, 0, $2, $3, 1, NULL)",
                    &[b"new", b"{}", &[7; 32]],
                )
                .await;
            }
            Hand::Renumber(row) => {
                self.run(
                    "UPDATE object SET seq = seq + 1, version = version + 1 WHERE id = $1",
                    &[&id(row)],
                )
                .await;
            }
        }
    }
}
