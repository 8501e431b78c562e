//! The admin port: sockets, TLS, HTTP/1.1, and the limits on strangers.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

/// How long a client may take for TLS, and for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// The most header fields in a request, and the most bytes in its head.
const HEADERS: usize = 100;
const HEAD_BYTES: usize = 64 << 10;

/// The most connections at once.
const CONNECTIONS: u16 = 1024;

/// How long the listener rests when it cannot take a connection: out of file descriptors, it could
/// not take the next one either.
const REST: Duration = Duration::from_secs(1);

/// What a listener shows the next connection; asked for each, as the certificate may be renewed.
pub type Certificate = Box<dyn Fn() -> Arc<ServerConfig> + Send>;

/// What a connection is read from and written to, with TLS or without.
trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

/// Serves `routes` ([`router()`](crate::router()), or [`probes`](crate::probes) alone), over TLS where
/// there is a certificate, until `stopped` turns true; then finishes the running requests.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    certificate: Option<Certificate>,
    mut stopped: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS.into()));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                refuse(&error).await;
                continue;
            }
        };
        let connection = Connection {
            routes: routes.clone(),
            // A client of IPv4 has one address, however the socket was bound.
            peer: SocketAddr::new(peer.ip().to_canonical(), peer.port()),
            tls: certificate.as_ref().map(|current| current()),
            stopped: stopped.clone(),
        };
        tokio::spawn(async move {
            connection.serve(stream).await;
            drop(place);
        });
    }
    drop(listener);
    // The semaphore is never closed: this waits until every place is free again.
    let _free = places.acquire_many(CONNECTIONS.into()).await;
}

async fn refuse(error: &io::Error) {
    ironward_telemetry::AcceptFailed { error, failures: 1 }.emit();
    tokio::time::sleep(REST).await;
}

struct Connection {
    routes: Router,
    peer: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    stopped: watch::Receiver<bool>,
}

impl Connection {
    /// Serves it to its end. What goes wrong here is the client's connection, and nobody else's.
    async fn serve(self, stream: TcpStream) {
        let stream = prompt(stream);
        match self.tls.clone() {
            None => self.serve_http(Box::new(stream)).await,
            Some(config) => {
                let handshake = TlsAcceptor::from(config).accept(stream);
                if let Ok(Ok(stream)) = tokio::time::timeout(HEAD_TIMEOUT, handshake).await {
                    self.serve_http(Box::new(stream)).await;
                }
            }
        }
    }

    async fn serve_http(mut self, stream: Box<dyn Transport>) {
        let (routes, peer) = (self.routes, self.peer);
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut routes = routes.clone();
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            async move { Ok::<_, Infallible>(answer(routes.call(request).await)) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_headers(HEADERS)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        tokio::select! {
            _closed = connection.as_mut() => return,
            _ = self.stopped.wait_for(|stopped| *stopped) => {}
        }
        connection.as_mut().graceful_shutdown();
        let _closed = connection.await;
    }
}

/// Lets a connection send at once: two peers that both delay small packets lose 40 ms on every
/// request.
fn prompt(stream: TcpStream) -> TcpStream {
    // One that is gone already says so when it is read.
    let _set = stream.set_nodelay(true);
    stream
}

fn answer<T>(outcome: Result<T, Infallible>) -> T {
    match outcome {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::watch;

    use super::{prompt, serve};

    #[tokio::test]
    async fn a_connection_delays_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let _peer = TcpStream::connect(address).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        assert!(prompt(stream).nodelay().unwrap());
    }

    #[tokio::test]
    async fn an_end_waits_for_open_connections_and_takes_no_new_one() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let served = tokio::spawn(serve(listener, Router::new(), None, stopped));
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            .await
            .unwrap();
        let mut answer = [0; 12];
        idle.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 404");
        stop.send(true).unwrap();
        served.await.unwrap();
        let mut rest = Vec::new();
        idle.read_to_end(&mut rest).await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn a_head_is_bounded() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_stop, stopped) = watch::channel(false);
        let _served = tokio::spawn(serve(listener, Router::new(), None, stopped));
        for lines in [
            "a: b\r\n".repeat(101),
            format!("a: {}\r\n", "b".repeat(200_000)),
        ] {
            let mut client = TcpStream::connect(address).await.unwrap();
            let request = format!("GET / HTTP/1.1\r\nhost: a\r\n{lines}\r\n");
            // It may hang up before it has read all.
            let _sent = client.write_all(request.as_bytes()).await;
            let mut answer = Vec::new();
            let read = client.read_to_end(&mut answer).await;
            assert!(
                answer.starts_with(b"HTTP/1.1 431") || read.is_err(),
                "{}",
                String::from_utf8_lossy(&answer)
            );
        }
    }
}
