use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::{HeaderMap, Method};
use ironward_core::{AuthScheme, FaultKind, Origin, SystemClock, Timeouts, UpstreamRequest};
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex,
};
use tokio::net::TcpListener;

use super::Egress;
use crate::link::Whole;
use crate::{Credential, Credentials, Dialler, Lease, Settings, Upstream};

fn request() -> UpstreamRequest {
    UpstreamRequest {
        method: Method::POST,
        path: "/v1/chat".into(),
        headers: HeaderMap::new(),
        body: b"{}".as_slice().into(),
        auth: AuthScheme::None,
        stream: false,
    }
}

fn egress(origin: &str) -> (Egress, Lease) {
    let credentials = Credentials::new();
    let origin = Origin::parse(origin).unwrap();
    let lease = credentials.add(Credential::new(None, origin).unwrap());
    let dialler = Dialler::new(Settings::default(), Arc::new(SystemClock)).unwrap();
    (Egress::new(credentials, dialler), lease)
}

/// Puts a connection into the pool whose other end is in the test's hand.
fn pool_one(egress: &Egress, lease: &Lease) -> DuplexStream {
    let (near, far) = duplex(1 << 16);
    pool(egress, lease, near);
    far
}

fn pool<S>(egress: &Egress, lease: &Lease, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let whole = Whole::new(stream);
    let credential = egress.credentials.open(lease.id()).unwrap();
    let lane = egress.pool.lane(credential.endpoint(), |endpoint| {
        egress.dialler.way(endpoint)
    });
    lane.put(whole);
}

/// A connection that its peer closes without anybody being told.
struct Silent {
    closed: Arc<AtomicBool>,
}

impl AsyncRead for Silent {
    fn poll_read(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        _buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.closed.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }
}

impl AsyncWrite for Silent {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        _bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        panic!("nothing may be written");
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_request_that_never_left_goes_out_once_more_on_a_fresh_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (egress, lease) = egress(&format!("http://127.0.0.1:{port}"));
    let closed = Arc::new(AtomicBool::new(false));
    let silent = Silent {
        closed: Arc::clone(&closed),
    };
    pool(&egress, &lease, silent);
    assert_eq!(egress.idle(), 1);
    // The connection finds out when the request is handed to it, which comes back unsent.
    closed.store(true, Ordering::Relaxed);
    let timeouts = Timeouts::default();
    let answer = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = vec![0; 4096];
        let length = stream.read(&mut seen).await.unwrap();
        let reply = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        stream.write_all(reply).await.unwrap();
        String::from_utf8(seen[..length].to_vec()).unwrap()
    };
    let (reply, seen) = tokio::join!(egress.send(lease.id(), request(), &timeouts), answer);
    let reply = reply.unwrap();
    assert!(!reply.timing.reused);
    assert_eq!(reply.body.collect(10).await.unwrap(), "ok");
    assert!(seen.starts_with("POST /v1/chat HTTP/1.1\r\n"), "{seen}");
    assert!(
        seen.contains(&format!("host: 127.0.0.1:{port}\r\n")),
        "{seen}"
    );
}

#[tokio::test]
async fn a_request_that_may_have_been_seen_is_not_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (egress, lease) = egress(&format!("http://127.0.0.1:{port}"));
    let mut far = pool_one(&egress, &lease);
    let timeouts = Timeouts::default();
    let read_and_close = async {
        let mut seen = [0; 64];
        far.read_exact(&mut seen[..4]).await.unwrap();
        drop(far);
    };
    let (reply, ()) = tokio::join!(
        egress.send(lease.id(), request(), &timeouts),
        read_and_close
    );
    let fault = reply.unwrap_err();
    assert_eq!(fault.kind, FaultKind::BadGateway);
    assert!(
        fault
            .message
            .contains("closed the connection before it replied")
    );
    let listener = listener.into_std().unwrap();
    assert!(listener.accept().is_err(), "there was a second connection");
}

#[tokio::test]
async fn a_connection_that_is_known_to_be_closed_is_not_tried() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (egress, lease) = egress(&format!("http://127.0.0.1:{port}"));
    drop(pool_one(&egress, &lease));
    tokio::task::yield_now().await;
    let credential = egress.credentials.open(lease.id()).unwrap();
    let lane = egress
        .pool
        .lane(credential.endpoint(), |_| panic!("it is there"));
    assert!(lane.take(egress.clock.now()).is_none());
}

#[test]
fn a_future_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let (egress, lease) = egress("http://127.0.0.1:1");
    let timeouts = Timeouts::default();
    let future = egress.send(lease.id(), request(), &timeouts);
    is_send(&future);
    is_send(&egress);
}
