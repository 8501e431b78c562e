//! A stranger without a key looks around: 401 or 404, and nothing that tells what this is, which
//! version, or whom it speaks to.

use std::net::SocketAddr;

use ironward_testkit::raw::{self, Reply};

use crate::rig::{KEY, Rig};
use crate::tenants::{Tenants, over_both};

const PATHS: [&str; 53] = [
    "/",
    "/v2/model/info",
    "/access/explain",
    "/user/list",
    "/docs",
    "/redoc",
    "/openapi.json",
    "/swagger.json",
    "/metrics",
    "/metrics/",
    "/model/info",
    "/v1/model/info",
    "/model_group/info",
    "/models",
    "/v1/models",
    "/v1/models/openai/gpt-test",
    "/v1/models/nothing",
    "/v1/chat/completions",
    "/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/engines/openai/gpt-test/chat/completions",
    "/openai/deployments/openai/gpt-test/chat/completions",
    "/openai/deployments/nothing/chat/completions",
    "/v1/responses",
    "/health",
    "/health/services",
    "/health/license",
    "/key/generate",
    "/key/info",
    "/user/new",
    "/team/list",
    "/config/update",
    "/get/config/callbacks",
    "/spend/logs",
    "/global/spend",
    "/ui",
    "/ui/",
    "/sso/key/generate",
    "/login",
    "/test",
    "/routes",
    "/debug/asyncio-tasks",
    "/debug/pprof",
    "/.env",
    "/.git/config",
    "/config.yaml",
    "/robots.txt",
    "/favicon.ico",
    "/.well-known/litellm-ui-config",
    "/server-status",
];

const METHODS: [&str; 9] = [
    "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD", "FOO",
];

/// What no answer to a stranger may say, in any case.
const TELLTALES: [&str; 19] = [
    "ironward",
    "hyper",
    "axum",
    "rust",
    "server:",
    "x-powered-by",
    "via:",
    "0.1.0",
    "openai/",
    "azure/",
    "groq",
    "anthropic",
    "gemini",
    "ollama",
    "127.0.0.1",
    "upstream",
    "provider",
    "allow:",
    "sk-",
];

fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: gw\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    raw::exchange(address, request.as_bytes())
        .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}

/// All that a reply says, in lower case.
fn said(reply: &Reply) -> String {
    let headers: String = reply
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    format!("{headers}\n{}", reply.text()).to_lowercase()
}

#[test]
fn a_stranger_learns_nothing_on_either_plane() {
    let rig = Rig::start();
    learns_nothing([rig.gateway.address(), rig.gateway.admin_address()], &[]);
}

over_both!(a_stranger_learns_nothing_of_tenants);

fn a_stranger_learns_nothing_of_tenants(tenants: &Tenants<'_>) {
    let of_them = [
        "org-",
        "team-",
        "low-",
        "stored-",
        "allowed-",
        "forbidden",
        "example.com",
        "postgres",
        "sqlite",
    ];
    learns_nothing(tenants.planes(), &of_them);
    tenants.assert_unharmed();
}

#[track_caller]
fn learns_nothing(planes: [SocketAddr; 2], more: &[&str]) {
    for address in planes {
        for method in METHODS {
            for path in PATHS {
                let reply = ask(address, method, path, &[]);
                let is_probe = method == "HEAD" && path == "/";
                let expected: &[u16] = if is_probe { &[200, 404] } else { &[401, 404] };
                let (status, said) = (reply.status, said(&reply));
                assert!(
                    expected.contains(&status),
                    "{status} to {method} {path}: {said}"
                );
                for telltale in TELLTALES.iter().chain(more) {
                    assert!(
                        !said.contains(telltale),
                        "{telltale} to {method} {path}: {said}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_wrong_key_gets_the_same_answers_as_none_and_as_any_other() {
    let rig = Rig::start();
    let injected = "sk-x' UNION SELECT 1--";
    let long = "sk-".to_owned() + &"x".repeat(10_000);
    let almost = KEY.get(..KEY.len() - 1).unwrap_or_default();
    let first = wrong(&rig, "/v1/models", "sk-wrong");
    for key in [
        "sk-1234",
        injected,
        "'; SELECT pg_sleep(5)--",
        &long,
        almost,
        &format!("{KEY}x"),
    ] {
        assert_eq!(wrong(&rig, "/v1/models", key), first, "{key}");
    }
    // Whether a model exists shows to nobody.
    let known = wrong(&rig, "/v1/models/openai/gpt-test", "sk-wrong");
    assert_eq!(known, wrong(&rig, "/v1/models/nothing/at-all", "sk-wrong"));
    assert_eq!(known.0, 401);
}

/// Status, body, and the names of the headers.
fn wrong(rig: &Rig, path: &str, key: &str) -> (u16, String, Vec<String>) {
    let bearer = format!("Bearer {key}");
    let reply = ask(rig.address(), "GET", path, &[("authorization", &bearer)]);
    let names = reply.headers.iter().map(|(name, _)| name.clone()).collect();
    (reply.status, reply.text(), names)
}

#[test]
fn a_browser_from_elsewhere_gets_no_permission() {
    let rig = Rig::start();
    let headers = [
        ("origin", "https://elsewhere.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization"),
    ];
    for address in [rig.gateway.address(), rig.gateway.admin_address()] {
        for path in ["/v1/chat/completions", "/v1/models", "/health/liveliness"] {
            let reply = ask(address, "OPTIONS", path, &headers);
            assert!(
                matches!(reply.status, 401 | 404),
                "{path}: {}",
                reply.status
            );
            assert!(!said(&reply).contains("access-control"), "{path}");
        }
    }
}

#[test]
fn health_says_no_more_than_that() {
    let rig = Rig::start();
    for address in [rig.gateway.address(), rig.gateway.admin_address()] {
        for (path, body) in [
            ("/health/liveliness", "\"I'm alive!\""),
            ("/health/liveness", "\"I'm alive!\""),
            (
                "/health/readiness",
                r#"{"status":"healthy","db":"connected"}"#,
            ),
        ] {
            let reply = ask(address, "GET", path, &[]);
            assert_eq!((reply.status, reply.text().as_str()), (200, body), "{path}");
            for telltale in TELLTALES {
                assert!(!said(&reply).contains(telltale), "{telltale} in {path}");
            }
            for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
                let status = ask(address, method, path, &[]).status;
                assert!(matches!(status, 401 | 404), "{status} to {method} {path}");
            }
        }
    }
}

#[test]
fn a_trace_echoes_nothing() {
    let rig = Rig::start();
    let headers = [
        ("authorization", "Bearer sk-secret-of-a-victim"),
        ("cookie", "session=1"),
    ];
    for address in [rig.gateway.address(), rig.gateway.admin_address()] {
        let reply = ask(address, "TRACE", "/v1/chat/completions", &headers);
        assert!(!said(&reply).contains("victim"), "{}", said(&reply));
    }
}
