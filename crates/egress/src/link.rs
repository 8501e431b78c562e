use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use ironward_core::Fault;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::client::TlsStream;

use crate::alarm::{Alarm, Deadlines};
use crate::driven::Driven;
use crate::faults;

/// A request whose body is whole.
pub(crate) type Outgoing = Request<Full<Bytes>>;

/// The largest head of a reply, in bytes; hyper also stops at 100 headers.
const HEAD_LIMIT: usize = 64 << 10;

/// How often a peer that owes a reply is asked whether it is still there, and how long it has to
/// say so.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// What one request is sent on.
pub(crate) enum Link {
    /// A connection of its own (HTTP/1.1).
    Whole(Whole),
    /// A stream of a shared connection (HTTP/2).
    Stream(Stream),
}

/// An HTTP/1.1 connection. It lives as long as this handle: dropping it closes the socket at once,
/// even when the peer no longer reads what is being written.
pub(crate) struct Whole {
    sender: http1::SendRequest<Full<Bytes>>,
    driven: Driven,
    alarm: Alarm,
}

/// The task that moves the bytes of a shared connection.
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why a request has no reply.
pub(crate) struct Setback {
    pub(crate) fault: Fault,
    /// The request, when it is certain that the provider has not processed any of it.
    pub(crate) unsent: Option<Box<Outgoing>>,
}

impl Whole {
    pub(crate) async fn start<S>(stream: S) -> Result<Self, Fault>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::Builder::new()
            .max_header_size(HEAD_LIMIT)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| faults::no_reply(&error))?;
        Ok(Self {
            sender,
            driven: Driven::new(connection),
            alarm: Alarm::distant(),
        })
    }

    /// Brings the connection to rest after its reply. False when it cannot be used again: it is
    /// closed, or the reply came before the request was written, and nobody would write the rest.
    pub(crate) fn rest(&mut self) -> bool {
        self.driven.settle();
        self.sender.is_ready()
    }

    /// Whether a connection that rested is still fit for a request, as far as the runtime has
    /// heard of it.
    pub(crate) fn is_fit(&mut self) -> bool {
        if self.driven.is_stirred() {
            self.driven.settle();
        }
        self.sender.is_ready()
    }

    /// Whether something has happened to it while it rested.
    pub(crate) fn is_stirred(&self) -> bool {
        self.driven.is_stirred()
    }
}

type H2Connection = http2::Connection<TokioIo<TlsStream<TcpStream>>, Full<Bytes>, TokioExecutor>;

/// An HTTP/2 connection, shared by the requests that are on it.
pub(crate) struct Shared {
    sender: http2::SendRequest<Full<Bytes>>,
    /// Also polled by the driver, which takes it away when it has ended; here because only it
    /// knows the peer's current limit.
    connection: Arc<Mutex<Option<H2Connection>>>,
    streams: AtomicUsize,
    retired: AtomicBool,
    _driver: Driver,
}

/// A place among the streams of a shared connection; given back when dropped.
pub(crate) struct Stream {
    shared: Arc<Shared>,
    alarm: Alarm,
}

