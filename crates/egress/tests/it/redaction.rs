use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, StatusCode};
use ironward_core::AuthScheme;

use crate::peer::{KEY, Peer, Way, post, text};

#[tokio::test]
async fn an_error_never_repeats_the_credential() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let encoded = STANDARD.encode(format!("user:{KEY}"));
    let body = format!(
        r#"{{"error":"key {KEY} or {}*** ({encoded}) is wrong"}}"#,
        KEY.get(..12).unwrap()
    );
    let ask = async {
        let reply = way.post("/").await.unwrap();
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(reply.headers["x-echo"], "Bearer [redacted]");
        assert_eq!(reply.headers["retry-after"], "3");
        let body = text(reply).await.unwrap();
        for window in KEY.as_bytes().windows(8) {
            assert!(
                !body.contains(std::str::from_utf8(window).unwrap()),
                "{body}"
            );
        }
        assert!(
            body.starts_with(r#"{"error":"key [redacted] or [redacted]*** ("#),
            "{body}"
        );
        assert!(body.ends_with(r#") is wrong"}"#));
        assert_eq!(way.egress.idle(), 1);
    };
    let ((), _line) = tokio::join!(ask, async {
        let mut line = peer.accept().await;
        line.request().await;
        let head = format!("401 Unauthorized\r\nretry-after: 3\r\nx-echo: Bearer {KEY}");
        line.reply(&head, body).await;
        line
    });
}

#[tokio::test]
async fn a_success_loses_the_header_that_repeats_the_credential() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let mut request = post("/");
    request.auth = AuthScheme::Header(HeaderName::from_static("x-api-key"));
    let (reply, ()) = tokio::join!(way.send(request), async {
        let mut line = peer.accept().await;
        assert!(
            line.request()
                .await
                .contains(&format!("x-api-key: {KEY}\r\n"))
        );
        let head = format!("200 OK\r\nx-echo: <{KEY}>\r\nx-request-id: req_1");
        line.reply(&head, "ok").await;
    });
    let reply = reply.unwrap();
    assert!(!reply.headers.contains_key("x-echo"));
    assert_eq!(reply.headers["x-request-id"], "req_1");
}

#[tokio::test]
async fn an_error_is_cut_and_a_broken_one_keeps_its_status() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let (reply, ()) = tokio::join!(way.post("/"), async {
        let mut line = peer.accept().await;
        line.request().await;
        let long = [&"x".repeat((64 << 10) - 4), KEY, &"y".repeat(1 << 16)].concat();
        let head = format!(
            "HTTP/1.1 500 Oops\r\ncontent-length: {}\r\n\r\n",
            long.len()
        );
        line.write(head).await;
        // The other side closes when it has read enough.
        drop(tokio::io::AsyncWriteExt::write_all(&mut line.0, long.as_bytes()).await);
    });
    let reply = reply.unwrap();
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(text(reply).await.unwrap().len(), 64 << 10);

    let (reply, ()) = tokio::join!(way.post("/"), async {
        let mut line = peer.accept().await;
        line.request().await;
        line.write("HTTP/1.1 429 Slow\r\ncontent-length: 99\r\n\r\nslow do")
            .await;
    });
    let reply = reply.unwrap();
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(text(reply).await.unwrap(), "slow do");
}
