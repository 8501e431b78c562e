use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::uri::{self, Uri};
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use ironward_core::{Fault, Pieces};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::client::TlsStream;

use crate::alarm::{Alarm, Deadlines};
use crate::faults;
use crate::http1::Head;
use crate::link::{Setback, in_time};
use crate::outgoing::Outgoing;
use crate::pool::Lane;

/// The largest head of a reply, in bytes.
const HEAD_LIMIT: u32 = 64 << 10;

/// How often a peer that owes a reply is asked whether it is still there, and how long it has to
/// say so.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

type Connection = http2::Connection<TokioIo<TlsStream<TcpStream>>, Sent, TokioExecutor>;

/// An HTTP/2 connection, shared by the requests that are on it.
pub(crate) struct Shared {
    sender: http2::SendRequest<Sent>,
    /// Also polled by the driver, which takes it away when it has ended; here because only it
    /// knows the peer's current limit.
    connection: Arc<Mutex<Option<Connection>>>,
    streams: AtomicUsize,
    retired: AtomicBool,
    _driver: Driver,
}

/// The task that moves the bytes of a shared connection.
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A place among the streams of a shared connection; given back when dropped.
pub(crate) struct Stream {
    shared: Arc<Shared>,
    pub(crate) alarm: Alarm,
    /// The body of the reply, once its head is there.
    incoming: Option<Incoming>,
}

impl Shared {
    pub(crate) async fn start(stream: TlsStream<TcpStream>) -> Result<Arc<Self>, Fault> {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .max_header_list_size(HEAD_LIMIT)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| faults::no_stream(&error))?;
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
            .map_or(0, Connection::current_max_send_streams);
        (self.streams.load(Ordering::Relaxed) < limit).then(|| self.occupy())
    }

    /// A stream regardless of the limit, for the request that the connection was made for.
    pub(crate) fn occupy(self: &Arc<Self>) -> Stream {
        self.streams.fetch_add(1, Ordering::Relaxed);
        Stream {
            shared: Arc::clone(self),
            alarm: Alarm::distant(),
            incoming: None,
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

impl Stream {
    pub(crate) fn is_open(&self) -> bool {
        self.shared.is_open()
    }

    /// Sends the request and waits for the head of the reply.
    pub(crate) async fn send(
        &mut self,
        request: Outgoing,
        lane: &Lane,
        deadlines: &Deadlines,
    ) -> Result<Head, Setback> {
        // hyper gives a request back that never became a stream. A stream that the peer refused it
        // does not, so this is always sent from a copy.
        let copy = addressed(&request, lane);
        let mut reply = pin!(self.shared.sender.clone().try_send_request(copy));
        let reply = |cx: &mut Context<'_>| reply.as_mut().poll(cx);
        match in_time(reply, &mut self.alarm, deadlines).await? {
            Ok(reply) => Ok(self.accept(reply)),
            Err(failed) => Err(self.judge(failed, request)),
        }
    }

    fn accept(&mut self, reply: Response<Incoming>) -> Head {
        let (parts, incoming) = reply.into_parts();
        self.incoming = Some(incoming);
        Head {
            status: parts.status,
            headers: parts.headers,
        }
    }

    /// A stream that the peer refused, or that came after the last one it took before it began to
    /// close (RFC 9113, 6.8 and 8.7), was not processed: it may be sent again elsewhere.
    fn judge(&self, mut failed: TrySendError<Request<Sent>>, request: Outgoing) -> Setback {
        let never_left = failed.take_message().is_some();
        let error = failed.into_error();
        let refused = std::error::Error::source(&error)
            .and_then(|source| source.downcast_ref::<h2::Error>())
            .is_some_and(|error| {
                error.is_remote()
                    && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
            });
        let is_unsent = refused || never_left;
        if is_unsent {
            self.shared.retired.store(true, Ordering::Relaxed);
        }
        Setback {
            fault: faults::no_stream(&error),
            unsent: is_unsent.then(|| Box::new(request)),
        }
    }

    /// The next piece of the reply's body; `None` at its end.
    pub(crate) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Fault>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(Ok(None));
        };
        loop {
            match ready!(Pin::new(&mut *incoming).poll_frame(cx)) {
                // Trailers are of no use to anyone here.
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data()
                        && !piece.is_empty()
                    {
                        return Poll::Ready(Ok(Some(piece)));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Err(faults::cut_short(&error))),
                // A reset with NO_ERROR ends a stream without a word: it is complete only if the
                // peer had said so.
                None if !incoming.is_end_stream() => {
                    return Poll::Ready(Err(faults::truncated()));
                }
                None => return Poll::Ready(Ok(None)),
            }
        }
    }

    /// Whether the reply was read to its end.
    pub(crate) fn is_over(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    /// How much of the reply's body is left, when that was announced.
    pub(crate) fn announced(&self) -> Option<u64> {
        self.incoming.as_ref()?.size_hint().exact()
    }
}

/// The body of a request, a frame for each of its pieces.
struct Sent(Pieces);

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

/// The request as a stream of the lane's endpoint, which names it in place of a `host`.
fn addressed(request: &Outgoing, lane: &Lane) -> Request<Sent> {
    let mut parts = uri::Parts::default();
    parts.scheme = Some(uri::Scheme::HTTPS);
    parts.authority = Some(lane.endpoint.authority().clone());
    parts.path_and_query = Some(request.target.clone());
    let mut stream = Request::new(Sent(request.body.clone()));
    *stream.method_mut() = request.method.clone();
    // With all three parts there, it is always a URI.
    *stream.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    *stream.headers_mut() = request.headers.clone();
    stream
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