impl Shared {
    pub(crate) async fn start(stream: TlsStream<TcpStream>) -> Result<Arc<Self>, Fault> {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .max_header_list_size(u32::try_from(HEAD_LIMIT).unwrap_or(u32::MAX))
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| faults::no_reply(&error))?;
        let connection = Arc::new(Mutex::new(Some(connection)));
        let driven = Arc::clone(&connection);
        let driver = tokio::spawn(std::future::poll_fn(move |cx| {
            let mut connection = lock(&driven);
            if let Some(running) = connection.as_mut() {
                drop(ready!(Pin::new(running).poll(cx)));
                // Requests that are still in its queue come back as unsent when it is dropped.
                *connection = None;
            }
            Poll::Ready(())
        }));
        Ok(Arc::new(Self {
            sender,
            connection,
            streams: AtomicUsize::new(0),
            retired: AtomicBool::new(false),
            _driver: Driver(driver.abort_handle()),
        }))
    }

    /// A stream, unless the peer's limit is reached: a request beyond it would wait for others to
    /// end. Called under the lane's lock, so that no two callers take the last place.
    pub(crate) fn reserve(self: &Arc<Self>) -> Option<Stream> {
        // Until the peer's settings arrive (one round trip), the limit is hyper's assumption of 100.
        let limit = lock(&self.connection)
            .as_ref()
            .map_or(0, H2Connection::current_max_send_streams);
        (self.streams.load(Ordering::Relaxed) < limit).then(|| self.occupy())
    }

    /// A stream regardless of the limit, for the request that the connection was made for.
    pub(crate) fn occupy(self: &Arc<Self>) -> Stream {
        self.streams.fetch_add(1, Ordering::Relaxed);
        Stream {
            shared: Arc::clone(self),
            alarm: Alarm::distant(),
        }
    }

    /// Whether new streams may still be opened.
    pub(crate) fn is_open(&self) -> bool {
        !self.retired.load(Ordering::Relaxed) && !self.sender.is_closed()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.streams.load(Ordering::Relaxed) == 0
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Link {
    /// Whether a request can be sent now.
    pub(crate) fn is_fit(&mut self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_fit(),
            Self::Stream(stream) => stream.shared.is_open(),
        }
    }

    /// Polls what waits for this link, and the connection with it where nobody else does.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut step: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        match self {
            Self::Whole(whole) => whole.driven.poll(cx, step),
            Self::Stream(_) => step(cx),
        }
    }

    pub(crate) fn is_stream(&self) -> bool {
        matches!(self, Self::Stream(_))
    }

    pub(crate) fn alarm(&mut self) -> &mut Alarm {
        match self {
            Self::Whole(whole) => &mut whole.alarm,
            Self::Stream(stream) => &mut stream.alarm,
        }
    }

    /// Sends the request and waits for the head of the reply.
    pub(crate) async fn send(
        &mut self,
        request: Outgoing,
        deadlines: &Deadlines,
    ) -> Result<Response<Incoming>, Setback> {
        match self {
            Self::Whole(whole) => {
                others_first().await;
                let mut reply = pin!(whole.sender.try_send_request(request));
                let driven = &mut whole.driven;
                let reply = |cx: &mut Context<'_>| driven.poll(cx, |cx| reply.as_mut().poll(cx));
                await_head(reply, &mut whole.alarm, deadlines).await
            }
            Self::Stream(stream) => {
                // hyper gives a request back that never became a stream. A stream that the peer
                // refused it does not, so there has to be a copy to repeat it from.
                let copy = request.clone();
                let mut reply = pin!(stream.shared.sender.clone().try_send_request(request));
                let reply = |cx: &mut Context<'_>| reply.as_mut().poll(cx);
                let result = await_head(reply, &mut stream.alarm, deadlines).await;
                result.map_err(|failed| stream.judge(failed, copy))
            }
        }
        .map_err(|failed| failed.into_setback(deadlines))
    }
}

impl Stream {
    /// A stream that the peer refused, or that came after the last one it took before it began to
    /// close (RFC 9113, 6.8 and 8.7), was not processed: it may be sent again elsewhere.
    fn judge(&self, failed: Failed, copy: Outgoing) -> Failed {
        let Failed::Connection { error, unsent } = failed else {
            return failed;
        };
        let refused = std::error::Error::source(&error)
            .and_then(|source| source.downcast_ref::<h2::Error>())
            .is_some_and(|error| {
                error.is_remote()
                    && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
            });
        if refused || unsent.is_some() {
            self.shared.retired.store(true, Ordering::Relaxed);
        }
        Failed::Connection {
            error,
            unsent: unsent.or_else(|| refused.then(|| Box::new(copy))),
        }
    }
}

enum Failed {
    Late,
    Connection {
        error: hyper::Error,
        unsent: Option<Box<Outgoing>>,
    },
}

impl Failed {
    fn into_setback(self, deadlines: &Deadlines) -> Setback {
        match self {
            Self::Late => Setback {
                fault: deadlines.late_head(),
                unsent: None,
            },
            Self::Connection { error, unsent } => Setback {
                fault: faults::no_reply(&error),
                unsent,
            },
        }
    }
}

/// Lets the tasks go first that are ready too. They bring their requests as far, and then all are
/// written one right after the other: a peer on the same machine is woken for all of them, and not
/// for each. Its wake-ups cost the writer more than this turn does.
async fn others_first() {
    let mut waited = false;
    std::future::poll_fn(|cx| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn await_head(
    mut reply: impl FnMut(&mut Context<'_>) -> Poll<Result<Response<Incoming>, TrySendError<Outgoing>>>,
    alarm: &mut Alarm,
    deadlines: &Deadlines,
) -> Result<Response<Incoming>, Failed> {
    let deadline = deadlines.head();
    std::future::poll_fn(|cx| {
        if let Poll::Ready(result) = reply(cx) {
            return Poll::Ready(result.map_err(|mut failed| Failed::Connection {
                // The message comes back only when hyper has not begun to write it. That is the
                // one case in which a request may be repeated here: a provider that has seen it
                // may have run it, and a model call is neither free nor idempotent.
                unsent: failed.take_message().map(Box::new),
                error: failed.into_error(),
            }));
        }
        alarm.poll(cx, deadline).map(|()| Err(Failed::Late))
    })
    .await
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
