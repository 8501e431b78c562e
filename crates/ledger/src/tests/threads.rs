//! Attack 13 on the counters alone: many calls at once on a small budget.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};

use ironward_policy::Cycle;

use super::{budget, charge, key, setup, team};
use crate::{Chain, Ledger, Limit, Measure, Scope};

const CALLS: u64 = 200;
/// A cent.
const BUDGET: u64 = 10_000_000;

#[test]
fn as_many_calls_are_let_in_as_fit() {
    let setup = setup();
    let mut chain = Chain::default();
    chain.add(&setup.counters(&key(), &[budget(BUDGET)]));
    chain.add(&setup.counters(&team(), &[budget(2 * BUDGET)]));
    let (admitted, together) = (AtomicU64::new(0), Barrier::new(200));
    std::thread::scope(|scope| {
        for _ in 0..CALLS {
            scope.spawn(|| {
                together.wait();
                let held = setup.ledger.reserve(chain.iter(), charge(BUDGET / 100));
                admitted.fetch_add(u64::from(held.is_ok()), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(admitted.into_inner(), 100);
}

/// The most that a call may cost.
const CEILING: u64 = 150_000;

#[test]
fn the_budget_holds_and_nearly_all_of_it_can_be_spent() {
    let setup = setup();
    let limits = [
        budget(BUDGET),
        Limit::new(Measure::Tokens, Cycle::DAY, BUDGET),
    ];
    let scopes = [key(), team(), Scope::gateway()];
    let [key, team, gateway] = scopes.map(|scope| setup.counters(&scope, &limits));
    let (spent, together) = (AtomicU64::new(0), Barrier::new(200));
    std::thread::scope(|scope| {
        for caller in 0..CALLS {
            // Not everybody comes the same way.
            let others = match caller % 2 {
                0 => [&team, &gateway],
                _ => [&gateway, &team],
            };
            let (setup, spent, together, key) = (&setup, &spent, &together, &key);
            scope.spawn(move || {
                let mut chain = Chain::default();
                chain.add(key);
                others.iter().for_each(|counters| chain.add(counters));
                together.wait();
                for call in caller.. {
                    let standing = setup.standing(key);
                    assert!(standing.spent + standing.reserved <= BUDGET);
                    if standing.spent + CEILING > BUDGET {
                        break;
                    }
                    spent.fetch_add(one_call(&setup.ledger, &chain, call), Ordering::Relaxed);
                }
            });
        }
    });
    let spent = spent.into_inner();
    assert_eq!(setup.used(&key), (spent, 0));
    assert_eq!(setup.used(&gateway), (spent, 0));
    assert!(spent <= BUDGET);
    assert!(spent >= BUDGET / 100 * 95, "{spent} of {BUDGET}");
}

/// A call whose first attempt is in vain, and whose next one is dearer. What it costs.
fn one_call(ledger: &Ledger, chain: &Chain, call: u64) -> u64 {
    let Ok(mut held) = ledger.reserve(chain.iter(), charge(CEILING / 3)) else {
        std::thread::yield_now();
        return 0;
    };
    if held.extend(&charge(CEILING / 3 * 2)).is_err() {
        held.release();
        std::thread::yield_now();
        return 0;
    }
    let cost = call * 7_919 % CEILING;
    held.settle(&charge(cost));
    cost
}
