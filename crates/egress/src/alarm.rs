use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ironward_core::{Fault, Timeouts};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::faults::{self, Phase};

/// A deadline that moves with every piece of a reply and costs next to nothing to move.
///
/// Putting a timer into the runtime's wheel and taking it out again takes a lock each; done per
/// request and per piece, it shows. So the timer is only touched when the deadline comes *closer*
/// than it is set; a deadline that moves away is noticed when the timer fires early, and the timer
/// is set again then. It travels with a pooled connection: in a steady state, a request sets none.
pub(crate) struct Alarm {
    sleep: Pin<Box<Sleep>>,
    set_to: Instant,
}

impl Alarm {
    /// An alarm that is not set yet.
    pub(crate) fn distant() -> Self {
        let deadline = after(Instant::now(), Duration::MAX);
        Self {
            sleep: Box::pin(sleep_until(deadline)),
            set_to: deadline,
        }
    }

    /// Ready when `deadline` is over.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        if deadline < self.set_to {
            self.set(deadline);
        }
        loop {
            ready!(self.sleep.as_mut().poll(cx));
            if deadline <= self.set_to {
                return Poll::Ready(());
            }
            self.set(deadline);
        }
    }

    fn set(&mut self, deadline: Instant) {
        self.sleep.as_mut().reset(deadline);
        self.set_to = deadline;
    }
}

/// What one attempt has to keep to. Deadlines are the runtime's instants, because the runtime's
/// timers keep them; what is measured and reported comes from the gateway's clock.
#[derive(Clone, Copy)]
pub(crate) struct Deadlines {
    begun: Instant,
    timeouts: Timeouts,
    stream: bool,
}

impl Deadlines {
    pub(crate) fn start(timeouts: &Timeouts, stream: bool) -> Self {
        Self {
            begun: Instant::now(),
            timeouts: *timeouts,
            stream,
        }
    }

    /// Until when a connection has to be there.
    pub(crate) fn connect(&self) -> Instant {
        after(self.begun, self.timeouts.connect).min(self.head())
    }

    /// Until when the reply has to begin.
    pub(crate) fn head(&self) -> Instant {
        let limit = self.timeouts.first_byte;
        if self.stream {
            after(self.begun, limit)
        } else {
            after(self.begun, limit.min(self.timeouts.total))
        }
    }

    /// What to say when the connection was not there in time.
    pub(crate) fn late_connect(&self) -> Fault {
        if self.timeouts.connect <= self.timeouts.first_byte {
            faults::timed_out(Phase::Connect, self.timeouts.connect)
        } else {
            self.late_head()
        }
    }

    /// What to say when the reply did not begin in time.
    pub(crate) fn late_head(&self) -> Fault {
        if !self.stream && self.timeouts.total < self.timeouts.first_byte {
            faults::timed_out(Phase::Total, self.timeouts.total)
        } else {
            faults::timed_out(Phase::Head, self.timeouts.first_byte)
        }
    }

    /// How long the body may take.
    pub(crate) fn patience(&self) -> Patience {
        let total = (!self.stream).then(|| after(self.begun, self.timeouts.total));
        self.patience_until(total)
    }

    /// How long the body of an error may take: a stream that failed is no stream.
    pub(crate) fn patience_with_error(&self) -> Patience {
        self.patience_until(Some(self.head()))
    }

    fn patience_until(&self, total: Option<Instant>) -> Patience {
        Patience {
            idle: self.timeouts.idle,
            total,
            total_limit: self.timeouts.total,
            waiting_since: None,
        }
    }
}

/// How long a body may still take: between two pieces, and as a whole when it is not a stream.
pub(crate) struct Patience {
    idle: Duration,
    total: Option<Instant>,
    total_limit: Duration,
    waiting_since: Option<Instant>,
}

impl Patience {
    /// A piece arrived.
    pub(crate) fn renew(&mut self) {
        self.waiting_since = None;
    }

    /// Nothing arrived: ready with a fault when that has lasted for too long. Only the time spent
    /// waiting for the provider counts, not the time that a slow reader takes.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, alarm: &mut Alarm) -> Poll<Fault> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let idle = after(since, self.idle);
        match self.total {
            Some(total) if total < idle => {
                ready!(alarm.poll(cx, total));
                Poll::Ready(faults::timed_out(Phase::Total, self.total_limit))
            }
            _ => {
                ready!(alarm.poll(cx, idle));
                Poll::Ready(faults::timed_out(Phase::Idle, self.idle))
            }
        }
    }
}

/// `start` and `limit` later; a limit beyond what the clock can express means a year.
fn after(start: Instant, limit: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    start.checked_add(limit.min(YEAR)).unwrap_or(start)
}

#[cfg(test)]
mod tests;
