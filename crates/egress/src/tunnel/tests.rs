use ironward_core::Origin;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

use super::{Refusal, open};
use crate::endpoint::Endpoint;
use crate::proxy::Proxy;

async fn answer(reply: &'static [u8]) -> (Result<(), Refusal>, String, Vec<u8>) {
    let (mut near, mut far) = duplex(1 << 16);
    let proxy = Proxy {
        host: "proxy".into(),
        port: 1,
        authorization: Some(http::HeaderValue::from_static("Basic eDp5")),
    };
    let origin = Origin::parse("https://[2001:db8::1]:8443").unwrap();
    let endpoint = Endpoint::new(origin).unwrap();
    far.write_all(reply).await.unwrap();
    far.shutdown().await.unwrap();
    let result = open(&mut near, &proxy, &endpoint).await;
    let mut rest = Vec::new();
    near.read_to_end(&mut rest).await.unwrap();
    drop(near);
    let mut request = String::new();
    far.read_to_string(&mut request).await.unwrap();
    (result, request, rest)
}

#[tokio::test]
async fn a_tunnel_leaves_what_follows_the_head_alone() {
    let (result, request, rest) =
        answer(b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\nTLS").await;
    assert!(result.is_ok());
    assert_eq!(rest, b"TLS");
    assert_eq!(
        request,
        "CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n\
         Proxy-Authorization: Basic eDp5\r\n\r\n"
    );
}

#[tokio::test]
async fn a_refusal_keeps_its_status() {
    let (result, ..) = answer(b"HTTP/1.0 407 Proxy Authentication Required\r\n\r\n").await;
    assert!(matches!(result, Err(Refusal::Status(407))));
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    let (result, ..) = answer(b"SSH-2.0-OpenSSH\r\n\r\n").await;
    assert!(matches!(result, Err(Refusal::NotHttp)));
    let (result, ..) = answer(b"HTTP/1.1 200 OK\r\n").await;
    assert!(matches!(result, Err(Refusal::Io(_))));
    let (result, ..) = answer(&[b'x'; 9000]).await;
    assert!(matches!(result, Err(Refusal::NotHttp)));
}
