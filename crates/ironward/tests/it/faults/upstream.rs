//! An upstream that is down, slow, wrong or elsewhere: the status and the words of the client's own
//! dialect.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use ironward_testkit::{Trap, Upstream};
use serde_json::Value;

use crate::dialect::Dialect;
use crate::family::FAMILIES;
use crate::rig::{Rig, builder, config};

#[test]
fn an_upstream_that_is_down() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let upstream = Upstream::start();
    let entries = FAMILIES.map(|family| {
        let url = format!("http://127.0.0.1:{port}");
        family.entry(&upstream).replace(&upstream.url(), &url)
    });
    let gateway = builder(&config(&entries.concat(), "")).start();
    let rig = Rig { gateway, upstream };
    for family in FAMILIES {
        for dialect in Dialect::BOTH {
            let model = family.model("gpt-test");
            for body in [
                dialect.body(&model, "hello"),
                dialect.stream(&model, "hello"),
            ] {
                let reply = rig.post(dialect.path(), &body);
                assert!(
                    matches!(reply.status, 502 | 503),
                    "{}: {}",
                    family.name,
                    reply.text()
                );
                dialect.error(&reply.json());
            }
        }
    }
}

#[test]
fn an_upstream_that_closes_without_a_reply() {
    let rig = Rig::start();
    for_each(&rig, "cut-head", |reply, dialect, family| {
        assert_eq!(reply.status, 502, "{family}: {}", reply.text());
        dialect.error(&reply.json());
    });
}

#[test]
fn an_upstream_that_is_slow() {
    let rig = Rig::start();
    let start = Instant::now();
    for family in FAMILIES {
        for dialect in Dialect::BOTH {
            let model = family.model("slow-head-20000");
            for body in [
                dialect.body(&model, "hello"),
                dialect.stream(&model, "hello"),
            ] {
                let headers = [("x-litellm-timeout", "0.2")];
                let reply = rig.post_with(dialect.path(), &headers, body.to_string().as_bytes());
                assert!(
                    matches!(reply.status, 408 | 504),
                    "{}: {}",
                    family.name,
                    reply.text()
                );
                dialect.error(&reply.json());
            }
        }
    }
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_timeout_that_is_no_time_is_refused() {
    let rig = Rig::start();
    let body = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
    for value in ["0", "-1", "soon", "NaN", "inf", "1e99", ""] {
        for name in ["x-litellm-timeout", "x-litellm-num-retries"] {
            if (name, value) == ("x-litellm-num-retries", "0") {
                continue;
            }
            let reply = rig.post_with(Dialect::OpenAi.path(), &[(name, value)], body.as_bytes());
            assert_eq!(reply.status, 400, "{name}: {value}: {}", reply.text());
            assert!(reply.text().contains(name), "{}", reply.text());
        }
    }
}

#[test]
fn a_reply_that_makes_no_sense() {
    let rig = Rig::start();
    for model in ["bad-json", "not-json", "cut-stream"] {
        for_each(&rig, model, |reply, dialect, family| {
            let text = reply.text();
            assert!(
                matches!(reply.status, 500 | 502 | 503),
                "{family} {model}: {text}"
            );
            assert!(!dialect.error(&reply.json()).contains("<html>"), "{text}");
        });
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let (rig, trap) = (Rig::start(), Trap::start());
    for family in FAMILIES {
        for dialect in Dialect::BOTH {
            let url = format!("{}/v1", trap.url());
            let body = dialect.body(&family.model("redirect"), &url);
            let reply = rig.post(dialect.path(), &body);
            assert_eq!(reply.status, 502, "{}: {}", family.name, reply.text());
            assert!(reply.header("location").is_none());
            assert!(
                !dialect.error(&reply.json()).contains(&url),
                "{}",
                reply.text()
            );
        }
    }
    trap.assert_untouched();
}

#[test]
fn a_vendors_error_keeps_its_status() {
    let rig = Rig::start();
    for (model, expected) in [
        ("fail-400", &[400][..]),
        ("fail-401", &[401]),
        ("fail-403", &[403]),
        ("fail-404", &[404]),
        ("missing", &[404]),
        ("fail-429", &[429]),
        ("fail-500", &[500]),
        ("fail-503", &[503]),
        ("fail-529", &[500, 503, 529]),
        ("context-window", &[400]),
    ] {
        for_each(&rig, model, |reply, dialect, family| {
            let text = reply.text();
            assert!(
                expected.contains(&reply.status),
                "{} for {family} {model}: {text}",
                reply.status
            );
            dialect.error(&reply.json());
        });
    }
}

#[test]
fn retry_after_is_handed_on() {
    let rig = Rig::start();
    for model in ["fail-429", "fail-503"] {
        for_each(&rig, model, |reply, _, family| {
            // Google says it in the body, Ollama not at all.
            if !matches!(family, "gemini" | "ollama") {
                assert_eq!(reply.header("retry-after"), Some("1"), "{family} {model}");
            }
        });
    }
}

#[test]
fn compressed_replies_are_read() {
    let rig = Rig::start();
    for_each(&rig, "gzip", |reply, dialect, family| {
        assert_eq!(reply.status, 200, "{family}: {}", reply.text());
        assert!(reply.header("content-encoding").is_none());
        assert_eq!(dialect.text(&reply.json()), "You said: hello", "{family}");
    });
}

/// One whole call in every dialect to every family.
#[track_caller]
fn for_each(rig: &Rig, model: &str, check: impl Fn(&ironward_testkit::raw::Reply, Dialect, &str)) {
    for family in FAMILIES {
        for dialect in Dialect::BOTH {
            let body: Value = dialect.body(&family.model(model), "hello");
            check(&rig.post(dialect.path(), &body), dialect, family.name);
        }
    }
    rig.assert_no_panic();
}
