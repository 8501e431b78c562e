use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http::Request;
use http_body::Body as _;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncWriteExt as _, DuplexStream, duplex};

use super::{Driven, ROUNDS};

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Count {
    fn wakes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A connection and its other end.
async fn connect() -> (SendRequest<Full<Bytes>>, Driven, DuplexStream) {
    let (near, far) = duplex(1 << 16);
    let (sender, connection) = http1::handshake(TokioIo::new(near)).await.unwrap();
    (sender, Driven::new(connection), far)
}

fn post(body: &'static [u8]) -> Request<Full<Bytes>> {
    Request::post("/").body(Full::from(body)).unwrap()
}

#[tokio::test]
async fn pieces_that_came_together_need_no_wake_up() {
    let (mut sender, mut driven, mut far) = connect().await;
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let cx = Context::from_waker(&waker);
    let mut reply = Box::pin(sender.try_send_request(post(b"{}")));
    assert!(driven.poll(&cx, |cx| reply.as_mut().poll(cx)).is_pending());
    assert_eq!(count.wakes(), 0);

    let chunks = "3\r\none\r\n".repeat(40);
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    far.write_all(format!("{head}{chunks}").as_bytes())
        .await
        .unwrap();
    assert_eq!(count.wakes(), 1);
    let Poll::Ready(Ok(reply)) = driven.poll(&cx, |cx| reply.as_mut().poll(cx)) else {
        panic!("the head is there");
    };
    let mut body = Box::pin(reply.into_body());
    for _ in 0..40 {
        let piece = driven.poll(&cx, |cx| body.as_mut().poll_frame(cx));
        assert!(piece.is_ready());
    }
    assert!(
        driven
            .poll(&cx, |cx| body.as_mut().poll_frame(cx))
            .is_pending()
    );
    assert_eq!(count.wakes(), 1);

    // It is not at rest yet; after its end it is, and a wake-up reaches nobody.
    assert!(!sender.is_ready());
    far.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(count.wakes(), 2);
    let end = driven.poll(&cx, |cx| body.as_mut().poll_frame(cx));
    assert!(matches!(end, Poll::Ready(None)));
    driven.settle();
    assert!(sender.is_ready());
    assert!(!driven.is_stirred());
    drop(far);
    assert!(driven.is_stirred());
    assert_eq!(count.wakes(), 2);
    driven.settle();
    assert!(sender.is_closed());
}

#[tokio::test]
async fn whoever_polled_last_is_woken() {
    let (mut sender, mut driven, mut far) = connect().await;
    let counts = [Arc::new(Count::default()), Arc::new(Count::default())];
    let mut reply = Box::pin(sender.try_send_request(post(b"{}")));
    for count in &counts {
        let waker = Waker::from(Arc::clone(count));
        let cx = Context::from_waker(&waker);
        assert!(driven.poll(&cx, |cx| reply.as_mut().poll(cx)).is_pending());
    }
    far.write_all(b"HTTP/1.1 ").await.unwrap();
    assert_eq!(counts.map(|count| count.wakes()), [0, 1]);
}

#[test]
fn other_tasks_are_let_in_when_there_is_no_end() {
    let connection = std::future::poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::Pending
    });
    let mut driven = Driven::new(connection);
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut rounds = 0;
    let result = driven.poll(&Context::from_waker(&waker), |_| {
        rounds += 1;
        Poll::<()>::Pending
    });
    assert!(result.is_pending());
    assert_eq!(rounds, ROUNDS);
    assert_eq!(count.wakes(), 1);
}
