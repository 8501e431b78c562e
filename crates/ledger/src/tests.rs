mod bounds;
mod model;
mod threads;

use std::sync::Arc;
use std::time::Duration;

use ironward_core::Money;
use ironward_policy::{Cycle, Period, Span};
use ironward_testkit::FakeClock;

use crate::{Chain, Charge, Counters, Kind, Ledger, Limit, Measure, Reservation, Scope, Standing};

/// When the clock starts: 2026-01-01, a Thursday, at midnight.
const START: u64 = 1_767_225_600_000;

struct Setup {
    ledger: Ledger,
    clock: Arc<FakeClock>,
}

fn setup() -> Setup {
    let clock = Arc::new(FakeClock::new());
    Setup {
        ledger: Ledger::new(clock.clone(), 10_000),
        clock,
    }
}

impl Setup {
    fn counters(&self, scope: &Scope, limits: &[Limit]) -> Counters {
        self.ledger.counters(scope, limits).unwrap()
    }

    /// Reserves for a call of this cost, a tenth of it in tokens.
    fn reserve(&self, counters: &Counters, cost: u64) -> Option<Reservation> {
        let counters = counters.iter().map(AsRef::as_ref);
        self.ledger.reserve(counters, charge(cost)).ok()
    }

    fn standing(&self, counters: &Counters) -> Standing {
        counters[0].standing(self.ledger.now())
    }

    /// What is spent and reserved in the current window of the first counter.
    fn used(&self, counters: &Counters) -> (u64, u64) {
        let standing = self.standing(counters);
        (standing.spent, standing.reserved)
    }

    fn advance(&self, milliseconds: u64) {
        self.clock.advance(Duration::from_millis(milliseconds));
    }
}

fn charge(cost: u64) -> Charge {
    Charge::request(Money::from_nanos(cost), cost / 20, cost / 20)
}

fn key() -> Scope {
    Scope::new(Kind::Key, "7h2k")
}

fn team() -> Scope {
    Scope::new(Kind::Team, "research")
}

fn budget(nanos: u64) -> Limit {
    Limit::budget(Money::from_nanos(nanos), Cycle::DAY)
}

fn weekly(nanos: u64) -> Limit {
    let week: Period = "7d".parse().unwrap();
    Limit::budget(Money::from_nanos(nanos), week.cycle(None))
}

#[test]
fn all_counters_hold_a_call_or_none_does() {
    let setup = setup();
    let key = setup.counters(&key(), &[budget(100), weekly(1_000)]);
    let team = setup.counters(&team(), &[Limit::new(Measure::Requests, Cycle::MINUTE, 1)]);
    let mut chain = Chain::default();
    chain.add(&key);
    chain.add(&team);
    chain.add(&key);
    assert_eq!(chain.iter().count(), 3, "each counter once");
    let held = setup.ledger.reserve(chain.iter(), charge(40)).unwrap();
    assert_eq!(setup.used(&key), (0, 40));
    assert_eq!(setup.used(&team), (0, 1));

    let refused = setup.ledger.reserve(chain.iter(), charge(40)).unwrap_err();
    assert_eq!(refused.standing.scope, team[0].scope().clone());
    assert_eq!(refused.standing.measure, Measure::Requests);
    assert_eq!((refused.standing.most, refused.asked), (Some(1), 1));
    assert!(!refused.is_budget());
    setup.advance(500);
    let wait = refused.retry_after(setup.ledger.now());
    assert_eq!(wait, Some(Duration::from_secs(60)), "59.5, rounded up");
    assert_eq!(setup.used(&key), (0, 40), "it took nothing from the key");
    assert_eq!(held.standings().count(), 3);

    held.settle(&charge(25));
    assert_eq!(setup.used(&key), (25, 0));
    let refused = setup.ledger.reserve(chain.iter(), charge(90)).unwrap_err();
    assert!(refused.is_budget(), "the first counter is named");
    assert_eq!(refused.standing.spent, 25);
    assert_eq!(refused.standing.remaining(), Some(75));
}

