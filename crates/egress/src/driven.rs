use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// How often a connection and what waits for it are polled in turn before other tasks are let in.
const ROUNDS: usize = 64;

/// A connection that is moved by whoever waits for it, in the same task.
///
/// With a task of its own, every request and every piece of a reply would cost a wake-up of that
/// task and one of the task that waits. Here both are polled in turn until neither has anything
/// more to do. Nobody polls a connection that rests; what happens to it then is [`stirred`].
///
/// [`stirred`]: Driven::is_stirred
pub(crate) struct Driven {
    /// `None` when it has ended. What went wrong reaches the request that is on it.
    connection: Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>,
    notice: Arc<Notice>,
    /// Made from `notice`, once.
    waker: Waker,
}

impl Driven {
    pub(crate) fn new(
        connection: impl Future<Output = hyper::Result<()>> + Send + 'static,
    ) -> Self {
        let notice = Notice::new();
        Self {
            connection: Some(Box::pin(connection)),
            waker: Waker::from(Arc::clone(&notice)),
            notice,
        }
    }

    /// Polls `step` and, as long as that has to wait, the connection.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &Context<'_>,
        mut step: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.notice.wakes(cx.waker());
        let mut inner = Context::from_waker(&self.waker);
        for _ in 0..ROUNDS {
            self.notice.begin();
            let result = step(&mut inner);
            if result.is_ready() {
                self.notice.end();
                return result;
            }
            if let Some(connection) = &mut self.connection
                && connection.as_mut().poll(&mut inner).is_ready()
            {
                // Dropping it tells whoever waits, and closes the socket.
                self.connection = None;
            }
            if self.notice.end_quiet() {
                return Poll::Pending;
            }
        }
        self.notice.end();
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Lets the connection do what it has to do for itself, without anybody to be woken after.
    pub(crate) fn settle(&mut self) {
        let cx = Context::from_waker(Waker::noop());
        let _pending = self.poll(&cx, |_| Poll::<()>::Pending);
    }

    /// Whether something has happened on the connection since it was polled: the peer closed it,
    /// or sent what nobody asked for.
    pub(crate) fn is_stirred(&self) -> bool {
        self.notice.is_woken()
    }
}

/// What wakes a connection. While the connection is polled, a wake-up means another round; only
/// otherwise it reaches the task. The two ends of hyper's channels wake each other with every
/// piece: each would schedule a task that is running already.
struct Notice {
    state: AtomicU8,
    task: Mutex<Waker>,
}

const POLLED: u8 = 1;
const WOKEN: u8 = 2;

impl Notice {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: AtomicU8::new(0),
            task: Mutex::new(Waker::noop().clone()),
        })
    }

    /// From now on, `waker` is woken. Everything is polled after this: what has happened before
    /// needs no wake-up.
    fn wakes(&self, waker: &Waker) {
        lock(&self.task).clone_from(waker);
    }

    fn begin(&self) {
        self.state.swap(POLLED, Ordering::AcqRel);
    }

    fn end(&self) {
        self.state.fetch_and(!POLLED, Ordering::AcqRel);
    }

    /// Ends the round, unless there was a wake-up in it.
    fn end_quiet(&self) -> bool {
        self.state
            .compare_exchange(POLLED, 0, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    fn is_woken(&self) -> bool {
        self.state.load(Ordering::Acquire) & WOKEN != 0
    }
}

impl Wake for Notice {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.fetch_or(WOKEN, Ordering::AcqRel) == 0 {
            let task = lock(&self.task).clone();
            task.wake();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
