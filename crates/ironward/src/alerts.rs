//! Says when what is spent has reached a soft budget.

use std::convert::Infallible;
use std::time::Duration;

use ironward_core::Money;
use ironward_ledger::{Crossing, Ledger, Measure};
use ironward_telemetry::SoftBudgetReached;
use tokio::time::MissedTickBehavior;

/// How often somebody looks.
const EVERY: Duration = Duration::from_secs(1);

/// Looks for as long as it is polled.
#[expect(
    clippy::infinite_loop,
    reason = "it goes on until whoever awaits it lets it go"
)]
pub(crate) async fn watch(ledger: &Ledger) -> Infallible {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        ledger.crossings().iter().for_each(say);
    }
}

fn say(crossing: &Crossing) {
    if crossing.measure == Measure::Cost {
        SoftBudgetReached {
            scope: &crossing.scope,
            budget: Money::from_nanos(crossing.soft),
            spent: Money::from_nanos(crossing.spent),
        }
        .emit();
    }
}
