use std::time::Duration;

use ironward_core::{Fault, FaultKind, Origin, Retry, Side, Timeouts};
use ironward_egress::Settings;

use crate::peer::{Fixed, Peer, Way, stream};

/// Nothing ever comes in these tests, so how short a time is waited for it does not matter.
const SHORT: Duration = Duration::from_millis(30);

fn assert_timeout(fault: &Fault, phase: &str) {
    assert_eq!(fault.kind, FaultKind::Timeout);
    assert_eq!(fault.side, Side::Upstream);
    assert_eq!(fault.retry, Retry::Elsewhere(None));
    assert!(fault.message.contains(phase), "{fault}");
    assert!(fault.message.contains("30 ms"), "{fault}");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_never_resolved_is_a_connect_timeout() {
    let origin = Origin::parse("https://api.example.com").unwrap();
    let mut way = Way::with(origin, Settings::default(), Fixed(None));
    way.timeouts.connect = SHORT;
    let fault = way.post("/").await.unwrap_err();
    assert_timeout(&fault, "connect timeout");
}

#[tokio::test]
async fn a_peer_that_does_not_speak_tls_is_a_connect_timeout() {
    let peer = Peer::listen().await;
    let mut way = Way::to(peer.named("https", "localhost"));
    way.timeouts.connect = SHORT;
    let (result, _line) = tokio::join!(way.post("/"), peer.accept());
    assert_timeout(&result.unwrap_err(), "connect timeout");
}

#[tokio::test]
async fn a_head_that_does_not_come_is_a_first_byte_timeout() {
    let peer = Peer::listen().await;
    let mut way = Way::to(peer.http());
    way.timeouts.first_byte = SHORT;
    let (result, ()) = tokio::join!(way.post("/"), async {
        peer.accept().await.closed_after_request().await;
    });
    assert_timeout(&result.unwrap_err(), "first byte timeout");
}

#[tokio::test]
async fn a_head_of_a_whole_reply_also_keeps_to_the_total() {
    let peer = Peer::listen().await;
    let mut way = Way::to(peer.http());
    way.timeouts.total = SHORT;
    let (result, ()) = tokio::join!(way.post("/"), async {
        peer.accept().await.closed_after_request().await;
    });
    assert_timeout(&result.unwrap_err(), "total timeout");
}

#[tokio::test]
async fn a_body_that_pauses_is_an_idle_timeout() {
    let peer = Peer::listen().await;
    let mut way = Way::to(peer.http());
    way.timeouts.idle = SHORT;
    let ask = async {
        let mut reply = way.send(stream("/")).await.unwrap();
        assert_eq!(reply.body.next().await.unwrap().unwrap(), "part");
        assert_timeout(&reply.body.next().await.unwrap_err(), "idle timeout");
        assert_eq!(reply.body.next().await.unwrap(), None);
    };
    tokio::join!(ask, async {
        let mut line = peer.accept().await;
        line.request().await;
        line.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart")
            .await;
        line.closed().await;
    });
}

#[tokio::test]
async fn a_body_that_trickles_is_over_at_the_total_unless_it_is_a_stream() {
    let peer = Peer::listen().await;
    let mut way = Way::to(peer.http());
    way.timeouts = Timeouts {
        idle: Duration::from_secs(60),
        total: SHORT,
        ..Timeouts::default()
    };
    let (result, ()) = tokio::join!(way.text("/"), async {
        let mut line = peer.accept().await;
        line.request().await;
        line.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart")
            .await;
        line.closed().await;
    });
    assert_timeout(&result.unwrap_err(), "total timeout");
    let (result, ()) = tokio::join!(way.send(stream("/")), async {
        let mut line = peer.accept().await;
        line.request().await;
        tokio::time::sleep(2 * SHORT).await;
        line.reply("200 OK", "late").await;
    });
    assert!(result.is_ok());
}

#[tokio::test]
async fn a_refused_connection_is_a_bad_gateway_that_another_deployment_may_cure() {
    let peer = Peer::listen().await;
    let origin = peer.named("http", "model.internal");
    drop(peer);
    let fault = Way::to(origin).post("/").await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::BadGateway);
    assert_eq!(fault.retry, Retry::Elsewhere(None));
    assert_eq!(&*fault.message, "no connection to model.internal");
    assert!(fault.cause.unwrap().contains("127.0.0.1"));
}

#[tokio::test]
async fn an_address_that_answers_is_found_behind_one_that_does_not() {
    let peer = Peer::listen().await;
    // Nobody listens on that port of the first one.
    let addresses = vec!["127.0.0.99".parse().unwrap(), "127.0.0.1".parse().unwrap()];
    let origin = peer.named("http", "model.internal");
    let way = Way::with(origin, Settings::default(), Fixed(Some(addresses)));
    let (result, request) = tokio::join!(way.text("/"), async {
        peer.accept().await.answer("ok").await
    });
    assert_eq!(result.unwrap(), "ok");
    assert!(request.contains(&format!("host: model.internal:{}\r\n", peer.port)));
}
