use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use ironward_core::{Fault, FaultKind, Retry};
use ironward_egress::Settings;

use crate::peer::{Fixed, Peer, Way, stream};

/// What becomes of a reply with these bytes, after which the peer closes.
async fn after(reply: impl AsRef<[u8]>) -> Result<String, Fault> {
    let peer = Peer::listen().await;
    let settings = Settings {
        reply_limit: 1 << 20,
        ..Settings::default()
    };
    let way = Way::with(peer.http(), settings, Fixed::loopback());
    let (result, ()) = tokio::join!(way.text("/"), async {
        let mut line = peer.accept().await;
        line.request().await;
        // The other side may close before it has read all of it.
        drop(tokio::io::AsyncWriteExt::write_all(&mut line.0, reply.as_ref()).await);
    });
    assert_eq!(way.egress.idle(), 0);
    result
}

async fn fault_after(reply: impl AsRef<[u8]>) -> Fault {
    let fault = after(reply).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::BadGateway);
    fault
}

#[tokio::test]
async fn a_body_that_is_cut_short_is_a_fault() {
    let fault = fault_after("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort").await;
    assert_eq!(
        &*fault.message,
        "the provider's reply broke off before its end"
    );
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    fault_after(format!("{head}5\r\nshort\r\n")).await;
    fault_after(format!("{head}5\r\nsho")).await;
    fault_after(format!("{head}5\r\nshort\r\n0\r\n")).await;
    fault_after(format!("{head}zz\r\nshort\r\n")).await;
}

#[tokio::test]
async fn a_head_that_is_cut_short_or_is_no_http_is_a_fault() {
    for reply in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "220 mail.example ESMTP\r\n\r\n",
    ] {
        fault_after(reply).await;
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_a_fault() {
    let value = "v".repeat(70_000);
    let fault = fault_after(format!("HTTP/1.1 200 OK\r\nx: {value}\r\n\r\n")).await;
    assert!(fault.message.contains("head"), "{fault}");
    let headers: String = (0..200).map(|number| format!("x{number}: y\r\n")).collect();
    let fault = fault_after(format!("HTTP/1.1 200 OK\r\n{headers}\r\n")).await;
    assert!(fault.message.contains("head"), "{fault}");
}

#[tokio::test]
async fn a_reply_over_the_limit_is_a_fault() {
    let body = "x".repeat((1 << 20) + 1);
    let announced = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let fault = fault_after(announced).await;
    assert!(
        fault
            .message
            .contains("larger than the limit of 1048576 bytes")
    );
    assert_eq!(fault.retry, Retry::Never);
    let until_close = format!("HTTP/1.1 200 OK\r\n\r\n{body}");
    let fault = fault_after(until_close).await;
    assert!(fault.message.contains("larger than the limit"));
    let at_limit = format!("HTTP/1.1 200 OK\r\n\r\n{}", body.get(1..).unwrap());
    assert_eq!(after(at_limit).await.unwrap().len(), 1 << 20);
}

#[tokio::test]
async fn a_stream_may_be_as_long_as_it_is() {
    let peer = Peer::listen().await;
    let settings = Settings {
        reply_limit: 10,
        ..Settings::default()
    };
    let way = Way::with(peer.http(), settings, Fixed::loopback());
    let ask = async {
        let reply = way.send(stream("/")).await.unwrap();
        assert_eq!(reply.body.collect(1000).await.unwrap().len(), 100);
    };
    tokio::join!(ask, async {
        peer.accept().await.answer(&"x".repeat(100)).await;
    });
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn compressed(coding: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn compression_is_undone_and_bounded() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let ask = async {
        let reply = way.post("/").await.unwrap();
        assert!(!reply.headers.contains_key("content-encoding"));
        assert!(!reply.headers.contains_key("content-length"));
        assert_eq!(reply.body.collect(100).await.unwrap(), "hello");
        assert_eq!(way.egress.idle(), 1);
    };
    let ((), _line) = tokio::join!(ask, async {
        let mut line = peer.accept().await;
        let request = line.request().await;
        assert!(request.contains("accept-encoding: identity\r\n"));
        line.write(compressed("gzip", &gzip(b"hello"))).await;
        line
    });

    let bomb = gzip(&vec![b'0'; 16 << 20]);
    let fault = fault_after(compressed("gzip", &bomb)).await;
    assert!(fault.message.contains("expands") || fault.message.contains("larger"));
    let random: Vec<u8> = (0..1_u32 << 19)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    let fault = fault_after(compressed("gzip", &gzip(&random))).await;
    assert!(
        fault
            .message
            .contains("larger than the limit of 1048576 bytes")
    );
    let fault = fault_after(compressed("br", b"?")).await;
    assert!(fault.message.contains("'br'"), "{fault}");
}

#[tokio::test]
async fn a_redirect_is_a_fault_and_nothing_is_sent_after_it() {
    let trap = Peer::listen().await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        let location = format!("location: http://127.0.0.1:{}/", trap.port);
        let fault = fault_after(format!("HTTP/1.1 {status}\r\n{location}\r\n\r\n")).await;
        assert!(fault.message.contains("redirects are not followed"));
        assert_eq!(fault.upstream_status, status.get(..3).unwrap().parse().ok());
    }
    trap.assert_untouched();
}

#[tokio::test]
async fn a_change_of_protocol_is_a_fault() {
    let head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade";
    fault_after(format!("{head}\r\n\r\n")).await;
}
