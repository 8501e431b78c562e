//! The labels of a reply that LiteLLM's and the vendors' clients read.

use std::collections::HashSet;

use ironward_testkit::raw::Reply;

use crate::dialect::Dialect;
use crate::family::FAMILIES;
use crate::http2;
use crate::rig::{KEY, Rig};

#[test]
fn a_reply_says_who_answered_and_how_long_it_took() {
    let rig = Rig::start();
    for family in FAMILIES {
        for dialect in Dialect::BOTH {
            let model = family.model("gpt-test");
            for body in [
                dialect.body(&model, "hello"),
                dialect.stream(&model, "hello"),
            ] {
                let reply = rig.post(dialect.path(), &body);
                assert_eq!(reply.status, 200, "{}", reply.text());
                assert_labelled(&reply);
                let header = |name| reply.header(name).unwrap_or_default().to_owned();
                assert_eq!(
                    header("x-litellm-model-group"),
                    format!("{}/*", family.name)
                );
                assert_eq!(header("x-litellm-attempted-retries"), "0");
                assert!(!header("x-litellm-model-id").is_empty());
                let overhead = header("x-litellm-overhead-duration-ms").parse::<f64>();
                let total = header("x-litellm-response-duration-ms").parse::<f64>();
                assert!(overhead.expect("a number") <= total.expect("a number"));
            }
        }
    }
}

#[test]
fn waiting_for_the_provider_is_no_overhead() {
    let rig = Rig::start();
    for family in FAMILIES {
        for dialect in Dialect::BOTH {
            let body = dialect.body(&family.model("slow-head-400"), "hello");
            let reply = rig.post(dialect.path(), &body);
            assert_eq!(reply.status, 200, "{}", reply.text());
            let milliseconds = |name| -> f64 {
                let text = reply.header(name).expect("the header is there");
                text.parse().expect("a number")
            };
            let total = milliseconds("x-litellm-response-duration-ms");
            let overhead = milliseconds("x-litellm-overhead-duration-ms");
            assert!(total >= 400.0, "{total}");
            // What is left is the gateway's own work on the call, which takes some time always.
            assert!(overhead > 0.0, "{overhead}");
            // The provider begins to pause while the request is still being written.
            assert!(overhead <= total - 390.0, "{overhead} of {total}");
        }
    }
}

#[test]
fn every_reply_has_an_id_of_its_own() {
    let rig = Rig::start();
    let mut ids = HashSet::new();
    let theirs = [
        ("x-request-id", "chosen-by-the-caller"),
        ("x-litellm-call-id", "chosen-by-the-caller"),
    ];
    for model in ["gpt-test", "fail-500", "fail-429"] {
        for _ in 0..5 {
            let body = Dialect::OpenAi
                .body(&format!("openai/{model}"), "hello")
                .to_string();
            let reply = rig.post_with(Dialect::OpenAi.path(), &theirs, body.as_bytes());
            assert!(ids.insert(assert_labelled(&reply)), "an id twice");
        }
    }
    for (path, body) in [
        ("/nowhere", "{}"),
        ("/v1/messages", "{"),
        ("/v1/embeddings", "{}"),
    ] {
        let reply = rig.post_with(path, &theirs, body.as_bytes());
        assert!(ids.insert(assert_labelled(&reply)), "an id twice");
    }
    assert!(ids.iter().all(|id| !id.contains("chosen")), "{ids:?}");
}

/// The id, after a check that it stands where both kinds of clients look.
#[track_caller]
fn assert_labelled(reply: &Reply) -> String {
    let id = reply.header("x-request-id").unwrap_or_default();
    assert!(id.len() >= 16, "{id:?}");
    assert_eq!(reply.header("x-litellm-call-id"), Some(id));
    id.to_owned()
}

#[test]
fn an_error_says_who_was_asked_last_and_how_often() {
    let rig = Rig::with("router_settings:\n  num_retries: 1\n");
    for dialect in Dialect::BOTH {
        for (model, retries) in [("fail-500", "1"), ("fail-400", "0")] {
            let reply = rig.post(
                dialect.path(),
                &dialect.body(&format!("openai/{model}"), "x"),
            );
            assert!(reply.status >= 400);
            let header = |name| reply.header(name).unwrap_or_default().to_owned();
            assert_eq!(header("x-litellm-model-group"), "openai/*");
            assert_eq!(header("x-litellm-attempted-retries"), retries);
            assert!(!header("x-litellm-model-id").is_empty());
        }
    }
    // Before a deployment is asked there is none to name.
    let body = Dialect::OpenAi.body("unknown", "hello");
    let reply = rig.post(Dialect::OpenAi.path(), &body);
    assert_eq!(reply.header("x-litellm-model-id"), None);
}

#[test]
fn a_providers_limits_are_handed_on_with_its_refusal() {
    let rig = Rig::start();
    for dialect in Dialect::BOTH {
        let reply = rig.post(dialect.path(), &dialect.body("openai/fail-429", "hello"));
        assert_eq!(reply.status, 429);
        for name in [
            "x-ratelimit-remaining-requests",
            "llm_provider-x-ratelimit-remaining-requests",
        ] {
            assert_eq!(reply.header(name), Some("0"), "{name}");
        }
        assert_eq!(reply.header("retry-after"), Some("1"));
    }
}

#[test]
fn the_log_finds_a_failed_call_by_its_id() {
    let rig = Rig::start();
    let body = Dialect::OpenAi.body("openai/fail-500", "hello");
    let reply = rig.post(Dialect::OpenAi.path(), &body);
    rig.gateway.wait_for_output(&assert_labelled(&reply));
    let log = rig.gateway.log();
    assert!(!log.contains(KEY) && !log.contains("hello"), "{log}");
}

#[test]
fn http2_replies_are_labelled_alike() {
    let rig = Rig::start();
    http2::run(async {
        let (client, _connection) = http2::connect(rig.address()).await;
        let body = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
        let head = http2::head(Dialect::OpenAi.path());
        let reply = http2::exchange(&client, head, body.as_bytes())
            .await
            .expect("a reply");
        for name in [
            "x-request-id",
            "x-litellm-call-id",
            "x-litellm-model-id",
            "x-litellm-model-group",
        ] {
            assert!(reply.headers().contains_key(name), "{name}");
        }
        assert!(!reply.headers().contains_key("connection"));
        assert!(!reply.headers().contains_key("server"));
    });
}
