//! A call that failed at one deployment is tried at another, or again: the client sees neither.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use ironward_testkit::Upstream;

use crate::dialect::Dialect;
use crate::rig::{Rig, builder, config};

const RETRIES: &str = "router_settings:\n  num_retries: 2\n";

fn entry(group: &str, model: &str, url: &str) -> String {
    format!(
        "  - model_name: {group}\n    litellm_params:\n      model: {model}\n      api_base: {url}\n      api_key: held-key\n"
    )
}

/// A gateway whose group `pair` has a deployment that works, and this one.
fn pair_with(model: &str) -> Rig {
    let upstream = Upstream::start();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let dead = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let other = match model {
        "dead" => entry("pair", "openai/gpt-test", &dead),
        model => entry("pair", model, &upstream.url()),
    };
    let entries = other + &entry("pair", "openai/gpt-test", &format!("{}/v1", upstream.url()));
    let gateway = builder(&config(&entries, RETRIES)).start();
    Rig { gateway, upstream }
}

#[test]
fn a_group_with_one_deployment_that_fails_never_fails() {
    for model in [
        "dead",
        "openai/fail-500",
        "openai/fail-429",
        "openai/fail-401",
        "anthropic/fail-529",
        "anthropic/cut-head",
        "gemini/fail-503",
    ] {
        let rig = pair_with(model);
        let mut retried = 0;
        for dialect in Dialect::BOTH {
            for _ in 0..8 {
                for body in [
                    dialect.body("pair", "hello"),
                    dialect.stream("pair", "hello"),
                ] {
                    let reply = rig.post(dialect.path(), &body);
                    assert_eq!(reply.status, 200, "{model}: {}", reply.text());
                    let retries = reply.header("x-litellm-attempted-retries");
                    retried += usize::from(retries == Some("1"));
                }
            }
        }
        // 32 draws that never chose the first of two happen once in 4 thousand million runs.
        assert!(retried > 0, "{model} was never tried");
    }
}

#[test]
fn a_broken_stream_is_not_begun_again() {
    let upstream = Upstream::start();
    let url = format!("{}/v1", upstream.url());
    let entries =
        entry("pair", "openai/cut-stream-3", &url) + &entry("pair", "openai/cut-stream-3", &url);
    let gateway = builder(&config(&entries, RETRIES)).start();
    let rig = Rig { gateway, upstream };
    let body = Dialect::OpenAi.stream("pair", "one two three four five");
    let text = rig.post(Dialect::OpenAi.path(), &body).text();
    assert!(Dialect::OpenAi.error_event(&text).is_some(), "{text}");
    assert_eq!(rig.upstream.calls().len(), 1);
}

#[test]
fn a_call_that_fails_now_and_then_is_tried_again() {
    let rig = Rig::with(RETRIES);
    let body = Dialect::OpenAi.body("openai/flaky", "hello");
    let reply = rig.post(Dialect::OpenAi.path(), &body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("x-litellm-attempted-retries"), Some("1"));
    assert_eq!(rig.upstream.calls().len(), 2);
}

#[test]
fn a_call_that_fails_everywhere_is_tried_once() {
    let rig = Rig::with(RETRIES);
    for model in ["fail-400", "context-window", "content-policy", "missing"] {
        rig.upstream.forget();
        let body = Dialect::OpenAi.body(&format!("openai/{model}"), "hello");
        let reply = rig.post(Dialect::OpenAi.path(), &body);
        assert!(
            matches!(reply.status, 400 | 404),
            "{model}: {}",
            reply.text()
        );
        assert_eq!(rig.upstream.calls().len(), 1, "{model}");
    }
}

#[test]
fn the_clients_limit_holds_for_all_attempts_and_pauses() {
    let rig = Rig::with(RETRIES);
    let headers = [
        ("x-litellm-num-retries", "10"),
        ("x-litellm-timeout", "1.5"),
    ];
    for (model, status) in [
        ("fail-500", 500),
        ("fail-429", 429),
        ("slow-head-5000", 408),
    ] {
        for dialect in Dialect::BOTH {
            rig.upstream.forget();
            let start = Instant::now();
            let body = dialect
                .body(&format!("openai/{model}"), "hello")
                .to_string();
            let reply = rig.post_with(dialect.path(), &headers, body.as_bytes());
            assert_eq!(reply.status, status, "{model}: {}", reply.text());
            // Ten retries would pause for most of a minute.
            assert!(start.elapsed() < Duration::from_secs(4), "{model}");
            assert!(rig.upstream.calls().len() < 4, "{model}");
        }
    }
}

#[test]
fn the_client_says_how_often() {
    let rig = Rig::with(RETRIES);
    let body = Dialect::OpenAi.body("openai/fail-500", "hello").to_string();
    let headers = [("x-litellm-num-retries", "0")];
    let reply = rig.post_with(Dialect::OpenAi.path(), &headers, body.as_bytes());
    assert_eq!(reply.status, 500, "{}", reply.text());
    assert_eq!(rig.upstream.calls().len(), 1);
}
