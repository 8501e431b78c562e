use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use ironward_core::Clock;

/// A clock that stands still until it is told to move.
#[derive(Debug)]
pub struct FakeClock {
    start: Instant,
    passed: Mutex<Duration>,
}

impl FakeClock {
    /// A clock whose wall time is 2026-01-01T00:00:00Z.
    #[must_use]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            passed: Mutex::new(Duration::ZERO),
        }
    }

    /// Moves both the monotonic and the wall clock forward.
    pub fn advance(&self, by: Duration) {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    fn passed(&self) -> Duration {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Instant {
        self.start + self.passed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(EPOCH) + self.passed()
    }
}

/// 2026-01-01T00:00:00Z.
const EPOCH: u64 = 1_767_225_600;

#[cfg(test)]
mod tests {
    use super::{Clock, Duration, FakeClock};

    #[test]
    fn both_clocks_move_together_and_only_when_told() {
        let clock = FakeClock::new();
        let (now, wall) = (clock.now(), clock.wall());
        assert_eq!((clock.now(), clock.wall()), (now, wall));
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.now() - now, Duration::from_secs(90));
        assert_eq!(
            clock.wall().duration_since(wall).unwrap(),
            Duration::from_secs(90)
        );
    }
}
