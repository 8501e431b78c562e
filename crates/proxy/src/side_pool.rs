use std::sync::Arc;

use ironward_core::{Fault, FaultKind};
use tokio::sync::Semaphore;

/// What is done with the bytes. A data thread serves its other calls only when the work is over, so
/// it takes no more than what is done well within a millisecond.
///
/// The times were measured with 256 KiB of a prompt, of a long conversation and of tools, on a
/// virtual machine of two EPYC cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Read, or passed on in the dialect that they came in: up to 0.9 ns a byte, and 2.3 ns where a
    /// body is refused at its end. A caller who wants to be slow can have 12 and 20 ns.
    Pass,
    /// Put into another dialect: 2 to 9 ns a byte.
    Translate,
}

impl Work {
    /// How many bytes are worked on where the call runs.
    pub(crate) const fn inline_limit(self) -> usize {
        match self {
            Self::Pass => 256 << 10,
            Self::Translate => 64 << 10,
        }
    }
}

/// Work on more bytes than this ends a call's turn on its data thread.
const TURN: usize = 32 << 10;

/// Works on many bytes beside the data threads, so that their other calls don't wait. All of them
/// share it: whoever sends many large bodies at once gets no more of the machine than its places.
#[derive(Debug)]
pub struct SidePool(Arc<Semaphore>);

impl SidePool {
    /// A pool that does `places` works at once; the others wait for their turn.
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
    }

    /// Runs `run` on `size` bytes: at once when they are few for such work, else on the pool.
    pub(crate) async fn run<T, F>(&self, work: Work, size: usize, run: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, Fault> + Send + 'static,
    {
        if size <= work.inline_limit() {
            let outcome = run();
            // One work after the other, and what is sent and received between them, would add up in
            // one poll.
            if size > TURN {
                tokio::task::yield_now().await;
            }
            return outcome;
        }
        let place = Arc::clone(&self.0).acquire_owned().await.map_err(failed)?;
        let run = move || {
            let outcome = run();
            drop(place);
            outcome
        };
        tokio::task::spawn_blocking(run)
            .await
            .unwrap_or_else(|error| Err(failed(error)))
    }
}

fn failed(error: impl std::fmt::Display) -> Fault {
    Fault::gateway(
        FaultKind::Internal,
        "the gateway failed while it worked on the body",
    )
    .with_cause(error)
}

#[cfg(test)]
mod tests;
