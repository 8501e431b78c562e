//! Hosts and request targets that two readers could understand differently: 400 or 404, and never
//! authorised differently from the canonical route.

use ironward_testkit::raw;

use crate::dialect::Dialect;
use crate::http2;
use crate::rig::{KEY, Rig};

fn call(start: &str, hosts: &[&str], key: Option<&str>) -> Vec<u8> {
    let body = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
    let mut head = format!("{start}\r\n");
    for host in hosts {
        head.push_str(&format!("host: {host}\r\n"));
    }
    if let Some(key) = key {
        head.push_str(&format!("authorization: Bearer {key}\r\n"));
    }
    head.push_str("content-type: application/json\r\nconnection: close\r\n");
    head.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    head.into_bytes()
}

/// The status; none when the connection is closed without a reply.
fn status(rig: &Rig, request: &[u8]) -> Option<u16> {
    let reply = raw::exchange(rig.address(), request);
    reply.ok().map(|reply| reply.status)
}

const CANONICAL: &str = "POST /v1/chat/completions HTTP/1.1";

#[test]
fn a_host_is_one_host() {
    let rig = Rig::start();
    for hosts in [
        &[][..],
        &["gw", "gw"],
        &["gw", "other"],
        &["gw/health?x="],
        &["gw#"],
        &["gw?"],
        &["gw\\@other"],
        &["user@gw"],
        &["gw,other"],
        &["gw other"],
        &["gw:port"],
        &["gw\u{e9}"],
        &["http://gw"],
        &["%67w"],
        &["[::1"],
    ] {
        for key in [None, Some(KEY)] {
            let status = status(&rig, &call(CANONICAL, hosts, key));
            assert_eq!(status, Some(400), "{hosts:?} with key: {}", key.is_some());
        }
    }
    assert!(rig.upstream.calls().is_empty());
    for host in [
        "gw",
        "gw:4000",
        "127.0.0.1",
        "[::1]:4000",
        "a-b.example",
        "",
    ] {
        let (without, with) = (
            call(CANONICAL, &[host], None),
            call(CANONICAL, &[host], Some(KEY)),
        );
        assert_eq!(status(&rig, &without), Some(401), "{host}");
        assert_eq!(status(&rig, &with), Some(200), "{host}");
    }
}

#[test]
fn a_target_is_a_path() {
    let rig = Rig::start();
    for target in [
        &*format!("http://{}/v1/chat/completions", rig.address()),
        "http://other/v1/chat/completions",
        "https://gw/v1/chat/completions",
        "file:///v1/chat/completions",
        "gw:443",
        "*",
        "v1/chat/completions",
        "\\v1\\chat\\completions",
    ] {
        assert_no_route(&rig, target);
    }
    assert!(rig.upstream.calls().is_empty());
}

/// Spellings of the canonical path, and ways around it.
const OTHER_SPELLINGS: [&str; 38] = [
    "//v1/chat/completions",
    "/v1//chat/completions",
    "/v1/chat//completions",
    "/v1/chat/completions/",
    "/v1/chat/completions//",
    "/./v1/chat/completions",
    "/v1/./chat/completions",
    "/v1/../v1/chat/completions",
    "/health/../v1/chat/completions",
    "/health/liveliness/../../v1/chat/completions",
    "/v1/../key/generate",
    "/v1/%2e%2e/key/generate",
    "/v1/%2e%2e%2fkey/generate",
    "/v1/..%2fkey/generate",
    "/v1/..;/key/generate",
    "/%2e/v1/chat/completions",
    "/v1%2fchat%2fcompletions",
    "/v1/chat%2Fcompletions",
    "/%76%31/chat/completions",
    "/v1/chat/completion%73",
    "/v1/chat/completions%20",
    "/v1/chat/completions%00",
    "/v1/chat/completions%0a",
    "/v1/chat/completions;x=1",
    "/v1/chat;x=1/completions",
    "/v1/chat/completions;/health/liveliness",
    "/v1/chat/completions%3fx=1",
    "/v1/chat/completions%23",
    "/v1/chat/completions.json",
    "/v1\\chat\\completions",
    "/V1/chat/completions",
    "/v1/Chat/Completions",
    "/V1/CHAT/COMPLETIONS",
    "/v1/v1/chat/completions",
    "/api/v1/chat/completions",
    "/v1/messages/",
    "/v1/models/..",
    "/openai/deployments/../chat/completions",
];

