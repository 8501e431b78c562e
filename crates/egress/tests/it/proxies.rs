use ironward_core::{FaultKind, Origin};
use ironward_egress::{ProxySettings, Settings};
use tokio_rustls::TlsAcceptor;

use crate::peer::{Certified, Fixed, KEY, Line, Peer, Way};

const HOST: &str = "api.example.com";

fn through(proxy: &Peer, settings: Settings, no_proxy: &str) -> Settings {
    let url = Some(format!("http://ada:secret@localhost:{}", proxy.port));
    Settings {
        proxy: ProxySettings {
            http: url.clone(),
            https: url,
            no_proxy: Some(no_proxy.into()),
        },
        ..settings
    }
}

#[tokio::test]
async fn a_tls_origin_is_reached_through_a_tunnel_that_sees_no_key() {
    let proxy = Peer::listen().await;
    let certified = Certified::new(HOST, &[]);
    let settings = through(&proxy, certified.trusted(), "");
    // A public name: it is the proxy that resolves it.
    let origin = Origin::parse(&format!("https://{HOST}/v1")).unwrap();
    let way = Way::with(origin, settings, Fixed::loopback());
    let serve = async {
        let mut line = proxy.accept().await;
        let connect = line.request().await;
        line.write("HTTP/1.1 200 OK\r\n\r\n").await;
        let acceptor = TlsAcceptor::from(certified.server.clone());
        let stream = acceptor.accept(line.0).await.unwrap();
        (connect, Line(stream).answer("ok").await)
    };
    let (result, (connect, request)) = tokio::join!(way.text("/x"), serve);
    assert_eq!(result.unwrap(), "ok");
    assert_eq!(
        connect,
        "CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\
         Proxy-Authorization: Basic YWRhOnNlY3JldA==\r\n\r\n"
    );
    assert!(request.starts_with("POST /v1/x HTTP/1.1\r\n"));
    assert!(request.contains("\r\nhost: api.example.com\r\n"));
    assert!(request.contains(KEY));
    assert!(!request.to_lowercase().contains("proxy-authorization"));
}

#[tokio::test]
async fn a_tunnel_that_is_refused_is_a_bad_gateway() {
    let proxy = Peer::listen().await;
    let origin = Origin::parse(&format!("https://{HOST}")).unwrap();
    let settings = through(&proxy, Settings::default(), "");
    let way = Way::with(origin, settings, Fixed::loopback());
    let (result, _) = tokio::join!(way.post("/"), async {
        let mut line = proxy.accept().await;
        line.request().await;
        line.reply("403 Forbidden", "no").await;
        line
    });
    let fault = result.unwrap_err();
    assert_eq!(fault.kind, FaultKind::BadGateway);
    assert!(
        fault
            .message
            .contains("refused the tunnel to api.example.com with status 403")
    );
}

#[tokio::test]
async fn a_plain_origin_is_asked_of_the_proxy_in_absolute_form() {
    let proxy = Peer::listen().await;
    let origin = Origin::parse(&format!("http://{HOST}/v1")).unwrap();
    let settings = through(&proxy, Settings::default(), "other.example");
    let way = Way::with(origin, settings, Fixed::loopback());
    let (result, seen) = tokio::join!(way.text("/x?y=1"), async {
        proxy.accept().await.answer("ok").await
    });
    assert_eq!(result.unwrap(), "ok");
    assert!(
        seen.starts_with("POST http://api.example.com/v1/x?y=1 HTTP/1.1\r\n"),
        "{seen}"
    );
    assert!(seen.contains("\r\nhost: api.example.com\r\n"));
    assert!(seen.contains("proxy-authorization: Basic YWRhOnNlY3JldA==\r\n"));
}

#[tokio::test]
async fn an_origin_in_no_proxy_is_dialled_itself() {
    let proxy = Peer::listen().await;
    let peer = Peer::listen().await;
    let settings = through(&proxy, Settings::default(), "model.internal");
    let origin = peer.named("http", "model.internal");
    let way = Way::with(origin, settings, Fixed::loopback());
    let (result, seen) = tokio::join!(way.text("/"), async {
        peer.accept().await.answer("ok").await
    });
    assert_eq!(result.unwrap(), "ok");
    assert!(seen.starts_with("POST / HTTP/1.1\r\n"));
    assert!(!seen.contains("proxy-authorization"));
    proxy.assert_untouched();
}
