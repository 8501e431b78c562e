//! A bound on clients of HTTP/2 that take the frames of their connection and leave a single reply
//! unread: hyper does not poll its body then, so nothing in it could notice.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::rt::Executor;

use super::patience::Patience;
use crate::Body;

/// The most of a reply that is handed over at once: what has been handed over is out of sight.
const PIECE: usize = 16 << 10;

/// Spawns the streams of one connection, and ends each whose client leaves its reply unread.
///
/// hyper calls the service for a request, and spawns the stream right after that: the turn of the
/// call is that of the stream which is spawned next.
#[derive(Clone)]
pub(super) struct Streams {
    unread: Duration,
    begun: Arc<Mutex<Option<Arc<Turn>>>>,
}

impl Streams {
    pub(super) fn new(unread: Duration) -> Self {
        Self {
            unread,
            begun: Arc::default(),
        }
    }

    /// A request has come: what its reply's body is put into.
    pub(super) fn begin(&self) -> Arc<Turn> {
        let turn = Arc::new(Turn::default());
        *self.lock() = Some(Arc::clone(&turn));
        turn
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Turn>>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, stream: F) {
        let Some(turn) = self.lock().take() else {
            tokio::spawn(stream);
            return;
        };
        tokio::spawn(Watched {
            stream: Box::pin(stream),
            turn,
            seen: 0,
            patience: Patience::new(self.unread),
        });
    }
}

/// Whose turn it is in a reply: even while something is awaited of the gateway, odd while the
/// client has to read first. It changes with each piece.
#[derive(Debug, Default)]
pub(super) struct Turn(AtomicU64);

impl Turn {
    /// Watches what becomes of a response.
    pub(super) fn watch(self: Arc<Self>, response: Response<Body>) -> Response<Pieces> {
        response.map(|body| Pieces {
            body,
            left: Bytes::new(),
            turn: self,
        })
    }

    fn is_asked(&self) {
        let turn = self.0.load(Ordering::Relaxed);
        self.0.store(turn.wrapping_add(turn & 1), Ordering::Relaxed);
    }

    fn has_given(&self) {
        self.0.fetch_or(1, Ordering::Relaxed);
    }
}

/// A reply's body in pieces that show whether it is read.
pub(super) struct Pieces {
    body: Body,
    left: Bytes,
    turn: Arc<Turn>,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.turn.is_asked();
        if self.left.is_empty() {
            match std::task::ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => self.left = frame.into_data().unwrap_or_default(),
                None => return Poll::Ready(None),
            }
        }
        let length = self.left.len().min(PIECE);
        let piece = self.left.split_to(length);
        self.turn.has_given();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.left.len() as u64;
        let body = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower().saturating_add(left));
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(left));
        }
        hint
    }
}

/// One stream. Dropping what hyper made of it resets it.
struct Watched<F> {
    stream: Pin<Box<F>>,
    turn: Arc<Turn>,
    /// The turn when it was last looked at.
    seen: u64,
    patience: Patience,
}

impl<F: Future> Future for Watched<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.stream.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        let turn = self.turn.0.load(Ordering::Relaxed);
        if turn != self.seen {
            self.seen = turn;
            self.patience.renew();
        }
        if turn & 1 == 0 {
            return Poll::Pending;
        }
        self.patience.poll_end(context)
    }
}

#[cfg(test)]
mod tests;
