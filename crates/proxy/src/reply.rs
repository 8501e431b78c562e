//! What goes back to the client: whole bytes, or a stream that is passed on piece by piece.

mod gather;
mod relay;
mod stream;

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderValue;
use http_body::{Frame, SizeHint};

pub(crate) use relay::Relay;
pub(crate) use stream::{Begun, Stream};

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The body of a response.
#[derive(Debug)]
pub struct Body(Kind);

#[derive(Debug)]
enum Kind {
    Whole(Option<Bytes>),
    Stream(Box<Stream>),
}

impl Body {
    /// Nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Kind::Whole(None))
    }

    /// All of it at once.
    #[must_use]
    pub fn whole(bytes: Bytes) -> Self {
        Self(Kind::Whole((!bytes.is_empty()).then_some(bytes)))
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
            Kind::Whole(bytes) => Poll::Ready(bytes.take()),
            Kind::Stream(stream) => stream.poll_next(context),
        };
        next.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(bytes) => bytes.is_none(),
            Kind::Stream(stream) => stream.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}
