use ironward_core::{FaultKind, Retry, UpstreamRequest};
use ironward_egress::{Roots, Settings};
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

use crate::peer::{Certified, Fixed, Line, Peer, Way, post, text};

const HOST: &str = "model.internal";

/// What becomes of a request to a server with the certificate of `host`.
async fn attempt(
    certified: &Certified,
    settings: Settings,
) -> Result<String, ironward_core::Fault> {
    let peer = Peer::listen().await;
    let way = Way::with(peer.named("https", HOST), settings, Fixed::loopback());
    let acceptor = TlsAcceptor::from(certified.server.clone());
    let serve = async {
        if let Ok(stream) = acceptor.accept(peer.socket().await).await {
            let name = stream.get_ref().1.server_name().map(String::from);
            assert_eq!(name.as_deref(), Some(HOST));
            Line(stream).answer("ok").await;
        }
    };
    tokio::join!(way.text("/"), serve).0
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let certified = Certified::new(HOST, &[]);
    let fault = attempt(&certified, Settings::default()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::BadGateway);
    assert_eq!(fault.retry, Retry::Elsewhere(None));
    assert!(
        fault
            .message
            .starts_with("the certificate of model.internal is not valid")
    );
    assert!(fault.cause.unwrap().contains("UnknownIssuer"));
}

#[tokio::test]
async fn a_certificate_of_an_authority_that_was_added_is_accepted() {
    let certified = Certified::new(HOST, &[b"http/1.1"]);
    assert_eq!(
        attempt(&certified, certified.trusted()).await.unwrap(),
        "ok"
    );
    let settings = Settings {
        roots: Roots::OnlyExtra,
        ..certified.trusted()
    };
    assert_eq!(attempt(&certified, settings).await.unwrap(), "ok");
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused() {
    let certified = Certified::new("other.internal", &[]);
    let fault = attempt(&certified, certified.trusted()).await.unwrap_err();
    assert!(fault.message.contains("is not valid"), "{fault}");
}

#[tokio::test]
async fn the_danger_flag_accepts_any_certificate() {
    let certified = Certified::new("other.internal", &[]);
    let settings = Settings {
        danger_skip_certificate_checks: true,
        ..Settings::default()
    };
    assert_eq!(attempt(&certified, settings).await.unwrap(), "ok");
}

#[tokio::test]
async fn settings_that_cannot_hold_are_refused() {
    let clock = crate::peer::Stepped::new();
    for pem in [
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let settings = Settings {
            extra_ca_pem: pem.into(),
            ..Settings::default()
        };
        assert!(ironward_egress::Dialler::new(settings, clock.clone()).is_err());
    }
}

#[tokio::test]
async fn a_body_until_the_end_of_a_tls_connection_needs_a_said_end() {
    for is_said in [true, false] {
        let certified = Certified::new(HOST, &[]);
        let peer = Peer::listen().await;
        let origin = peer.named("https", HOST);
        let way = Way::with(origin, certified.trusted(), Fixed::loopback());
        let acceptor = TlsAcceptor::from(certified.server.clone());
        let serve = async {
            let mut line = Line(acceptor.accept(peer.socket().await).await.unwrap());
            line.request().await;
            line.write("HTTP/1.1 200 OK\r\n\r\nall of it?").await;
            if is_said {
                line.0.shutdown().await.unwrap();
            }
        };
        let (result, ()) = tokio::join!(way.text("/"), serve);
        assert_eq!(way.egress.idle(), 0);
        if is_said {
            assert_eq!(result.unwrap(), "all of it?");
        } else {
            // Whoever sits on the wire can end a TCP connection where it likes.
            assert!(result.unwrap_err().message.contains("broke off"));
        }
    }
}

#[tokio::test]
async fn a_tls_connection_is_used_again_and_takes_large_requests() {
    let certified = Certified::new(HOST, &[]);
    let peer = Peer::listen().await;
    let origin = peer.named("https", HOST);
    let way = Way::with(origin, certified.trusted(), Fixed::loopback());
    let acceptor = TlsAcceptor::from(certified.server.clone());
    let length = 4 << 20;
    let serve = async {
        let mut line = Line(acceptor.accept(peer.socket().await).await.unwrap());
        for _ in 0..3 {
            assert!(line.answer("ok").await.len() > length);
        }
        line
    };
    let ask = async {
        for number in 0..3 {
            let large = UpstreamRequest {
                body: vec![b'x'; length].into(),
                ..post("/")
            };
            let reply = way.send(large).await.unwrap();
            assert_eq!(reply.timing.reused, number > 0);
            assert_eq!(text(reply).await.unwrap(), "ok");
        }
    };
    tokio::join!(serve, ask);
    peer.assert_untouched();
}
