use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// How long a client may leave unread what is ready for it.
pub(super) struct Patience {
    limit: Duration,
    /// Runs while the client is waited for; made only then, as most clients read.
    clock: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    pub(super) const fn new(limit: Duration) -> Self {
        Self { limit, clock: None }
    }

    /// The client has read something, or nothing is there to be read.
    pub(super) fn renew(&mut self) {
        self.clock = None;
    }

    /// Ready when the client has read nothing since the first poll after it was renewed, for too
    /// long.
    pub(super) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        let clock = self.clock.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(clock.as_mut().poll(context));
        // Nobody may poll it again once it is ready.
        self.clock = None;
        Poll::Ready(())
    }
}
