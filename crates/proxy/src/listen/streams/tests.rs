use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::time::Instant;

use super::{PIECE, Streams};
use crate::Body;

const UNREAD: Duration = Duration::from_secs(5);

type Sender = hyper::client::conn::http2::SendRequest<http_body_util::Empty<Bytes>>;

/// A client of a server whose every reply is `length` bytes.
async fn client(length: usize) -> Sender {
    let (near, far) = tokio::io::duplex(1 << 20);
    let streams = Streams::new(UNREAD);
    let server = hyper::server::conn::http2::Builder::new(streams.clone());
    let service = service_fn(move |_: Request<Incoming>| {
        let turn = streams.begin();
        async move {
            // A provider takes longer than a client may.
            tokio::time::sleep(UNREAD * 2).await;
            let body = Body::whole(Bytes::from(vec![7; length]));
            Ok::<_, Infallible>(turn.watch(Response::new(body)))
        }
    });
    tokio::spawn(server.serve_connection(TokioIo::new(far), service));
    let (sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(65_535)
        .handshake(TokioIo::new(near))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

async fn call(sender: &Sender) -> Response<Incoming> {
    let request = Request::new(http_body_util::Empty::new());
    sender.clone().send_request(request).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_left_unread_is_reset_and_the_next_one_is_not() {
    let sender = client(1 << 20).await;
    let unread = call(&sender).await;
    let began = Instant::now();
    tokio::time::sleep(UNREAD * 2).await;
    let read = call(&sender).await;
    let error = unread.into_body().collect().await.unwrap_err();
    assert!(format!("{error:?}").contains("CANCEL"), "{error:?}");
    assert!(began.elapsed() >= UNREAD);
    let whole = read.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(whole, vec![7; 1 << 20]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_no_idle_one() {
    let sender = client(1 << 20).await;
    let mut body = call(&sender).await.into_body();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame.unwrap().into_data().unwrap().len();
        tokio::time::sleep(UNREAD / 16).await;
    }
    assert_eq!(length, 1 << 20);
}

#[tokio::test(start_paused = true)]
async fn pieces_keep_the_length_and_the_end() {
    for length in [0, 1, PIECE, PIECE + 1, 3 * PIECE] {
        let response = call(&client(length).await).await;
        let announced = response.headers().get("content-length");
        let announced = announced.map(|value| value.to_str().unwrap().to_owned());
        // hyper says nothing of an empty one.
        assert_eq!(announced, (length > 0).then(|| length.to_string()));
        let whole = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(whole.len(), length);
    }
}
