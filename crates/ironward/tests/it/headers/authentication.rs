//! Every form of the client's key, in every dialect.

use ironward_testkit::raw;

use crate::dialect::Dialect;
use crate::family::FAMILIES;
use crate::rig::{KEY, Rig};

const SCOPE: &str = "20261123/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=0";

/// A header, and its value with this key.
fn forms(key: &str) -> Vec<(&'static str, String)> {
    vec![
        ("authorization", format!("Bearer {key}")),
        ("authorization", format!("bearer {key}")),
        ("Authorization", format!("BEARER {key}")),
        (
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential=Bearer {key}/{SCOPE}"),
        ),
        (
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={key}/{SCOPE}"),
        ),
        ("x-litellm-api-key", key.to_owned()),
        ("x-litellm-api-key", format!("Bearer {key}")),
        ("api-key", key.to_owned()),
        ("x-api-key", key.to_owned()),
        ("X-Goog-Api-Key", key.to_owned()),
        ("ocp-apim-subscription-key", key.to_owned()),
    ]
}

/// The status of a call with these headers and no others.
#[track_caller]
fn status(rig: &Rig, dialect: Dialect, headers: &[(&str, &str)]) -> u16 {
    let mut all = vec![("content-type", "application/json")];
    all.extend_from_slice(headers);
    let body = dialect.body("openai/gpt-test", "hello").to_string();
    let reply = raw::request(rig.address(), "POST", dialect.path(), &all, body.as_bytes());
    reply.expect("a reply").status
}

#[test]
fn every_form_is_read_in_every_dialect() {
    let rig = Rig::start();
    for dialect in Dialect::BOTH {
        for (name, value) in forms(KEY) {
            assert_eq!(
                status(&rig, dialect, &[(name, &value)]),
                200,
                "{name}: {value}"
            );
            let call = rig.upstream.last_call();
            assert_eq!(FAMILIES[0].key_of(&call), FAMILIES[0].key, "{name}");
        }
        for (name, value) in forms("sk-wrong") {
            assert_eq!(
                status(&rig, dialect, &[(name, &value)]),
                401,
                "{name}: {value}"
            );
        }
    }
}

#[test]
fn the_first_form_decides() {
    let rig = Rig::start();
    let order = [
        "x-litellm-api-key",
        "authorization",
        "api-key",
        "x-api-key",
        "x-goog-api-key",
        "ocp-apim-subscription-key",
    ];
    let (right, wrong) = (format!("Bearer {KEY}"), "Bearer sk-wrong");
    for (at, first) in order.iter().enumerate() {
        for second in order.iter().skip(at + 1) {
            let headers = [(*second, wrong), (*first, &*right)];
            assert_eq!(
                status(&rig, Dialect::OpenAi, &headers),
                200,
                "{first}, {second}"
            );
            let headers = [(*second, &*right), (*first, wrong)];
            assert_eq!(
                status(&rig, Dialect::OpenAi, &headers),
                401,
                "{first}, {second}"
            );
        }
    }
}

#[test]
fn what_is_no_key_is_refused_in_the_clients_dialect() {
    let rig = Rig::start();
    let bearer = format!("Bearer {KEY}");
    for headers in [
        &[][..],
        &[("authorization", "")],
        &[("authorization", "Bearer")],
        &[("authorization", "Bearer ")],
        &[("authorization", KEY)],
        &[("authorization", "Basic eDp5")],
        &[("authorization", &bearer), ("authorization", &bearer)],
        &[("x-api-key", KEY), ("x-api-key", "sk-wrong")],
        &[("cookie", &bearer)],
        &[("proxy-authorization", &bearer)],
    ] {
        for dialect in Dialect::BOTH {
            let body = dialect.body("openai/gpt-test", "hello").to_string();
            let reply = raw::request(
                rig.address(),
                "POST",
                dialect.path(),
                headers,
                body.as_bytes(),
            );
            let reply = reply.expect("a reply");
            assert_eq!(reply.status, 401, "{headers:?}");
            dialect.error(&reply.json());
        }
    }
    assert!(rig.upstream.calls().is_empty());
}

#[test]
fn a_configured_header_replaces_them_all() {
    let upstream = ironward_testkit::Upstream::start();
    let config = crate::rig::families(&upstream, "").replace(
        "general_settings:\n",
        "general_settings:\n  litellm_key_header_name: X-Company-Key\n",
    );
    let gateway = crate::rig::builder(&config).start();
    let rig = Rig { gateway, upstream };
    for dialect in Dialect::BOTH {
        for value in [KEY.to_owned(), format!("Bearer {KEY}")] {
            assert_eq!(
                status(&rig, dialect, &[("x-company-key", &value)]),
                200,
                "{value}"
            );
        }
        for (name, value) in forms(KEY) {
            assert_eq!(status(&rig, dialect, &[(name, &value)]), 401, "{name}");
        }
    }
}

#[test]
fn a_key_in_the_query_is_no_key() {
    let rig = Rig::start();
    for name in ["key", "api_key", "api-key", "token", "access_token"] {
        let path = format!("/v1/models?{name}={KEY}");
        let reply = raw::request(rig.address(), "GET", &path, &[], b"").expect("a reply");
        assert_eq!(reply.status, 401, "{name}");
    }
}
