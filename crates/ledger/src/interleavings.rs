//! What holds in every interleaving of threads, by loom. `cargo xtask loom` runs these.

use std::sync::Arc;

use ironward_core::Money;
use ironward_policy::Cycle;
use loom::thread;

use crate::crossing::Crossings;
use crate::reservation::{Refused, Reservation, reserve};
use crate::{Charge, Counter, Limit, Measure, Scope, Standing};

/// The last millisecond of a minute.
const LATE: u64 = 59_999;
/// The first one of the next.
const NEXT: u64 = 60_000;

fn counter(measure: Measure, most: u64) -> Arc<Counter> {
    let limit = Limit::new(measure, Cycle::MINUTE, most).with_soft(most);
    counter_of(&limit, &Arc::default())
}

fn counter_of(limit: &Limit, crossings: &Arc<Crossings>) -> Arc<Counter> {
    let scope = Scope::gateway();
    Arc::new(Counter::new(scope, limit, Arc::clone(crossings), LATE))
}

fn charge(cost: u64) -> Charge {
    Charge::request(Money::from_nanos(cost), cost, 0)
}

fn ask(counters: &[&Counter], cost: u64, now: u64) -> Result<Reservation, Refused> {
    reserve(counters.iter().copied(), charge(cost), now)
}

/// What is spent and reserved in the window of the counter.
fn used(counter: &Counter, now: u64) -> (u64, u64) {
    let Standing {
        spent, reserved, ..
    } = counter.standing(now);
    (spent, reserved)
}

#[test]
fn two_calls_never_pass_a_limit_together() {
    loom::model(|| {
        let (money, tokens) = (counter(Measure::Cost, 10), counter(Measure::Input, 9));
        let other = {
            let (money, tokens) = (Arc::clone(&money), Arc::clone(&tokens));
            // In the other order, so that each may be in the other's way.
            thread::spawn(move || ask(&[&tokens, &money], 6, LATE))
        };
        let own = ask(&[&money, &tokens], 6, LATE);
        let other = other.join().unwrap();
        let held = u64::from(own.is_ok()) + u64::from(other.is_ok());
        assert!(held <= 1);
        // Who was refused holds nothing.
        assert_eq!(used(&money, LATE), (0, held * 6));
        assert_eq!(used(&tokens, LATE), (0, held * 6));
        drop((own, other));
        assert_eq!(used(&money, LATE), (held * 6, 0));
    });
}

#[test]
fn calls_on_the_same_way_do_not_refuse_each_other_for_nothing() {
    loom::model(|| {
        let (one, two) = (counter(Measure::Cost, 6), counter(Measure::Input, 6));
        let other = {
            let (one, two) = (Arc::clone(&one), Arc::clone(&two));
            thread::spawn(move || ask(&[&one, &two], 6, LATE).map(Reservation::release))
        };
        let own = ask(&[&one, &two], 6, LATE).map(Reservation::release);
        let other = other.join().unwrap();
        assert!(own.is_ok() || other.is_ok());
        assert_eq!((used(&one, LATE), used(&two, LATE)), ((0, 0), (0, 0)));
    });
}

#[test]
fn a_call_is_charged_to_the_window_that_let_it_in() {
    loom::model(|| {
        let money = counter(Measure::Cost, 10);
        let first = ask(&[&money], 6, LATE).unwrap();
        let before = money.window(LATE);
        let late = {
            let money = Arc::clone(&money);
            thread::spawn(move || {
                first.settle(&charge(5));
                // Its clock was read before the window turned.
                ask(&[&money], 4, LATE)
            })
        };
        let next = ask(&[&money], 7, NEXT);
        let late = late.join().unwrap();
        let [old, new] = [before.standing(), money.standing(NEXT)];
        assert_eq!((old.spent, new.spent), (5, 0));
        let expected = match (&next, &late) {
            // It came in time.
            (Ok(_), Ok(_)) => (4, 7),
            // It came to the new window too, where only one of them has room.
            (Ok(_), Err(_)) => (0, 7),
            (Err(_), Ok(_)) => (0, 4),
            (Err(_), Err(_)) => panic!("neither has a reason to be refused"),
        };
        assert_eq!((old.reserved, new.reserved), expected);
        drop((next, late));
    });
}

#[test]
fn no_more_is_seen_spent_than_was_used() {
    loom::model(|| {
        let money = counter(Measure::Cost, 100);
        let (less, more) = (ask(&[&money], 9, LATE), ask(&[&money], 5, LATE));
        let (less, more) = (less.unwrap(), more.unwrap());
        let settling = thread::spawn(move || {
            less.settle(&charge(2));
            more.settle(&charge(8));
        });
        let window = money.window(LATE);
        let (spent, of) = window.counted();
        assert!(spent <= of);
        settling.join().unwrap();
        assert_eq!(used(&money, LATE), (10, 0));
    });
}

#[test]
fn a_lowered_limit_holds_for_whoever_comes_after() {
    loom::model(|| {
        let money = counter(Measure::Cost, 10);
        let other = {
            let money = Arc::clone(&money);
            thread::spawn(move || ask(&[&money], 6, LATE))
        };
        money.set(&Limit::new(Measure::Cost, Cycle::MINUTE, 5));
        assert!(ask(&[&money], 6, LATE).is_err());
        drop(other.join().unwrap());
    });
}

#[test]
fn a_soft_limit_is_told_of_once() {
    loom::model(|| {
        let crossings = Arc::default();
        let limit = Limit::new(Measure::Cost, Cycle::MINUTE, 100).with_soft(10);
        let money = counter_of(&limit, &crossings);
        let [one, two] = [6, 7].map(|cost| ask(&[&money], cost, LATE).unwrap());
        let other = thread::spawn(move || drop(one));
        drop(two);
        other.join().unwrap();
        let told = crossings.fetch();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].spent, 13);
    });
}
