use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use ironward_core::FaultKind;
use tokio::sync::{Notify, Semaphore};
use tokio_rustls::TlsAcceptor;

use crate::peer::{Certified, Fixed, KEY, Peer, Way, text};

const HOST: &str = "model.internal";

/// An HTTP/2 server that takes `streams` requests at a time on a connection. It answers with the
/// number of the connection; `/hold` waits for a permit of `release`.
struct Server {
    connections: AtomicUsize,
    holding: Semaphore,
    release: Semaphore,
}

impl Server {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            connections: AtomicUsize::new(0),
            holding: Semaphore::new(0),
            release: Semaphore::new(0),
        })
    }

    async fn run(self: Arc<Self>, peer: Peer, certified: Certified, streams: u32) {
        let acceptor = TlsAcceptor::from(certified.server);
        loop {
            let stream = acceptor.accept(peer.socket().await).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
            let number = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
            let server = Arc::clone(&self);
            let service = service_fn(move |request| Arc::clone(&server).answer(request, number));
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .max_concurrent_streams(streams)
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        connection: usize,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        assert_eq!(request.headers()["authorization"], format!("Bearer {KEY}"));
        assert!(!request.headers().contains_key("host"));
        assert_eq!(request.uri().host(), Some(HOST));
        let path = request.uri().path().to_owned();
        assert_eq!(
            request.into_body().collect().await.unwrap().to_bytes(),
            "{}"
        );
        if path == "/hold" {
            self.holding.add_permits(1);
            self.release.acquire().await.unwrap().forget();
        }
        Ok(Response::new(Full::from(connection.to_string())))
    }
}

async fn serve(streams: u32) -> (Arc<Server>, Way) {
    let peer = Peer::listen().await;
    let certified = Certified::new(HOST, &[b"h2", b"http/1.1"]);
    let origin = peer.named("https", HOST);
    let way = Way::with(origin, certified.trusted(), Fixed::loopback());
    let server = Server::new();
    tokio::spawn(Arc::clone(&server).run(peer, certified, streams));
    (server, way)
}

#[tokio::test]
async fn requests_share_one_connection_even_when_it_is_being_made() {
    let (server, way) = serve(100).await;
    let (a, b, c) = tokio::join!(way.text("/"), way.text("/"), way.text("/"));
    assert_eq!(
        (a.unwrap(), b.unwrap(), c.unwrap()),
        ("1".into(), "1".into(), "1".into())
    );
    let reply = way.post("/").await.unwrap();
    assert!(reply.timing.reused);
    assert_eq!(text(reply).await.unwrap(), "1");
    assert_eq!(server.connections.load(Ordering::Relaxed), 1);
    assert_eq!(way.egress.idle(), 1);
}

#[tokio::test]
async fn a_full_connection_is_joined_by_another() {
    let (server, way) = serve(1).await;
    // Now the peer's limit is known.
    assert_eq!(way.text("/").await.unwrap(), "1");
    let quick = async {
        server.holding.acquire().await.unwrap().forget();
        assert_eq!(way.text("/").await.unwrap(), "2");
        assert_eq!(way.text("/").await.unwrap(), "2");
        server.release.add_permits(1);
    };
    let (held, ()) = tokio::join!(way.text("/hold"), quick);
    assert_eq!(held.unwrap(), "1");
    assert_eq!(server.connections.load(Ordering::Relaxed), 2);
    assert_eq!(way.egress.idle(), 2);
}

#[tokio::test]
async fn a_dropped_reply_frees_its_stream_and_keeps_the_connection() {
    let (server, way) = serve(1).await;
    assert_eq!(way.text("/").await.unwrap(), "1");
    let mut held = Box::pin(way.text("/hold"));
    tokio::select! {
        _ = &mut held => panic!("it is being held"),
        permit = server.holding.acquire() => permit.unwrap().forget(),
    }
    drop(held);
    assert_eq!(way.egress.idle(), 1);
    assert_eq!(way.text("/").await.unwrap(), "1");
}