#[test]
fn another_spelling_of_a_route_is_no_route() {
    let rig = Rig::start();
    for target in OTHER_SPELLINGS {
        assert_no_route(&rig, target);
    }
    assert!(rig.upstream.calls().is_empty());
}

#[test]
fn a_model_in_a_path_stays_one_name() {
    let rig = Rig::start();
    for name in [
        "..",
        "%2e%2e",
        "openai%2f..%2fgpt-test",
        "openai/../gpt-test",
        "openai%2f%2fgpt-test",
        "openai/gpt-test%00",
        "openai/gpt-test%3fapi-version=1",
        "openai/gpt-test%23",
        "openai/gpt-test%5c..",
        "openai/gpt-test;x",
        "openai%252fgpt-test",
        "%ff%fe",
        "",
    ] {
        for prefix in ["/openai/deployments/", "/engines/"] {
            assert_no_route(&rig, &format!("{prefix}{name}/chat/completions"));
        }
    }
    assert!(rig.upstream.calls().is_empty());
}

/// 400 or 404, with a key as without one.
#[track_caller]
fn assert_no_route(rig: &Rig, target: &str) {
    for key in [None, Some(KEY)] {
        let start = format!("POST {target} HTTP/1.1");
        let status = status(rig, &call(&start, &["gw"], key));
        // What is no URI at all has its connection closed without a word.
        let refused = matches!(status, None | Some(400 | 404));
        assert!(refused, "{target} with key {}: {status:?}", key.is_some());
    }
}

#[test]
fn a_query_changes_nothing_about_a_route() {
    let rig = Rig::start();
    for query in [
        "?",
        "?x=/health/liveliness",
        "?/../../key",
        "?beta=true",
        "?#",
        "??",
    ] {
        let start = format!("POST /v1/chat/completions{query} HTTP/1.1");
        let (without, with) = (
            call(&start, &["gw"], None),
            call(&start, &["gw"], Some(KEY)),
        );
        assert_eq!(status(&rig, &without), Some(401), "{query}");
        assert_eq!(status(&rig, &with), Some(200), "{query}");
    }
}

#[test]
fn malformed_request_lines_are_refused() {
    let rig = Rig::start();
    for start in [
        "POST /v1/chat/completions HTTP/9.9",
        "POST /v1/chat/completions HTTP/0.9",
        "POST /v1/chat/completions",
        "POST /v1/chat/completions /x HTTP/1.1",
        "POST\t/v1/chat/completions HTTP/1.1",
        "POST /v1/chat/completions\0 HTTP/1.1",
        "PO ST /v1/chat/completions HTTP/1.1",
        "CONNECT other:443 HTTP/1.1",
    ] {
        let status = status(&rig, &call(start, &["gw"], None));
        let refused = matches!(status, None | Some(400 | 404 | 505));
        assert!(refused, "{start:?}: {status:?}");
    }
    assert!(rig.upstream.calls().is_empty());
    rig.assert_works();
}

#[test]
fn over_http2_the_same_paths_are_no_routes() {
    let rig = Rig::start();
    http2::run(async {
        let (client, _connection) = http2::connect(rig.address()).await;
        let body = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
        for target in OTHER_SPELLINGS {
            // A client of our own refuses to send what is no URI at all.
            let Ok(head) = http2::try_head(target) else {
                continue;
            };
            let reply = http2::exchange(&client, head, body.as_bytes()).await;
            let status = reply.expect("a reply").status().as_u16();
            assert!(matches!(status, 400 | 404), "{target}: {status}");
        }
        // The host is one of two, and neither decides anything.
        let mut head = http2::head(Dialect::OpenAi.path());
        let other = "other/health/liveliness?".parse().expect("a value");
        head.headers_mut().insert("host", other);
        head.headers_mut().remove("authorization");
        let reply = http2::exchange(&client, head, body.as_bytes()).await;
        let status = reply.expect("a reply").status().as_u16();
        assert!(matches!(status, 400 | 401), "{status}");
    });
    assert!(rig.upstream.calls().is_empty());
}