#[test]
fn what_is_dropped_is_charged_and_what_is_released_is_not() {
    let setup = setup();
    let key = setup.counters(&key(), &[budget(100)]);
    drop(setup.reserve(&key, 30));
    assert_eq!(setup.used(&key), (30, 0));
    setup.reserve(&key, 30).unwrap().release();
    assert_eq!(setup.used(&key), (30, 0));
    assert!(setup.reserve(&key, 71).is_none());
    assert!(setup.reserve(&key, 70).is_some());
}

#[test]
fn what_is_above_the_ceiling_is_charged_and_refuses_the_next() {
    let setup = setup();
    let key = setup.counters(&key(), &[budget(100)]);
    setup.reserve(&key, 60).unwrap().settle(&charge(130));
    assert_eq!(setup.used(&key), (130, 0));
    assert_eq!(setup.standing(&key).remaining(), Some(0));
    assert!(setup.reserve(&key, 1).is_none());
    // Who takes nothing of it is not in its way: a model that is free.
    assert!(setup.reserve(&key, 0).is_some());
}

#[test]
fn a_reservation_is_extended_in_all_counters_or_in_none() {
    let setup = setup();
    let both = setup.counters(&key(), &[budget(120), weekly(80)]);
    let mut held = setup.reserve(&both, 50).unwrap();
    let more = Charge {
        requests: 0,
        ..charge(30)
    };
    held.extend(&more).unwrap();
    let refused = held.extend(&more).unwrap_err();
    assert_eq!(refused.standing.most, Some(80));
    assert_eq!(setup.used(&both), (0, 80), "nothing of the second");
    assert_eq!(held.ceiling().requests, 1);
    drop(held);
    assert_eq!(setup.used(&both), (80, 0));
}

#[test]
fn a_call_belongs_to_the_window_in_which_it_was_let_in() {
    let setup = setup();
    let minute = Limit::new(Measure::Cost, Cycle::MINUTE, 100);
    let key = setup.counters(&key(), &[minute]);
    let mut long = setup.reserve(&key, 90).unwrap();
    setup.advance(59_999);
    assert!(setup.reserve(&key, 20).is_none());
    setup.advance(1);
    assert_eq!(setup.used(&key), (0, 0), "a new window");
    let span = Span {
        start: START + 60_000,
        end: START + 120_000,
    };
    assert_eq!(setup.standing(&key).span, span);
    drop(setup.reserve(&key, 100));
    // The old window had 10 left, and the new one nothing.
    assert!(long.extend(&charge(11)).is_err());
    long.extend(&charge(10)).unwrap();
    long.settle(&charge(300));
    assert_eq!(setup.used(&key), (100, 0));
    // Many windows without a call are skipped.
    setup.advance(3_600_000);
    assert_eq!(setup.standing(&key).span.start, START + 3_660_000);
}

#[test]
fn a_limit_that_changes_goes_on_with_what_was_counted() {
    let setup = setup();
    let scope = key();
    let counters = setup.counters(&scope, &[budget(100)]);
    drop(setup.reserve(&counters, 60));
    // Who holds the counters already is bound at once.
    let raised = setup.counters(&scope, &[budget(200)]);
    assert!(setup.reserve(&counters, 41).is_some());
    assert_eq!(setup.used(&raised), (101, 0));
    setup.counters(&scope, &[budget(100)]);
    assert!(setup.reserve(&counters, 1).is_none());
    // Of two for one window the lower one holds, whichever comes first.
    setup.counters(&scope, &[budget(150), budget(90)]);
    assert_eq!(setup.standing(&counters).most, Some(90));
    // A limit that is taken away is counted on, and is there again when it comes back.
    let without = setup.counters(&scope, &[]);
    assert_eq!(setup.standing(&without).most, None);
    assert!(setup.reserve(&counters, 1_000).is_some());
    let again = setup.counters(&scope, &[budget(1_101)]);
    assert_eq!(setup.used(&again), (1_101, 0));
    assert!(setup.reserve(&again, 1).is_none());
    // Another window has a count of its own.
    let other = setup.counters(&scope, &[weekly(100)]);
    let found: Vec<u64> = other
        .iter()
        .map(|counter| counter.standing(START).spent)
        .collect();
    assert_eq!(found, [1_101, 0]);
    // What has counted nothing in its window is dropped with its limit.
    setup.advance(86_400_000);
    assert_eq!(setup.counters(&scope, &[]).len(), 0);
}

