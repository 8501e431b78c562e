//! Headers by which other gateways are steered, or by which one hop fools the next: not
//! interpreted, and not forwarded. An upstream gets the headers of its own dialect and no others.

use ironward_testkit::Trap;

use crate::dialect::Dialect;
use crate::family::FAMILIES;
use crate::rig::{KEY, Rig};

/// What an upstream may see.
const EXPECTED: [&str; 12] = [
    "accept",
    "accept-encoding",
    "anthropic-beta",
    "anthropic-version",
    "api-key",
    "authorization",
    "content-length",
    "content-type",
    "host",
    "user-agent",
    "x-api-key",
    "x-goog-api-key",
];

/// What a caller might try.
const FOREIGN: [&str; 30] = [
    "x-portkey-custom-host",
    "x-portkey-config",
    "x-base-url",
    "x-api-base",
    "x-litellm-api-base",
    "x-upstream-url",
    "x-forwarded-host",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-prefix",
    "x-original-url",
    "x-rewrite-url",
    "x-http-method-override",
    "x-host",
    "forwarded",
    "via",
    "referer",
    "origin",
    "cookie",
    "proxy-authorization",
    "x-amz-security-token",
    "x-goog-user-project",
    "helicone-target-url",
    "cf-aig-authorization",
    "openai-organization",
    "openai-project",
    "te",
    "trailer",
    "upgrade-insecure-requests",
    "x-anything",
];

#[test]
fn no_foreign_header_steers_or_goes_on() {
    let (rig, trap) = (Rig::start(), Trap::start());
    let url = trap.url();
    let headers = FOREIGN.map(|name| (name, url.as_str()));
    for family in FAMILIES {
        for dialect in Dialect::BOTH {
            let body = dialect.body(&family.model("gpt-test"), "hello").to_string();
            let reply = rig.post_with(dialect.path(), &headers, body.as_bytes());
            assert_eq!(reply.status, 200, "{}: {}", family.name, reply.text());
            let call = rig.upstream.last_call();
            assert_eq!(call.header("host"), rig.upstream.address().to_string());
            assert_eq!(family.key_of(&call), family.key);
            for (name, value) in &call.headers {
                assert!(EXPECTED.contains(&name.as_str()), "{name} went on");
                let value = String::from_utf8_lossy(value.as_bytes());
                assert!(!value.contains(&url), "{name}: {value}");
                assert!(!value.contains(KEY), "the client's key in {name}");
            }
        }
    }
    trap.assert_untouched();
}

#[test]
fn a_header_named_in_connection_cannot_remove_another() {
    let rig = Rig::start();
    let body = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
    let headers = [("connection", "authorization, content-type, host, close")];
    let reply = rig.post_with(Dialect::OpenAi.path(), &headers, body.as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.text());
    let call = rig.upstream.last_call();
    assert_eq!(FAMILIES[0].key_of(&call), FAMILIES[0].key);
    assert_eq!(call.header("content-type"), "application/json");
}

#[test]
fn a_method_or_protocol_cannot_be_overridden() {
    let rig = Rig::start();
    let body = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
    for headers in [
        [("upgrade", "websocket"), ("connection", "upgrade")],
        [
            ("upgrade", "h2c"),
            ("connection", "upgrade, http2-settings"),
        ],
        [
            ("x-http-method-override", "GET"),
            ("x-method-override", "DELETE"),
        ],
    ] {
        let reply = rig.post_with(Dialect::OpenAi.path(), &headers, body.as_bytes());
        assert_eq!(reply.status, 200, "{headers:?}: {}", reply.text());
        assert_eq!(rig.upstream.last_call().method, "POST");
    }
}
