use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Who waits on one thread for records to be written. Waking another thread is a system call: so the
/// writer wakes one of them, who wakes the others where they are.
#[derive(Default)]
pub(super) struct Waiting(Mutex<Vec<(u64, Waker)>>);

/// How far the journal has come, and whether it cannot be written now.
type Progress = (u64, bool);

/// Whether nobody has to wait for a record any more.
pub(super) const fn is_over(ticket: u64, (written, is_troubled): Progress) -> bool {
    ticket <= written || is_troubled
}

impl Waiting {
    /// Waits for this record, with the waker that it has now.
    pub(super) fn add(&self, ticket: u64, waker: &Waker) {
        let mut waiting = self.lock();
        match waiting.iter_mut().find(|(other, _)| *other == ticket) {
            Some((_, known)) => known.clone_from(waker),
            None => waiting.push((ticket, waker.clone())),
        }
    }

    /// Waits no more. Whoever was woken wakes the others.
    pub(super) fn leave(&self, ticket: u64, progress: Progress) {
        let mut waiting = self.lock();
        let own = waiting.iter().position(|(other, _)| *other == ticket);
        if let Some(own) = own {
            waiting.swap_remove(own);
        }
        let is_over = |(ticket, _): &mut (u64, Waker)| is_over(*ticket, progress);
        let woken: Vec<_> = waiting.extract_if(.., is_over).collect();
        drop(waiting);
        for (_, waker) in woken {
            waker.wake();
        }
    }

    /// Wakes one of those who need not wait any more.
    pub(super) fn wake_one(&self, progress: Progress) {
        let mut waiting = self.lock();
        let mut all = waiting.iter();
        let Some(found) = all.position(|(ticket, _)| is_over(*ticket, progress)) else {
            return;
        };
        let (_, waker) = waiting.swap_remove(found);
        drop(waiting);
        waker.wake();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(u64, Waker)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