#[test]
fn what_was_spent_before_is_loaded_and_read_out() {
    let setup = setup();
    let scope = key();
    let limit = budget(100);
    let load = |at, spent| {
        let counted = (limit.measure, limit.cycle);
        setup.ledger.load(&scope, counted, at, spent).unwrap();
    };
    load(START, 30);
    load(START - 1, 1_000);
    load(START + 86_400_005, 20);
    let counters = setup.counters(
        &scope,
        &[limit, Limit::new(Measure::Tokens, Cycle::MINUTE, 9)],
    );
    assert_eq!(
        setup.used(&counters),
        (50, 0),
        "yesterday's is over, tomorrow's is now"
    );
    assert!(setup.reserve(&counters, 51).is_none());
    let held = setup.reserve(&counters, 40).unwrap();
    let standings = setup.ledger.standings();
    let found: Vec<_> = standings
        .iter()
        .map(|one| (one.measure, one.most, one.spent, one.reserved))
        .collect();
    let expected = [
        (Measure::Cost, Some(100), 50, 40),
        (Measure::Tokens, Some(9), 0, 4),
    ];
    assert_eq!(found, expected);
    drop(held);
    setup.ledger.forget(&scope);
    assert_eq!(setup.ledger.standings(), []);
}

#[test]
fn a_soft_limit_is_told_of_once_in_a_window() {
    let setup = setup();
    let scope = key();
    let counters = setup.counters(&scope, &[budget(1_000).with_soft(100)]);
    let held = setup.reserve(&counters, 500).unwrap();
    assert_eq!(setup.ledger.crossings(), [], "nothing is spent yet");
    held.settle(&charge(99));
    assert_eq!(setup.ledger.crossings(), []);
    drop(setup.reserve(&counters, 1));
    drop(setup.reserve(&counters, 1));
    let told = setup.ledger.crossings();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].soft, told[0].spent), (100, 100));
    assert_eq!(told[0].scope, scope);
    // A limit that is raised above it is another one to reach.
    setup.counters(&scope, &[budget(1_000).with_soft(200)]);
    drop(setup.reserve(&counters, 99));
    assert_eq!(setup.ledger.crossings().len(), 1);
    setup.advance(86_400_000);
    drop(setup.reserve(&counters, 200));
    drop(setup.reserve(&counters, 200));
    assert_eq!(setup.ledger.crossings().len(), 1, "in the next window");
    // At a start, what was told of before is not told again.
    let counted = (Measure::Cost, Cycle::DAY);
    let loaded = Scope::new(Kind::Key, "other");
    let counters = setup.counters(&loaded, &[budget(1_000).with_soft(100)]);
    let now = setup.ledger.now();
    setup.ledger.load(&loaded, counted, now, 150).unwrap();
    drop(setup.reserve(&counters, 1));
    assert_eq!(setup.ledger.crossings(), []);
}

#[test]
fn a_clock_that_goes_back_gives_nothing_anew() {
    let setup = setup();
    let minute = Limit::new(Measure::Cost, Cycle::MINUTE, 100);
    let key = setup.counters(&key(), &[minute]);
    setup.advance(60_000);
    drop(setup.reserve(&key, 100));
    for then in [START, START + 30_000, START + 119_999] {
        assert_eq!(key[0].standing(then).spent, 100, "{then}");
    }
    assert_eq!(key[0].standing(START + 120_000).spent, 0);
}

#[test]
fn no_number_of_a_provider_makes_a_count_wrap() {
    let setup = setup();
    let limits = [
        Limit::new(Measure::Tokens, Cycle::DAY, 1_000),
        Limit {
            most: None,
            ..Limit::new(Measure::Input, Cycle::DAY, 0)
        },
    ];
    let key = setup.counters(&key(), &limits);
    let endless = Charge {
        input: u64::MAX,
        output: u64::MAX,
        ..Charge::default()
    };
    let [one, two] = [20, 40].map(|cost| setup.reserve(&key, cost).unwrap());
    one.settle(&endless);
    two.settle(&endless);
    assert_eq!(setup.standing(&key).spent, u64::MAX);
    assert!(setup.reserve(&key, 20).is_none());
    setup.advance(86_400_000);
    assert!(setup.reserve(&key, 20).is_some());
}
