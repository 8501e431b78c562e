//! Keeps what calls have noted: when keys and credentials were used last.

use std::convert::Infallible;
use std::time::Duration;

use ironward_store::{Directory, Store};
use ironward_telemetry::StoreFailed;
use tokio::time::MissedTickBehavior;

/// How often. A node that dies without a word loses no more than that, and an answer of another one
/// may be as old.
const EVERY: Duration = Duration::from_secs(30);
/// How long it may take at the end: a database that is gone holds nobody up.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads what is kept, and keeps what is noted, for as long as it is polled. While the database is
/// away nothing is lost by that: each key holds its own last use, and it is written later.
#[expect(
    clippy::infinite_loop,
    reason = "it goes on until whoever awaits it lets it go"
)]
pub(crate) async fn follow(store: &Store, directory: &Directory) -> Infallible {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut is_read, mut is_failing) = (false, false);
    loop {
        tick.tick().await;
        let outcome = if is_read {
            store.keep_uses(directory).await.map(drop)
        } else {
            store.read_all_uses(directory).await
        };
        match outcome {
            Ok(()) => (is_read, is_failing) = (true, false),
            Err(error) if !std::mem::replace(&mut is_failing, true) => {
                let what = "last uses of keys and credentials are kept when it works again";
                let error = &error;
                StoreFailed { what, error }.emit();
            }
            Err(_) => {}
        }
    }
}

/// Keeps what is noted by the calls that have just ended.
pub(crate) async fn keep_at_end(store: &Store, directory: &Directory) {
    let outcome = tokio::time::timeout(PATIENCE, store.keep_uses(directory)).await;
    if let Ok(Err(error)) = outcome {
        let what = "the last uses of the last half minute are not kept";
        let error = &error;
        StoreFailed { what, error }.emit();
    }
}