#[tokio::test]
async fn a_timeout_resets_the_stream_only() {
    let (server, mut way) = serve(10).await;
    assert_eq!(way.text("/").await.unwrap(), "1");
    way.timeouts.first_byte = Duration::from_millis(30);
    let fault = way.text("/hold").await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Timeout);
    way.timeouts.first_byte = Duration::from_secs(60);
    assert_eq!(way.text("/").await.unwrap(), "1");
    assert_eq!(server.connections.load(Ordering::Relaxed), 1);
}

/// What a peer does with the second request on its first connection.
#[derive(Clone, Copy, PartialEq)]
enum Refusal {
    RefuseStream,
    GoAway,
    ResetOther,
    CutBody,
}

async fn refuse(refusal: Refusal) -> (Result<String, ironward_core::Fault>, usize) {
    let peer = Peer::listen().await;
    let certified = Certified::new(HOST, &[b"h2"]);
    let way = Way::with(
        peer.named("https", HOST),
        certified.trusted(),
        Fixed::loopback(),
    );
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&requests);
    let (head_came, may_cut) = {
        let notify = Arc::new(Notify::new());
        (Arc::clone(&notify), notify)
    };
    let acceptor = TlsAcceptor::from(certified.server);
    tokio::spawn(async move {
        loop {
            let stream = acceptor.accept(peer.socket().await).await.unwrap();
            let seen = Arc::clone(&seen);
            tokio::spawn(speak(stream, seen, refusal, Arc::clone(&may_cut)));
        }
    });
    assert_eq!(way.text("/").await.unwrap(), "ok");
    let result = match way.post("/").await {
        Ok(reply) => {
            head_came.notify_one();
            text(reply).await
        }
        Err(fault) => Err(fault),
    };
    (result, requests.load(Ordering::Relaxed))
}

async fn speak<S>(stream: S, seen: Arc<AtomicUsize>, refusal: Refusal, may_cut: Arc<Notify>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        let is_second = seen.fetch_add(1, Ordering::Relaxed) == 1;
        match refusal {
            Refusal::RefuseStream if is_second => {
                respond.send_reset(h2::Reason::REFUSED_STREAM);
            }
            Refusal::ResetOther if is_second => {
                respond.send_reset(h2::Reason::INTERNAL_ERROR);
            }
            Refusal::CutBody if is_second => {
                let mut body = respond.send_response(Response::new(()), false).unwrap();
                body.send_data(Bytes::from_static(b"half"), false).unwrap();
                let may_cut = Arc::clone(&may_cut);
                tokio::spawn(async move {
                    may_cut.notified().await;
                    body.send_reset(h2::Reason::NO_ERROR);
                });
            }
            _ => {
                let mut body = respond.send_response(Response::new(()), false).unwrap();
                body.send_data(Bytes::from_static(b"ok"), true).unwrap();
                if refusal == Refusal::GoAway && !is_second {
                    connection.graceful_shutdown();
                }
            }
        }
    }
}

#[tokio::test]
async fn a_stream_that_was_refused_is_repeated_on_another_connection() {
    let (result, requests) = refuse(Refusal::RefuseStream).await;
    assert_eq!(result.unwrap(), "ok");
    assert_eq!(requests, 3);
}

#[tokio::test]
async fn a_connection_that_goes_away_is_replaced() {
    let (result, requests) = refuse(Refusal::GoAway).await;
    assert_eq!(result.unwrap(), "ok");
    assert_eq!(requests, 2);
}

#[tokio::test]
async fn a_stream_that_was_reset_otherwise_is_not_repeated() {
    let (result, requests) = refuse(Refusal::ResetOther).await;
    assert_eq!(result.unwrap_err().kind, FaultKind::BadGateway);
    assert_eq!(requests, 2);
}

#[tokio::test]
async fn a_body_that_is_cut_without_an_error_is_not_complete() {
    let (result, _) = refuse(Refusal::CutBody).await;
    let fault = result.unwrap_err();
    assert!(fault.message.contains("broke off"), "{fault}");
}
