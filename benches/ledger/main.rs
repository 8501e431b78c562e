//! What reserving before a call and settling after it cost the thread that serves it, at eight scopes:
//! with a budget each, and with a budget and limits of requests and tokens each. Prints nanoseconds.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a program that measures and prints"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ironward_core::{Money, SystemClock};
use ironward_ledger::{Chain, Charge, Kind, Ledger, Limit, Measure, Scope};
use ironward_policy::{Cycle, Period};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CALLS: usize = 100_000;
const ROUNDS: usize = 15;
/// More than all rounds take.
const ENOUGH: u64 = u64::MAX / 4;

fn main() {
    let month: Period = "1mo".parse().unwrap_or(Period::NINETY_DAYS);
    let budget = Limit::budget(Money::from_nanos(ENOUGH), month.cycle(None));
    let all = [
        budget,
        Limit::new(Measure::Requests, Cycle::MINUTE, ENOUGH),
        Limit::new(Measure::Tokens, Cycle::MINUTE, ENOUGH),
    ];
    println!(
        "{}",
        json!({
            "budgets_ns": measure(&[budget], 1),
            "budgets_and_limits_ns": measure(&all, 1),
            "budgets_two_threads_ns": measure(&[budget], 2),
            "budgets_and_limits_two_threads_ns": measure(&all, 2),
        })
    );
}

/// The fastest of many rounds, a call. Threads share every scope but the key.
fn measure(limits: &[Limit], threads: usize) -> f64 {
    let ledger = Ledger::new(Arc::new(SystemClock), 1_000);
    let chains: Vec<Chain> = (0..threads)
        .map(|thread| chain(&ledger, limits, thread))
        .collect();
    (0..ROUNDS)
        .map(|_| {
            let slowest = AtomicU64::new(0);
            std::thread::scope(|scope| {
                for chain in &chains {
                    scope.spawn(|| {
                        let took = round(&ledger, chain).as_nanos();
                        let took = u64::try_from(took).unwrap_or(u64::MAX);
                        slowest.fetch_max(took, Ordering::Relaxed);
                    });
                }
            });
            slowest.into_inner() as f64 / CALLS as f64
        })
        .fold(f64::MAX, f64::min)
}

fn chain(ledger: &Ledger, limits: &[Limit], thread: usize) -> Chain {
    let team = Scope::new(Kind::Team, "research");
    let scopes = [
        Scope::new(Kind::Key, &format!("7h2k9m4n8p1q{thread}")),
        Scope::new(Kind::User, "u"),
        Scope::new(Kind::Member, "u").of(team.clone()),
        Scope::new(Kind::Project, "p"),
        Scope::new(Kind::Model, "gpt-4o").of(team.clone()),
        team,
        Scope::new(Kind::Organisation, "o"),
        Scope::gateway(),
    ];
    let mut chain = Chain::default();
    for scope in &scopes {
        chain.add(&ledger.counters(scope, limits).unwrap_or_default());
    }
    chain
}

fn round(ledger: &Ledger, chain: &Chain) -> Duration {
    let ceiling = Charge::request(Money::from_nanos(1_500_000), 4_000, 1_000);
    let actual = Charge::request(Money::from_nanos(400_000), 900, 300);
    let begun = Instant::now();
    for _ in 0..CALLS {
        if let Ok(reservation) = ledger.reserve(chain.iter(), ceiling) {
            reservation.settle(&actual);
        }
    }
    begun.elapsed()
}
