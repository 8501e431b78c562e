//! Any sequence of what can happen to a ledger, against a model that is simple enough to believe:
//! a list of all windows, and a list of all calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ironward_core::Money;
use ironward_policy::Cycle;
use ironward_testkit::FakeClock;
use proptest::prelude::*;

use crate::{Charge, Counters, Kind, Ledger, Limit, Measure, Reservation, Scope};

/// What each counter counts, and how often it starts anew.
fn counted() -> [(Measure, Cycle); 4] {
    [
        (Measure::Cost, Cycle::NEVER),
        (Measure::Cost, Cycle::MINUTE),
        (Measure::Tokens, Cycle::MINUTE),
        (Measure::Requests, Cycle::DAY),
    ]
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// In the counters of this mask.
    Reserve(u8, Charge),
    Extend(usize, Charge),
    Settle(usize, Charge),
    Release(usize),
    Drop(usize),
    Advance(u64),
    Limit(usize, Option<u64>),
    /// The node is killed, and starts again with what was stored: running calls are charged at their
    /// ceilings.
    Crash,
}

fn charges() -> impl Strategy<Value = Charge> {
    (0u64..40, 0u64..3, 0u64..20, 0u64..20).prop_map(|(cost, requests, input, output)| Charge {
        cost: Money::from_nanos(cost),
        requests,
        input,
        output,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    let milliseconds = prop_oneof![0u64..1_000, 50_000u64..70_000, Just(86_400_000)];
    prop_oneof![
        6 => (1u8..16, charges()).prop_map(|(mask, ceiling)| Step::Reserve(mask, ceiling)),
        2 => (any::<usize>(), charges()).prop_map(|(call, more)| Step::Extend(call, more)),
        3 => (any::<usize>(), charges()).prop_map(|(call, actual)| Step::Settle(call, actual)),
        1 => any::<usize>().prop_map(Step::Release),
        1 => any::<usize>().prop_map(Step::Drop),
        2 => milliseconds.prop_map(Step::Advance),
        2 => (0usize..4, proptest::option::of(0u64..200)).prop_map(|(at, most)| Step::Limit(at, most)),
        1 => Just(Step::Crash),
    ]
}

/// A call of the model: its counters with the windows in which it was let in.
struct Call {
    at: u64,
    windows: Vec<(usize, u64)>,
    ceiling: Charge,
}

/// What is spent and reserved in each window of each counter, by the start of the window.
#[derive(Default)]
struct Model {
    most: [Option<u64>; 4],
    windows: BTreeMap<(usize, u64), (u64, u64)>,
    calls: Vec<Call>,
}

impl Model {
    /// Whether all windows have room, and what they hold then.
    fn reserve(&mut self, windows: &[(usize, u64)], charge: &Charge) -> bool {
        let has_room = windows.iter().all(|window| {
            let (spent, reserved) = self.windows.get(window).copied().unwrap_or_default();
            let (ask, most) = (ask(window.0, charge), self.most[window.0]);
            ask == 0 || most.is_none_or(|most| spent + reserved + ask <= most)
        });
        for window in windows.iter().filter(|_| has_room) {
            self.windows.entry(*window).or_default().1 += ask(window.0, charge);
        }
        has_room
    }

    fn settle(&mut self, call: &Call, actual: &Charge) {
        for window in &call.windows {
            let (spent, reserved) = self.windows.get_mut(window).unwrap();
            *spent += ask(window.0, actual);
            *reserved -= ask(window.0, &call.ceiling);
        }
    }
}

fn ask(counter: usize, charge: &Charge) -> u64 {
    counted()[counter].0.of(charge)
}

fn scope(counter: usize) -> Scope {
    Scope::new(Kind::Key, &counter.to_string())
}

/// The ledger beside its model.
struct Both {
    clock: Arc<FakeClock>,
    ledger: Ledger,
    counters: Vec<Counters>,
    reservations: Vec<Reservation>,
    model: Model,
}

impl Both {
    fn new(most: [Option<u64>; 4]) -> Self {
        let clock = Arc::new(FakeClock::new());
        let mut both = Self {
            ledger: Ledger::new(clock.clone(), 1_000),
            clock,
            counters: Vec::new(),
            reservations: Vec::new(),
            model: Model {
                most,
                ..Model::default()
            },
        };
        both.configure();
        both
    }

    fn configure(&mut self) {
        let counters = counted().into_iter().zip(self.model.most).enumerate();
        let counters = counters.map(|(at, ((measure, cycle), most))| {
            let limit = Limit {
                most,
                ..Limit::new(measure, cycle, 0)
            };
            self.ledger.counters(&scope(at), &[limit]).unwrap()
        });
        self.counters = counters.collect();
    }

    fn window(&self, counter: usize) -> (usize, u64) {
        let span = counted()[counter].1.span(self.ledger.now());
        (counter, span.start)
    }

    fn take(&mut self, step: Step) {
        let running = self.reservations.len();
        match step {
            Step::Reserve(mask, ceiling) => self.reserve(mask, ceiling),
            Step::Advance(milliseconds) => {
                self.clock.advance(Duration::from_millis(milliseconds));
            }
            Step::Limit(at, most) => {
                self.model.most[at] = most;
                self.configure();
            }
            Step::Crash => self.crash(),
            Step::Extend(..) | Step::Settle(..) | Step::Release(_) | Step::Drop(_)
                if running == 0 => {}
            Step::Extend(call, more) => self.extend(call % running, &more),
            Step::Settle(call, actual) => {
                let (held, call) = self.end(call % running);
                held.settle(&actual);
                self.model.settle(&call, &actual);
            }
            Step::Release(call) => {
                let (held, call) = self.end(call % running);
                held.release();
                self.model.settle(&call, &Charge::default());
            }
            Step::Drop(call) => {
                let (held, call) = self.end(call % running);
                drop(held);
                self.model.settle(&call, &call.ceiling);
            }
        }
    }

    fn reserve(&mut self, mask: u8, ceiling: Charge) {
        let chosen: Vec<usize> = (0..4).filter(|at| mask & (1 << at) != 0).collect();
        let windows: Vec<_> = chosen.iter().map(|at| self.window(*at)).collect();
        let counters = chosen.iter().map(|at| &*self.counters[*at][0]);
        let held = self.ledger.reserve(counters, ceiling);
        assert_eq!(held.is_ok(), self.model.reserve(&windows, &ceiling));
        let Ok(held) = held else { return };
        for (counter, start) in &windows {
            let (spent, reserved) = self.model.windows[&(*counter, *start)];
            let most = self.model.most[*counter].unwrap_or(u64::MAX);
            assert!(ask(*counter, &ceiling) == 0 || spent + reserved <= most);
        }
        self.reservations.push(held);
        self.model.calls.push(Call {
            at: self.ledger.now(),
            windows,
            ceiling,
        });
    }

    fn extend(&mut self, call: usize, more: &Charge) {
        let windows = self.model.calls[call].windows.clone();
        let is_extended = self.model.reserve(&windows, more);
        assert_eq!(self.reservations[call].extend(more).is_ok(), is_extended);
        if is_extended {
            let call = &mut self.model.calls[call];
            call.ceiling = call.ceiling.plus(more);
        }
    }

    fn end(&mut self, call: usize) -> (Reservation, Call) {
        let held = self.reservations.swap_remove(call);
        (held, self.model.calls.swap_remove(call))
    }

    fn crash(&mut self) {
        let stored = self.ledger.standings();
        self.ledger = Ledger::new(self.clock.clone(), 1_000);
        for one in stored {
            let counted = (one.measure, one.cycle);
            let loaded = self
                .ledger
                .load(&one.scope, counted, one.span.start, one.spent);
            loaded.unwrap();
        }
        self.reservations.clear();
        for call in std::mem::take(&mut self.model.calls) {
            for (counter, _) in &call.windows {
                let (spent, of) = (ask(*counter, &call.ceiling), counted()[*counter]);
                self.ledger
                    .load(&scope(*counter), of, call.at, spent)
                    .unwrap();
            }
            self.model.settle(&call, &call.ceiling);
        }
        self.configure();
    }

    /// That every counter stands as the model says.
    fn compare(&self) {
        for (at, counters) in self.counters.iter().enumerate() {
            let found = counters[0].standing(self.ledger.now());
            let window = self.model.windows.get(&self.window(at));
            let expected = window.copied().unwrap_or_default();
            assert_eq!((found.spent, found.reserved), expected, "{at}");
            assert_eq!(found.most, self.model.most[at]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn the_ledger_is_its_model(
        most in proptest::array::uniform4(proptest::option::of(0u64..200)),
        steps in proptest::collection::vec(steps(), 1..60),
    ) {
        let mut both = Both::new(most);
        for step in steps {
            both.take(step);
            both.compare();
        }
    }
}
