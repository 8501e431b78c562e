use std::time::{Instant, SystemTime};

/// Where time comes from; tests bring their own.
pub trait Clock: Send + Sync {
    /// A monotonic instant, to measure durations.
    fn now(&self) -> Instant;
    /// The wall clock, to stamp what people read.
    fn wall(&self) -> SystemTime;
}

/// Where unpredictable bytes come from; tests bring their own.
pub trait Random: Send + Sync {
    /// Fills `bytes`. An implementation that is asked for secrets draws from the operating system.
    fn fill(&self, bytes: &mut [u8]);
}

/// The machine's own clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the machine's clocks"
)]
impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}
