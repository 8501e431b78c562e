use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use ironward_core::{AuthScheme, FaultKind, LastUse, Origin, Retry, Side};
use ironward_egress::{Credential, Settings, Upstream as _};
use ironward_secret::Secret;

use crate::peer::{Fixed, KEY, Peer, Way, post};

#[tokio::test]
async fn the_credential_alone_says_where_a_request_goes() {
    let trap = Peer::listen().await;
    let peer = Peer::listen().await;
    let base = format!("http://127.0.0.1:{}/base/v1", peer.port);
    let way = Way::to(Origin::parse(&base).unwrap());
    let mut request = post("/chat?x=1");
    let evil = HeaderValue::from_str(&format!("127.0.0.1:{}", trap.port)).unwrap();
    for name in ["host", "x-base-url", "x-forwarded-host", "proxy-connection"] {
        request
            .headers
            .append(HeaderName::from_static(name), evil.clone());
    }
    let wrong = HeaderValue::from_static("Bearer sk-of-a-client");
    request.headers.insert("authorization", wrong);
    let (reply, seen) = tokio::join!(way.send(request), async {
        peer.accept().await.answer("ok").await
    });
    reply.unwrap();
    assert!(
        seen.starts_with("POST /base/v1/chat?x=1 HTTP/1.1\r\n"),
        "{seen}"
    );
    assert_eq!(
        seen.matches("host: ").count() - seen.matches("-host: ").count(),
        1
    );
    assert!(seen.contains(&format!("\r\nhost: 127.0.0.1:{}\r\n", peer.port)));
    assert!(seen.contains(&format!("authorization: Bearer {KEY}\r\n")));
    assert!(!seen.contains("sk-of-a-client"));
    trap.assert_untouched();
}

#[tokio::test]
async fn a_credential_without_a_secret_sends_none() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    for secret in [None, Some(Secret::new(" \n"))] {
        let lease = way
            .credentials
            .add(Credential::new(secret, peer.http()).unwrap());
        let mut request = post("/");
        request.auth = AuthScheme::Bearer;
        request.headers = HeaderMap::new();
        let (reply, seen) =
            tokio::join!(way.egress.send(lease.id(), request, &way.timeouts), async {
                peer.accept().await.answer("ok").await
            });
        drop(reply.unwrap());
        assert!(!seen.contains("authorization"), "{seen}");
    }
}

async fn refusal(url: &str, addresses: &[&str]) -> ironward_core::Fault {
    let peer = Peer::listen().await;
    let mut origin = Origin::parse(url).unwrap();
    origin.port = peer.port;
    let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let way = Way::with(origin, Settings::default(), Fixed(Some(addresses)));
    let fault = way.post("/").await.unwrap_err();
    peer.assert_untouched();
    assert_eq!(fault.kind, FaultKind::BadGateway);
    assert_eq!(fault.side, Side::Gateway);
    assert_eq!(fault.retry, Retry::Elsewhere(None));
    fault
}

#[tokio::test]
async fn a_public_name_that_resolves_to_a_private_address_is_refused() {
    for address in [
        "127.0.0.1",
        "10.1.2.3",
        "100.64.0.1",
        "::1",
        "fd00::1",
        "::ffff:127.0.0.1",
    ] {
        for scheme in ["http", "https"] {
            let fault = refusal(&format!("{scheme}://api.example.com"), &[address]).await;
            assert!(
                fault
                    .message
                    .starts_with("api.example.com resolves to a private address")
            );
            assert!(fault.message.contains("allow_private_address: true"));
            assert!(!fault.message.contains(address));
            let cause = fault.cause.unwrap();
            let shown = address.parse::<IpAddr>().unwrap().to_string();
            assert!(cause.contains(&shown), "{cause}");
        }
    }
}

#[tokio::test]
async fn the_metadata_service_is_refused_even_to_a_private_origin() {
    for address in [
        "169.254.169.254",
        "fe80::1",
        "fd00:ec2::254",
        "100.100.100.200",
    ] {
        let fault = refusal("http://model.internal", &[address]).await;
        assert!(fault.message.contains("metadata address"), "{fault}");
        assert!(!fault.message.contains(address));
    }
}

#[tokio::test]
async fn only_the_addresses_that_are_admitted_are_dialled() {
    let peer = Peer::listen().await;
    let addresses = ["169.254.169.254", "127.0.0.1"].map(|text| text.parse().unwrap());
    let origin = peer.named("http", "model.internal");
    let way = Way::with(origin, Settings::default(), Fixed(Some(addresses.into())));
    let (result, _) = tokio::join!(way.text("/"), async {
        peer.accept().await.answer("ok").await
    });
    assert_eq!(result.unwrap(), "ok");
}

#[tokio::test]
async fn a_name_without_an_address_is_a_bad_gateway() {
    let origin = Origin::parse("https://api.example.com").unwrap();
    let way = Way::with(origin, Settings::default(), Fixed(Some(Vec::new())));
    let fault = way.post("/").await.unwrap_err();
    assert_eq!(
        &*fault.message,
        "the name of api.example.com cannot be resolved"
    );
    assert_eq!(fault.retry, Retry::Elsewhere(None));
}

#[tokio::test]
async fn a_path_that_is_not_one_is_refused_before_anything_is_dialled() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    for path in [
        "/../admin",
        "//evil.example/",
        "http://evil.example/",
        "/a#b",
        "/a\r\nx: y",
    ] {
        let fault = way.post(path).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Internal);
    }
    peer.assert_untouched();
}

#[tokio::test]
async fn a_credential_that_a_reload_removed_opens_nothing() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let old = way.id();
    let other = Credential::new(Some(Secret::new("sk-another-one")), peer.http()).unwrap();
    let _new = way.credentials.add(other);
    drop(way.lease);
    let fault = way
        .egress
        .send(old, post("/"), &way.timeouts)
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unavailable);
    assert_eq!(fault.side, Side::Gateway);
    assert!(fault.message.contains("no longer loaded"));
    peer.assert_untouched();
}

#[tokio::test]
async fn a_credential_was_used_when_a_peer_could_have_it() {
    let peer = Peer::listen().await;
    let way = Way::to(peer.http());
    let secret = || Some(Secret::new("sk-noted"));
    let used = Arc::new(LastUse::default());
    let credential = Credential::new(secret(), peer.http()).unwrap();
    let lease = way.credentials.add(credential.noted_in(Arc::clone(&used)));
    let unreachable = Arc::new(LastUse::default());
    let nobody = Origin::parse("http://127.0.0.1:1").unwrap();
    let credential = Credential::new(secret(), nobody).unwrap();
    let credential = credential.noted_in(Arc::clone(&unreachable));
    let unheard = way.credentials.add(credential);

    let sent = way.egress.send(unheard.id(), post("/"), &way.timeouts);
    assert!(sent.await.is_err());
    assert_eq!(unreachable.at(), None, "nothing was sent");
    assert_eq!(used.at(), None);
    let (reply, _) = tokio::join!(
        way.egress.send(lease.id(), post("/"), &way.timeouts),
        async { peer.accept().await.answer("ok").await }
    );
    drop(reply.unwrap());
    assert!(used.at().is_some());
}
