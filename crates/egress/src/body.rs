use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use ironward_core::{Fault, Turn};

use crate::faults;

mod wire;

pub(crate) use wire::{Source, Wire};

/// The body of a reply: pieces of bytes until its end, or a fault.
///
/// A body that does not end in a fault is complete. Dropping it before its end closes the
/// connection, or resets the stream; reading it to its end gives the connection back to be used
/// again.
pub struct ReplyBody(Kind);

enum Kind {
    Wire(Wire),
    Whole(Option<Bytes>),
    Other(Pin<Box<dyn Body<Data = Bytes, Error = Fault> + Send>>),
}

impl ReplyBody {
    /// A body that is there already.
    #[must_use]
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self(Kind::Whole((!bytes.is_empty()).then_some(bytes)))
    }

    /// A body from elsewhere: for another implementation of [`Upstream`](crate::Upstream).
    #[must_use]
    pub fn new(body: impl Body<Data = Bytes, Error = Fault> + Send + 'static) -> Self {
        Self(Kind::Other(Box::pin(body)))
    }

    pub(crate) fn wire(wire: Wire) -> Self {
        Self(Kind::Wire(wire))
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// When the body breaks off, pauses for too long or is over the limit.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        std::future::poll_fn(|cx| self.poll_piece(cx)).await
    }

    /// The whole body, which may not be longer than `limit`. One piece is handed on as it came.
    ///
    /// # Errors
    /// When the body breaks off, pauses for too long or is over a limit.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, Fault> {
        let Some(first) = self.next().await? else {
            return Ok(Bytes::new());
        };
        let over = || Err(faults::too_large(limit as u64));
        if first.len() > limit {
            return over();
        }
        let Some(second) = self.next().await? else {
            return Ok(first);
        };
        let expected = usize::try_from(self.0.size_hint().lower()).unwrap_or(limit);
        let expected = expected
            .saturating_add(first.len() + second.len())
            .min(limit);
        let mut whole = BytesMut::with_capacity(expected);
        whole.extend_from_slice(&first);
        let (mut next, mut turn) = (Some(second), Turn::default());
        while let Some(piece) = next {
            if whole.len() + piece.len() > limit {
                return over();
            }
            whole.extend_from_slice(&piece);
            if turn.ends_with(piece.len()) {
                tokio::task::yield_now().await;
            }
            next = self.next().await?;
        }
        Ok(whole.freeze())
    }

    /// What can be had of the body, up to `limit` bytes: for error replies, where half of a text
    /// still says what is wrong.
    pub(crate) async fn prefix(mut self, limit: usize) -> BytesMut {
        let mut text = BytesMut::new();
        while text.len() < limit
            && let Ok(Some(piece)) = self.next().await
        {
            text.extend_from_slice(&piece);
        }
        text.truncate(limit);
        text
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Fault>> {
        match &mut self.0 {
            Kind::Wire(wire) => wire.poll_piece(cx),
            Kind::Whole(bytes) => Poll::Ready(Ok(bytes.take())),
            Kind::Other(body) => loop {
                match ready!(body.as_mut().poll_frame(cx)) {
                    None => return Poll::Ready(Ok(None)),
                    Some(Err(fault)) => return Poll::Ready(Err(fault)),
                    Some(Ok(frame)) => {
                        if let Ok(piece) = frame.into_data() {
                            return Poll::Ready(Ok(Some(piece)));
                        }
                    }
                }
            },
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let piece = ready!(self.poll_piece(cx)).transpose();
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Wire(wire) => wire.is_done(),
            Kind::Whole(bytes) => bytes.is_none(),
            Kind::Other(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl Kind {
    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Wire(wire) => wire.size_hint(),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Other(body) => body.size_hint(),
        }
    }
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyBody").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
