use http::{HeaderMap, HeaderValue, Method};
use ironward_core::{Origin, Pieces};

use super::head;
use crate::ProxySettings;
use crate::endpoint::Endpoint;
use crate::outgoing::Outgoing;
use crate::proxy::{Proxies, Way};

fn endpoint(origin: &str) -> Endpoint {
    Endpoint::new(Origin::parse(origin).unwrap()).unwrap()
}

fn written(method: Method, body: &'static [u8]) -> String {
    let request = Outgoing {
        method,
        target: "/x".parse().unwrap(),
        headers: HeaderMap::new(),
        body: body.into(),
    };
    let head = head(&request, &endpoint("http://[::1]:81"), &Way::Direct);
    String::from_utf8(head).unwrap()
}

#[test]
fn the_length_is_said_unless_there_is_nothing_to_say() {
    let length = |head: String| {
        head.split_once("content-length: ")
            .map(|(_, rest)| rest.to_owned())
    };
    assert_eq!(length(written(Method::POST, b"")).unwrap(), "0\r\n\r\n");
    assert_eq!(length(written(Method::POST, b"abc")).unwrap(), "3\r\n\r\n");
    assert_eq!(length(written(Method::GET, b"abc")).unwrap(), "3\r\n\r\n");
    assert_eq!(
        written(Method::GET, b""),
        "GET /x HTTP/1.1\r\nhost: [::1]:81\r\n\r\n"
    );
}

#[test]
fn a_proxy_is_told_where_to_go_and_who_asks() {
    let mut headers = HeaderMap::new();
    headers.append("x-a", HeaderValue::from_static("1"));
    headers.append("x-a", HeaderValue::from_static("2"));
    let request = Outgoing {
        method: Method::POST,
        target: "/x?y".parse().unwrap(),
        headers,
        body: Pieces::new(),
    };
    let settings = ProxySettings {
        http: Some("http://ada:secret@proxy".to_owned()),
        ..ProxySettings::default()
    };
    let endpoint = endpoint("http://model.internal");
    let way = Proxies::new(&settings).unwrap().way(&endpoint);
    let head = head(&request, &endpoint, &way);
    let expected = "POST http://model.internal/x?y HTTP/1.1\r\nhost: model.internal\r\n\
                    proxy-authorization: Basic YWRhOnNlY3JldA==\r\nx-a: 1\r\nx-a: 2\r\n\
                    content-length: 0\r\n\r\n";
    assert_eq!(std::str::from_utf8(&head).unwrap(), expected);
}
