use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use ironward_identity::Workload;
use rustls::{ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::ListenerSettings;
use super::client::Client;
use super::streams::Streams;
use crate::pipeline;
use crate::{Gateway, Peer};

/// What a connection is read from and written to, with TLS or without. HTTP is there once for both:
/// twice, it would be as much again to build and to load.
trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

type Stream = Box<dyn Transport>;

/// One client's connection.
pub(super) struct Connection {
    pub(super) gateway: Arc<Gateway>,
    /// The client.
    pub(super) peer: Peer,
    pub(super) settings: ListenerSettings,
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) drained: watch::Receiver<bool>,
}

impl Connection {
    /// Serves it to its end. What goes wrong here is the client's connection, and nobody else's.
    pub(super) async fn serve(mut self, stream: TcpStream) {
        let Ok(stream) = Client::new(stream, self.unread()) else {
            return;
        };
        match self.tls.clone() {
            None => match self.opening(stream.stream()).await {
                Some(Opening::Http1) => self.serve_http1(Box::new(stream)).await,
                Some(Opening::Either) => Box::pin(self.serve_either(Box::new(stream))).await,
                None => {}
            },
            Some(config) => {
                let handshake = TlsAcceptor::from(config).accept(stream);
                if let Ok(Ok(stream)) =
                    tokio::time::timeout(self.settings.head_timeout, handshake).await
                {
                    let session = stream.get_ref().1;
                    self.peer.workload = workload(session);
                    match session.alpn_protocol() {
                        Some(b"http/1.1") => self.serve_http1(Box::new(stream)).await,
                        _ => Box::pin(self.serve_either(Box::new(stream))).await,
                    }
                }
            }
        }
    }

    /// How long the client may leave a reply unread.
    fn unread(&self) -> Duration {
        self.gateway.snapshot().settings.unread_timeout
    }

    /// What the client speaks, from its first bytes; `None` when it sends none in time, or the
    /// gateway drains meanwhile.
    ///
    /// hyper can tell the two apart as well, but carries the state of both for as long as the
    /// connection lives, and reads the first request in two pieces, into a buffer of twice the size:
    /// too much for thousands of idle streams.
    async fn opening(&self, stream: &TcpStream) -> Option<Opening> {
        let mut drained = self.drained.clone();
        let opening = tokio::time::timeout(self.settings.head_timeout, peek(stream));
        tokio::select! {
            opening = opening => opening.ok()?.ok(),
            _ = drained.wait_for(|drained| *drained) => None,
        }
    }

    async fn serve_http1(mut self, stream: Stream) {
        let (gateway, peer) = (Arc::clone(&self.gateway), Arc::new(self.peer.clone()));
        let service = service_fn(move |request: http::Request<Incoming>| {
            let (gateway, peer) = (Arc::clone(&gateway), Arc::clone(&peer));
            async move { Ok::<_, Infallible>(pipeline::serve(&gateway, &peer, request).await) }
        });
        let ListenerSettings {
            head_timeout,
            headers,
            head_bytes,
            ..
        } = self.settings;
        // One buffer makes one system call of a head and its body. `pipeline_flush` would do so too,
        // and take in all of a reply, whether the client reads it or not.
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head_timeout)
            .max_headers(headers)
            .max_buf_size(head_bytes)
            .writev(false)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        tokio::select! {
            _closed = connection.as_mut() => return,
            _ = self.drained.wait_for(|drained| *drained) => {}
        }
        connection.as_mut().graceful_shutdown();
        let _closed = connection.await;
    }

    async fn serve_either(mut self, stream: Stream) {
        let streams = Streams::new(self.unread());
        let server = self.either(streams.clone());
        let gateway = Arc::clone(&self.gateway);
        let has_begun = Arc::new(AtomicBool::new(false));
        let begun = Arc::clone(&has_begun);
        let peer = Arc::new(self.peer.clone());
        let service = service_fn(move |request: http::Request<Incoming>| {
            begun.store(true, Ordering::Relaxed);
            let (gateway, peer, turn) = (Arc::clone(&gateway), Arc::clone(&peer), streams.begin());
            async move {
                let response = pipeline::serve(&gateway, &peer, request).await;
                Ok::<_, Infallible>(turn.watch(response))
            }
        });
        let mut connection = pin!(server.serve_connection(TokioIo::new(stream), service));
        // hyper watches the time for a head once it knows which HTTP it is, but waits for the bytes
        // that tell it without end. So this clock runs until the first request is there.
        let mut first = pin!(tokio::time::sleep(self.settings.head_timeout));
        let mut is_awaited = true;
        loop {
            tokio::select! {
                _closed = connection.as_mut() => return,
                () = first.as_mut(), if is_awaited => {
                    is_awaited = false;
                    if !has_begun.load(Ordering::Relaxed) {
                        return;
                    }
                }
                _ = self.drained.wait_for(|drained| *drained) => break,
            }
        }
        connection.as_mut().graceful_shutdown();
        let _closed = connection.await;
    }

    /// HTTP/1.1, or HTTP/2 when the client begins with its preface (ALPN agreed, or it just knows).
    fn either(&self, executor: Streams) -> auto::Builder<Streams> {
        let ListenerSettings {
            head_timeout,
            headers,
            head_bytes,
            streams,
            ..
        } = self.settings;
        let mut server = auto::Builder::new(executor);
        server
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(head_timeout)
            .max_headers(headers)
            .max_buf_size(head_bytes)
            .writev(false);
        server
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(streams)
            .max_header_list_size(u32::try_from(head_bytes).unwrap_or(u32::MAX))
            .max_send_buf_size(64 << 10)
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(head_timeout);
        server
    }
}

/// Whose certificate the client has shown, and TLS verified. One without a SPIFFE id is of nobody,
/// and the client needs a key.
fn workload(session: &ServerConnection) -> Option<Arc<Workload>> {
    let certificate = session.peer_certificates()?.first()?;
    Workload::of_verified(certificate).ok().map(Arc::new)
}

/// What a client speaks.
enum Opening {
    Http1,
    /// HTTP/2, or too few bytes to tell.
    Either,
}

/// Looks at the first bytes without taking them.
async fn peek(stream: &TcpStream) -> io::Result<Opening> {
    let mut first = [0; PREFACE.len()];
    let length = stream.peek(&mut first).await?;
    let seen = first.get(..length).unwrap_or_default();
    Ok(if PREFACE.starts_with(seen) {
        Opening::Either
    } else {
        Opening::Http1
    })
}

/// HTTP/2 begins with this (RFC 9113, 3.4), and no request of HTTP/1.1 does.
const PREFACE: &[u8] = b"PRI * HTTP/2.0";
