//! How long the polls of a data thread take. Only in builds with `--cfg tokio_unstable`, as
//! `cargo xtask bench polls` makes them: reading the clock twice for each poll is not free.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ironward_telemetry::PollsCounted;
use rustix::time::{ClockId, clock_gettime};

/// A data thread that computes for longer keeps its other calls waiting.
const LONG_US: u64 = 1_000;

/// The polls of one thread, in CPU time: what others of the machine take from it is not its doing.
#[derive(Default)]
pub(crate) struct Polls {
    begun_us: AtomicU64,
    count: AtomicU64,
    long: AtomicU64,
    longest_us: AtomicU64,
}

impl Polls {
    /// Counts those of the runtime that is built.
    pub(crate) fn of(builder: &mut tokio::runtime::Builder) -> Arc<Self> {
        let polls = Arc::new(Self::default());
        let (before, after) = (Arc::clone(&polls), Arc::clone(&polls));
        builder
            .on_before_task_poll(move |_| before.begin())
            .on_after_task_poll(move |_| after.end());
        polls
    }

    /// Says in the log what was counted.
    pub(crate) fn log(&self) {
        let counted = PollsCounted {
            polls: self.count.load(Ordering::Relaxed),
            long: self.long.load(Ordering::Relaxed),
            longest_us: self.longest_us.load(Ordering::Relaxed),
        };
        counted.emit();
    }

    fn begin(&self) {
        self.begun_us.store(now_us(), Ordering::Relaxed);
    }

    fn end(&self) {
        let took = now_us().saturating_sub(self.begun_us.load(Ordering::Relaxed));
        self.count.fetch_add(1, Ordering::Relaxed);
        self.long
            .fetch_add(u64::from(took > LONG_US), Ordering::Relaxed);
        self.longest_us.fetch_max(took, Ordering::Relaxed);
    }
}

fn now_us() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
    seconds * 1_000_000 + nanos / 1_000
}
