//! Callers may make up any number of end users and tags.

use std::sync::Arc;

use ironward_policy::Cycle;
use ironward_testkit::FakeClock;

use super::{Setup, charge};
use crate::{Full, Kind, Ledger, Limit, Measure, Scope};

/// A shard holds two of them.
const MOST: usize = 128;

fn setup() -> Setup {
    let clock = Arc::new(FakeClock::new());
    Setup {
        ledger: Ledger::new(clock.clone(), MOST),
        clock,
    }
}

fn end_user(number: usize) -> Scope {
    Scope::new(Kind::EndUser, &format!("user-{number}"))
}

fn limit() -> Limit {
    Limit::new(Measure::Cost, Cycle::MINUTE, 100)
}

#[test]
fn those_who_spend_nothing_make_room() {
    let setup = setup();
    for number in 0..10_000 {
        // A shard that is full is searched once a second.
        setup.advance(1);
        let Ok(counters) = setup.ledger.counters(&end_user(number), &[limit()]) else {
            continue;
        };
        if let Some(held) = setup.reserve(&counters, 10) {
            held.release();
        }
    }
    assert!(setup.ledger.standings().len() <= MOST);
    setup.advance(1_000);
    assert!(setup.ledger.counters(&end_user(10_000), &[limit()]).is_ok());
}

#[test]
fn what_was_spent_is_kept_until_its_window_is_over() {
    let setup = setup();
    let mut spenders = 0;
    let mut refused = None;
    for number in 0..10_000 {
        match setup.ledger.counters(&end_user(number), &[limit()]) {
            Ok(counters) => {
                drop(setup.reserve(&counters, 60));
                spenders += 1;
            }
            Err(Full) => refused = Some(number),
        }
        setup.advance(1);
    }
    assert_eq!(spenders, MOST, "and every one of them is there");
    let standings = setup.ledger.standings();
    assert!(standings.iter().all(|standing| standing.spent == 60));
    // The names of objects are not the callers': they always have room.
    let key = Scope::new(Kind::Key, "k");
    assert!(setup.ledger.counters(&key, &[limit()]).is_ok());
    setup.advance(60_000);
    let late = end_user(refused.unwrap());
    assert!(setup.ledger.counters(&late, &[limit()]).is_ok());
}

#[test]
fn what_somebody_holds_is_never_dropped() {
    let setup = setup();
    let (held, scope) = (end_user(1), end_user(2));
    let counters = setup.counters(&held, &[limit()]);
    let one: Vec<_> = setup.counters(&scope, &[limit()]).to_vec();
    setup.ledger.sweep();
    assert_eq!(setup.ledger.standings().len(), 2);
    drop(one);
    setup.ledger.sweep();
    assert_eq!(setup.ledger.standings().len(), 1);
    // A call that takes nothing yet may still be charged for more than that.
    let free = setup.reserve(&counters, 0).unwrap();
    drop(counters);
    setup.ledger.sweep();
    free.settle(&charge(70));
    let again = setup.counters(&held, &[limit()]);
    assert_eq!(setup.used(&again), (70, 0));
    setup.ledger.forget(&held);
    setup.advance(60_000);
    setup.ledger.sweep();
    assert_eq!(setup.ledger.standings(), []);
}
