//! What the threads of a gateway share: atomics, and a value that is replaced whole. Under
//! `cfg(loom)` they are loom's, which tries every interleaving.

use std::sync::Arc;

#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};

/// A value that is read without a lock and replaced whole.
#[cfg(not(loom))]
pub(crate) struct Current<T>(arc_swap::ArcSwap<T>);

#[cfg(not(loom))]
impl<T> Current<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self(arc_swap::ArcSwap::new(value))
    }

    pub(crate) fn load(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// Puts `next` in the place of `old` and gives it back; if somebody else was faster, gives what
    /// they put there.
    pub(crate) fn replace(&self, old: &Arc<T>, next: Arc<T>) -> Arc<T> {
        let before = self.0.compare_and_swap(old, Arc::clone(&next));
        if Arc::ptr_eq(&before, old) {
            return next;
        }
        Arc::clone(&before)
    }
}

/// The same for loom, which does not know `ArcSwap`: what it promises is what this lock keeps.
#[cfg(loom)]
pub(crate) struct Current<T>(loom::sync::Mutex<Arc<T>>);

#[cfg(loom)]
impl<T> Current<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn load(&self) -> Arc<T> {
        Arc::clone(&self.lock())
    }

    pub(crate) fn replace(&self, old: &Arc<T>, next: Arc<T>) -> Arc<T> {
        let mut current = self.lock();
        if Arc::ptr_eq(&current, old) {
            *current = next;
        }
        Arc::clone(&current)
    }

    fn lock(&self) -> loom::sync::MutexGuard<'_, Arc<T>> {
        let lock = self.0.lock();
        lock.unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
