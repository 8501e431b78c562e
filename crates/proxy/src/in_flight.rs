use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts the running calls of all threads, so that a drain can wait for them and a limit on
/// parallel calls can hold.
#[derive(Debug, Default)]
pub struct InFlight {
    calls: AtomicUsize,
    draining: AtomicBool,
    emptied: Notify,
}

/// One running call; dropping it ends the call.
#[derive(Debug)]
pub(crate) struct Slot(Arc<InFlight>);

impl InFlight {
    /// Takes a slot unless `limit` calls are running already.
    pub(crate) fn enter(self: &Arc<Self>, limit: Option<usize>) -> Option<Slot> {
        let limit = limit.unwrap_or(usize::MAX);
        self.calls
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |calls| {
                (calls < limit).then_some(calls + 1)
            })
            .ok()?;
        Some(Slot(Arc::clone(self)))
    }

    /// How many calls are running.
    #[must_use]
    pub fn count(&self) -> usize {
        self.calls.load(Ordering::Acquire)
    }

    /// Whether no new calls are taken.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Takes no new calls from now on and waits until the running ones are over.
    pub async fn drain(&self) {
        self.draining.store(true, Ordering::Release);
        loop {
            let emptied = self.emptied.notified();
            if self.count() == 0 {
                return;
            }
            emptied.await;
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.0.calls.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.emptied.notify_waiters();
        }
    }
}
