use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Counts the running calls of all threads, so that a limit on parallel calls can hold, and says
/// whether new ones are taken.
#[derive(Debug, Default)]
pub struct InFlight {
    calls: AtomicUsize,
    draining: AtomicBool,
    /// Whether the journal cannot be written.
    unrecorded: AtomicBool,
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

    /// Whether what happens can be recorded.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        !self.unrecorded.load(Ordering::Acquire)
    }

    /// Says whether what happens can be recorded: readiness depends on it.
    pub fn note_recorded(&self, is_recorded: bool) {
        self.unrecorded.store(!is_recorded, Ordering::Release);
    }

    /// Takes no new calls from now on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::AcqRel);
    }
}
