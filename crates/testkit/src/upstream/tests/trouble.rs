use std::io::Read as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Upstream, post};
use crate::raw::{Connection, Reply, format_request, request};

const CHAT: &str = "/v1/chat/completions";

fn call(upstream: &Upstream, model: &str, stream: bool) -> Reply {
    post(upstream, CHAT, &body(model, stream))
}

fn body(model: &str, stream: bool) -> Value {
    let text = "one two three four five";
    json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": text}]})
}

#[test]
fn each_family_fails_in_its_own_words() {
    let upstream = Upstream::start();
    let reply = call(&upstream, "fail-429", false);
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (429, Some("1"))
    );
    assert_eq!(reply.json()["error"]["code"], "rate_limit_exceeded");
    let claude = |model: &str| {
        let mut body = body(model, false);
        body["max_tokens"] = 9.into();
        post(&upstream, "/v1/messages", &body)
    };
    assert_eq!(
        claude("fail-529").json()["error"]["type"],
        "overloaded_error"
    );
    assert!(
        claude("context-window")
            .text()
            .contains("prompt is too long")
    );
    let gemini = |model: &str| {
        let body = json!({"contents": [{"parts": [{"text": "x"}]}]});
        post(
            &upstream,
            &format!("/v1beta/models/{model}:generateContent"),
            &body,
        )
    };
    assert_eq!(gemini("fail-503").json()["error"]["status"], "UNAVAILABLE");
    assert_eq!(
        gemini("content-policy").json()["promptFeedback"]["blockReason"],
        "PROHIBITED_CONTENT"
    );
    let missing = post(&upstream, "/api/chat", &body("missing", false));
    assert_eq!(
        (missing.status, missing.text().as_str()),
        (404, r#"{"error":"model 'missing' not found"}"#)
    );
}

#[test]
fn a_wrong_or_absent_key_is_refused_by_each_family() {
    let upstream = Upstream::start();
    for (path, header, bad) in [
        (CHAT, ("authorization", "Bearer bad-key"), 401),
        ("/v1/messages", ("x-api-key", "bad-key"), 401),
        (
            "/v1beta/models/m:generateContent",
            ("x-goog-api-key", "bad-key"),
            400,
        ),
    ] {
        let status = |headers: &[(&str, &str)]| {
            request(upstream.address(), "POST", path, headers, b"{}")
                .unwrap()
                .status
        };
        assert_eq!(status(&[header]), bad, "{path}");
        assert!(status(&[]) > 400, "{path}");
    }
}

#[test]
fn a_cut_stream_and_a_cut_body_are_incomplete() {
    let upstream = Upstream::start();
    let stream = call(&upstream, "cut-stream-2", true);
    assert_eq!(stream.text().matches("data: ").count(), 2);
    assert!(!stream.complete);
    let whole = call(&upstream, "cut-stream", false);
    assert!(!whole.complete && !whole.body.is_empty());
    let mut connection = Connection::open(upstream.address()).unwrap();
    let bytes = body("cut-head", false).to_string();
    let headers = [("authorization", "Bearer key")];
    connection
        .send(&format_request("POST", CHAT, &headers, bytes.as_bytes()))
        .unwrap();
    assert!(connection.read_reply().is_err());
}

#[test]
fn an_error_in_a_stream_is_its_last_frame() {
    let upstream = Upstream::start();
    let stream = call(&upstream, "error-in-stream", true);
    assert!(stream.complete);
    let last = stream.text().trim_end().lines().last().unwrap().to_owned();
    assert!(last.contains("server_error"), "{last}");
}

#[test]
fn a_flaky_model_fails_every_other_call() {
    let upstream = Upstream::start();
    let statuses = [(); 4].map(|()| call(&upstream, "flaky", false).status);
    assert_eq!(statuses, [500, 200, 500, 200]);
}

#[test]
fn a_slow_head_and_a_slow_stream_take_their_time() {
    let upstream = Upstream::start();
    for (model, stream) in [("slow-head-100", false), ("slow-stream-20", true)] {
        let start = Instant::now();
        assert!(call(&upstream, model, stream).complete);
        assert!(start.elapsed() >= Duration::from_millis(100), "{model}");
    }
}

#[test]
fn a_hanging_stream_is_open_until_the_client_leaves() {
    let upstream = Upstream::start();
    let mut connection = Connection::open(upstream.address()).unwrap();
    let bytes = body("hang-stream", true).to_string();
    let headers = [("authorization", "Bearer key")];
    connection
        .send(&format_request("POST", CHAT, &headers, bytes.as_bytes()))
        .unwrap();
    assert_eq!(connection.read_head().unwrap().status, 200);
    upstream.wait_for_open_replies(1);
    drop(connection);
    upstream.wait_for_open_replies(0);
}

#[test]
fn bodies_may_be_huge_compressed_or_no_json() {
    let upstream = Upstream::start();
    let huge = call(&upstream, "huge-2", false);
    assert!(huge.body.len() > 2 * 1024 * 1024);
    assert!(huge.json()["choices"].is_array());
    let gzip = call(&upstream, "gzip", false);
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&gzip.body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains("You said: one"));
    assert!(serde_json::from_slice::<Value>(&call(&upstream, "bad-json", false).body).is_err());
    assert_eq!(
        call(&upstream, "not-json", false).header("content-type"),
        Some("text/html")
    );
    let redirect = call(&upstream, "redirect", false);
    assert_eq!(redirect.header("location"), Some("one two three four five"));
}

#[test]
fn a_leak_repeats_the_key_it_was_called_with() {
    let upstream = Upstream::start();
    let whole = call(&upstream, "leak", false);
    let message = whole.json()["error"]["message"].clone();
    assert_eq!(whole.status, 401);
    for form in ["key", "a2V5", "eGtleQ==", "6b6579"] {
        assert!(message.as_str().unwrap().contains(form), "{form}");
    }
    let stream = call(&upstream, "leak-200", true);
    assert!(
        stream
            .text()
            .trim_end()
            .lines()
            .last()
            .unwrap()
            .contains("a2V5")
    );
    let body = body("leak-200", true);
    assert!(
        post(&upstream, "/api/chat", &body)
            .text()
            .contains("Incorrect")
    );
}
