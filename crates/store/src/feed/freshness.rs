use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ironward_core::Clock;

/// Since when the directory may be out of date. Reading it takes no lock.
pub struct Freshness {
    clock: Arc<dyn Clock>,
    start: Instant,
    /// Milliseconds from `start` to the begin of the last check that succeeded, plus 1; 0: none.
    checked: AtomicU64,
}

impl Freshness {
    /// Of a directory that was never checked.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            start: clock.now(),
            clock,
            checked: AtomicU64::new(0),
        }
    }

    /// How long ago the directory was known to be what the store says; `None`: never, it comes
    /// from the snapshot.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        let checked = self.checked.load(Ordering::Acquire).checked_sub(1)?;
        let now = self.clock.now().saturating_duration_since(self.start);
        Some(now.saturating_sub(Duration::from_millis(checked)))
    }

    /// Whether it was not checked within `limit`.
    #[must_use]
    pub fn is_stale(&self, limit: Duration) -> bool {
        self.age().is_none_or(|age| age > limit)
    }

    /// Whether the store was lost for longer than `limit` after it had been there. A directory that
    /// comes from the snapshot alone never had it: that is how a node starts while it is down.
    #[must_use]
    pub fn is_cut_off(&self, limit: Duration) -> bool {
        self.age().is_some_and(|age| age > limit)
    }

    /// A check that began at `begun` has succeeded: the directory was then what the store says.
    pub fn checked(&self, begun: Instant) {
        let passed = begun.saturating_duration_since(self.start).as_millis();
        let passed = u64::try_from(passed).unwrap_or(u64::MAX - 1);
        self.checked.fetch_max(passed + 1, Ordering::AcqRel);
    }
}
