use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::ListenerSettings;
use crate::Gateway;
use crate::pipeline;

/// One client's connection.
pub(super) struct Connection {
    pub(super) gateway: Arc<Gateway>,
    pub(super) settings: ListenerSettings,
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) drained: watch::Receiver<bool>,
}

impl Connection {
    /// Serves it to its end. What goes wrong here is the client's connection, and nobody else's.
    pub(super) async fn serve(self, stream: TcpStream) {
        // Two peers that both delay small packets lose 40 ms on every call.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        match self.tls.clone() {
            None => self.serve_http(stream).await,
            Some(config) => {
                let handshake = TlsAcceptor::from(config).accept(stream);
                if let Ok(Ok(stream)) =
                    tokio::time::timeout(self.settings.head_timeout, handshake).await
                {
                    self.serve_http(stream).await;
                }
            }
        }
    }

    async fn serve_http<S>(mut self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let server = self.server();
        let gateway = Arc::clone(&self.gateway);
        let has_begun = Arc::new(AtomicBool::new(false));
        let begun = Arc::clone(&has_begun);
        let service = service_fn(move |request: http::Request<Incoming>| {
            begun.store(true, Ordering::Relaxed);
            let gateway = Arc::clone(&gateway);
            async move { Ok::<_, Infallible>(pipeline::serve(&gateway, request).await) }
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
    fn server(&self) -> auto::Builder<TokioExecutor> {
        let ListenerSettings {
            head_timeout,
            headers,
            head_bytes,
            streams,
            ..
        } = self.settings;
        let mut server = auto::Builder::new(TokioExecutor::new());
        server
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(head_timeout)
            .max_headers(headers)
            .max_buf_size(head_bytes)
            .pipeline_flush(true);
        server
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(streams)
            .max_header_list_size(u32::try_from(head_bytes).unwrap_or(u32::MAX))
            .max_send_buf_size(64 << 10)
            .keep_alive_interval(std::time::Duration::from_secs(30))
            .keep_alive_timeout(head_timeout);
        server
    }
}
