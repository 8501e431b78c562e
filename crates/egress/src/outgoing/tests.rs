use http::{HeaderMap, HeaderName, HeaderValue, Method};
use ironward_core::{AuthScheme, Fault, Origin, Pieces, UpstreamRequest};
use ironward_secret::Secret;

use super::{Outgoing, prepare};
use crate::Credential;

fn sent(base: &str, path: &str, auth: AuthScheme, headers: HeaderMap) -> Result<Outgoing, Fault> {
    let secret = Some(Secret::new("sk-canary"));
    let credential = Credential::new(secret, Origin::parse(base).unwrap()).unwrap();
    let request = UpstreamRequest {
        method: Method::POST,
        path: path.into(),
        headers,
        body: Pieces::new(),
        auth,
        stream: false,
    };
    prepare(request, &credential, &HeaderValue::from_static("test/1"))
}

fn target(base: &str, path: &str) -> Result<String, Fault> {
    let request = sent(base, path, AuthScheme::None, HeaderMap::new())?;
    Ok(request.target.to_string())
}

#[test]
fn a_path_goes_below_the_base_path() {
    let base = "https://api.example.com/openai/v1/";
    assert_eq!(
        target(base, "/chat?a=b%20c").unwrap(),
        "/openai/v1/chat?a=b%20c"
    );
    assert_eq!(target("https://api.example.com", "/v1/x").unwrap(), "/v1/x");
    assert_eq!(
        target(base, "/m/a%2Fb..c:g?p=../x").unwrap(),
        "/openai/v1/m/a%2Fb..c:g?p=../x"
    );
}

#[test]
fn a_path_cannot_leave_its_base_or_name_a_host() {
    for path in [
        "",
        "v1",
        "//evil.example/x",
        "/../x",
        "/a/..",
        "/a/../../x",
        "/%2e%2e/x",
        "/.%2E/x",
        "/a%2f..%2fx",
        "/a%5C..",
        "/a\\b",
        "/a#b",
        "/a b",
        "/a\r\nHost: x",
        "/a\0",
        "/\u{e9}",
        "https://evil.example/",
        "@evil.example/",
    ] {
        assert!(
            target("https://api.example.com/v1", path).is_err(),
            "{path:?}"
        );
    }
}

#[test]
fn the_scheme_says_how_the_secret_is_presented() {
    let url = "https://api.example.com";
    let bearer = sent(url, "/", AuthScheme::Bearer, HeaderMap::new()).unwrap();
    assert_eq!(bearer.headers["authorization"], "Bearer sk-canary");
    assert!(bearer.headers["authorization"].is_sensitive());
    let name = AuthScheme::Header(HeaderName::from_static("x-api-key"));
    let named = sent(url, "/", name, HeaderMap::new()).unwrap();
    assert_eq!(named.headers["x-api-key"], "sk-canary");
    assert!(!named.headers.contains_key("authorization"));
    let none = sent(url, "/", AuthScheme::None, HeaderMap::new()).unwrap();
    assert!(none.headers.values().all(|value| !value.is_sensitive()));
    assert!(!format!("{:?}", bearer.headers).contains("canary"));
}

#[test]
fn headers_of_the_connection_and_of_egress_are_not_the_callers() {
    let mut headers = HeaderMap::new();
    for name in [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "proxy-authorization",
        "proxy-connection",
        "authorization",
    ] {
        headers.append(
            HeaderName::from_static(name),
            HeaderValue::from_static("evil"),
        );
        headers.append(
            HeaderName::from_static(name),
            HeaderValue::from_static("evil2"),
        );
    }
    headers.insert("x-kept", HeaderValue::from_static("yes"));
    let request = sent("https://api.example.com", "/", AuthScheme::Bearer, headers).unwrap();
    let mut left: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| format!("{name}={}", value.to_str().unwrap()))
        .collect();
    left.sort();
    assert_eq!(
        left,
        [
            "accept-encoding=identity",
            "authorization=Bearer sk-canary",
            "user-agent=test/1",
            "x-kept=yes"
        ]
    );
}
