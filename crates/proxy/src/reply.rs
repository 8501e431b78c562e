//! What goes back to the client: whole bytes, or a stream that is passed on piece by piece.

mod gather;
mod relay;
mod stream;

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderValue;
use http_body::{Frame, SizeHint};
use ironward_core::Turn;

pub(crate) use relay::Relay;
pub(crate) use stream::{Begun, Stream};

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The body of a response.
#[derive(Debug)]
pub struct Body(Kind);

#[derive(Debug)]
enum Kind {
    Whole(Whole),
    Stream(Box<Stream>),
}

/// Bytes that are there, a turn's at a time.
#[derive(Debug)]
struct Whole {
    left: Bytes,
    /// Whether the connection has had one part and its thread's other calls not yet their turn.
    is_resting: bool,
}

impl Whole {
    const fn new(left: Bytes) -> Self {
        Self {
            left,
            is_resting: false,
        }
    }

    fn poll_next(&mut self, context: &Context<'_>) -> Poll<Option<Bytes>> {
        if std::mem::take(&mut self.is_resting) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let part = self.left.split_to(self.left.len().min(Turn::BYTES));
        self.is_resting = !self.left.is_empty();
        Poll::Ready((!part.is_empty()).then_some(part))
    }
}

impl Body {
    /// Nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Kind::Whole(Whole::new(Bytes::new())))
    }

    /// All of it is there already.
    #[must_use]
    pub fn whole(bytes: Bytes) -> Self {
        Self(Kind::Whole(Whole::new(bytes)))
    }

    /// Piece by piece.
    pub(crate) fn stream(stream: Stream) -> Self {
        Self(Kind::Stream(Box::new(stream)))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    /// A broken upstream ends the stream with an error event of the dialect, so that the
    /// connection itself stays sound.
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let next = match &mut self.0 {
            Kind::Whole(bytes) => bytes.poll_next(context),
            Kind::Stream(stream) => stream.poll_next(context),
        };
        next.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(bytes) => bytes.left.is_empty(),
            Kind::Stream(stream) => stream.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.left.len() as u64),
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use bytes::Bytes;
    use http_body::Body as _;
    use ironward_core::Turn;

    use super::Body;

    #[test]
    fn a_long_reply_leaves_its_thread_to_others_after_each_turn() {
        let mut body = Body::whole(Bytes::from(vec![b'x'; Turn::BYTES + 1]));
        assert_eq!(body.size_hint().exact(), Some(Turn::BYTES as u64 + 1));
        let mut poll = || {
            let polled = Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop()));
            polled.map(|frame| frame.map(|frame| frame.unwrap().into_data().unwrap().len()))
        };
        assert_eq!(poll(), Poll::Ready(Some(Turn::BYTES)));
        assert_eq!(poll(), Poll::Pending);
        assert_eq!(poll(), Poll::Ready(Some(1)));
        assert_eq!(poll(), Poll::Ready(None));
        assert!(body.is_end_stream());
    }
}
