use std::cell::Cell;
use std::io::{self, IoSlice};
use std::iter::once;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use http::Method;
use ironward_core::{Pieces, Turn};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};

use super::reader::Reader;
use super::{Broken, Head, request};
use crate::endpoint::Endpoint;
use crate::outgoing::Outgoing;
use crate::proxy::Way;

/// The size of the blocks that connections read into, and when the rest of one is too small.
const BLOCK: usize = 64 << 10;
const REST: usize = 16 << 10;

/// What was read in pieces shorter than this is copied out of the block; longer ones are parts of
/// it. A piece that somebody keeps should not keep a block that is many times its size.
const SHORT: usize = 8 << 10;

/// The head and the pieces of a body that are written together.
const SLICES: usize = 8;

thread_local! {
    /// The block of this thread's connections. A connection that waits holds none: thousands of
    /// streams wait most of the time.
    static SPARE: Cell<Option<BytesMut>> = const { Cell::new(None) };
}

/// What a connection is made on.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

/// A connection, and what is on it: nothing, or one request and its reply.
///
/// It has no task of its own; whoever waits for the reply moves the request along. Dropping it
/// closes the socket at once, whatever was still to be written or read.
pub(crate) struct Connection {
    stream: Box<dyn Transport>,
    reader: Reader,
    sending: Sending,
    /// Of the request that is on it.
    method: Method,
}

enum Sending {
    Written,
    Writing {
        head: Bytes,
        body: Pieces,
    },
    Flushing,
    /// What went wrong. A provider that refuses a request before it has read all of it has replied
    /// all the same, so this is no end yet.
    Failed(Option<io::Error>),
}

impl Connection {
    pub(crate) fn new(stream: impl Transport + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            reader: Reader::new(),
            sending: Sending::Written,
            method: Method::GET,
        }
    }

    /// Whether a request may be sent: the exchange before is over, on both sides, and the peer has
    /// neither closed the connection nor said anything since, as far as the runtime has heard.
    pub(crate) fn check_rest(&mut self, cx: &mut Context<'_>) -> Result<(), Broken> {
        if !self.reader.is_at_rest() || !matches!(self.sending, Sending::Written) {
            return Err(Broken::Closed);
        }
        match self.poll_read(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(bytes)) if bytes.is_empty() => Err(Broken::Closed),
            Poll::Ready(Ok(_)) => Err(Broken::Invalid("the peer spoke before it was asked")),
            Poll::Ready(Err(error)) => Err(Broken::Io(error)),
        }
    }

    /// Puts a request on it; [`poll_head`](Self::poll_head) sends it.
    pub(crate) fn begin(&mut self, request: Outgoing, endpoint: &Endpoint, way: &Way) {
        self.sending = Sending::Writing {
            head: request::head(&request, endpoint, way).into(),
            body: request.body,
        };
        self.method = request.method;
    }

    /// Sends the request and reads the head of its reply, both at the same time.
    pub(crate) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Head, Broken>> {
        self.send(cx);
        loop {
            if let Some(head) = self.reader.head(&self.method)? {
                return Poll::Ready(Ok(head));
            }
            let bytes = ready!(self.poll_read(cx)).map_err(|error| self.cause(error.into()))?;
            if bytes.is_empty() {
                return Poll::Ready(Err(self.cause(Broken::Closed)));
            }
            self.reader.push(bytes);
        }
    }

    /// The next piece of the reply's body; `None` at its end. What is left of the request is sent
    /// meanwhile.
    pub(crate) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Broken>> {
        self.send(cx);
        loop {
            let piece = self.reader.piece()?;
            if piece.is_some() || self.reader.is_over() {
                return Poll::Ready(Ok(piece));
            }
            let bytes = ready!(self.poll_read(cx)).map_err(|error| self.cause(error.into()))?;
            if bytes.is_empty() {
                self.reader.close()?;
            } else {
                self.reader.push(bytes);
            }
        }
    }

    /// Whether the reply was read to its end.
    pub(crate) fn is_over(&self) -> bool {
        self.reader.is_over()
    }

    /// How much of the reply's body is left, when that was announced.
    pub(crate) fn announced(&self) -> Option<u64> {
        self.reader.announced()
    }

    /// Writes what the socket takes.
    fn send(&mut self, cx: &mut Context<'_>) {
        if let Poll::Ready(Err(error)) = self.poll_send(cx) {
            self.sending = Sending::Failed(Some(error));
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(&mut self.stream);
        let mut turn = Turn::default();
        while let Sending::Writing { head, body } = &mut self.sending {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut left = turn.left();
            for (slice, piece) in slices.iter_mut().zip(once(&*head).chain(body.iter())) {
                let part = piece.get(..left).unwrap_or(piece);
                *slice = IoSlice::new(part);
                left -= part.len();
            }
            let written = ready!(stream.as_mut().poll_write_vectored(cx, &slices))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let of_head = written.min(head.len());
            head.advance(of_head);
            body.advance(written - of_head);
            if head.is_empty() && body.is_empty() {
                self.sending = Sending::Flushing;
            } else if turn.ends_with(written) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        if let Sending::Flushing = self.sending {
            ready!(stream.as_mut().poll_flush(cx))?;
            self.sending = Sending::Written;
        }
        Poll::Ready(Ok(()))
    }

    /// What the peer has sent; no bytes when it closed the connection.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let mut block = SPARE.take().unwrap_or_default();
        if block.capacity() < REST {
            block.reserve(BLOCK);
        }
        let read = pin!(self.stream.read_buf(&mut block)).poll(cx);
        let bytes = if block.len() < SHORT {
            let bytes = Bytes::copy_from_slice(&block);
            block.clear();
            bytes
        } else {
            block.split().freeze()
        };
        SPARE.set(Some(block));
        read.map_ok(|_| bytes)
    }

    /// Why the peer said nothing more: if the request could not be written, that came first.
    fn cause(&mut self, broken: Broken) -> Broken {
        match &mut self.sending {
            Sending::Failed(error) => error.take().map_or(broken, Broken::Io),
            _ => broken,
        }
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[cfg(test)]
mod tests;
