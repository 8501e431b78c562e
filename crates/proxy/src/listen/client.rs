use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::patience::Patience;

/// How long an idle connection may stay unanswered before the kernel gives it up.
const DEAD_AFTER: Duration = Duration::from_secs(60);

/// How much the kernel takes in before the network does. Whether a client reads shows by what it
/// takes, so a slow one has to take some of it in time, and not the megabytes that it would hold else.
const UNSENT: u32 = 64 << 10;

/// A client's socket. A write fails when the client has read nothing for too long.
pub(super) struct Client {
    stream: TcpStream,
    patience: Patience,
}

impl Client {
    /// # Errors
    /// When the socket is none any more.
    pub(super) fn new(stream: TcpStream, unread: Duration) -> io::Result<Self> {
        // Two peers that both delay small packets lose 40 ms on every call.
        stream.set_nodelay(true)?;
        let socket = SockRef::from(&stream);
        let probe = DEAD_AFTER / 3;
        let keepalive = TcpKeepalive::new()
            .with_time(probe)
            .with_interval(probe)
            .with_retries(2);
        socket.set_tcp_keepalive(&keepalive)?;
        #[cfg(target_os = "linux")]
        {
            socket.set_tcp_user_timeout(Some(unread.max(DEAD_AFTER)))?;
            socket.set_tcp_notsent_lowat(UNSENT)?;
        }
        Ok(Self {
            stream,
            patience: Patience::new(unread),
        })
    }

    pub(super) const fn stream(&self) -> &TcpStream {
        &self.stream
    }

    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let written = write(Pin::new(&mut self.stream), context);
        if written.is_ready() {
            self.patience.renew();
            return written;
        }
        ready!(self.patience.poll_end(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Client {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Client {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.watch(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.watch(context, |stream, context| {
            stream.poll_write_vectored(context, slices)
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
