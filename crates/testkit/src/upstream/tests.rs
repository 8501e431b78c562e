mod anthropic;
mod gemini;
mod ollama;
mod openai;
mod trouble;

use serde_json::Value;

use super::Upstream;
use crate::raw::{Reply, request};

/// Posts JSON with the headers that all families accept.
fn post(upstream: &Upstream, path: &str, body: &Value) -> Reply {
    request(
        upstream.address(),
        "POST",
        path,
        &[
            ("authorization", "Bearer key"),
            ("x-goog-api-key", "key"),
            ("anthropic-version", "2023-06-01"),
            ("content-type", "application/json"),
        ],
        body.to_string().as_bytes(),
    )
    .unwrap()
}

/// The JSON of each `data:` line.
fn events(reply: &Reply) -> Vec<Value> {
    reply
        .text()
        .lines()
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
        .collect()
}

#[test]
fn every_request_is_recorded_as_it_came() {
    let upstream = Upstream::start();
    let body = serde_json::json!({"model": "m", "messages": []});
    assert_eq!(
        post(&upstream, "/v1/chat/completions?x=1", &body).status,
        400
    );
    let call = upstream.last_call();
    assert_eq!(
        (call.path.as_str(), call.query.as_str()),
        ("/v1/chat/completions", "x=1")
    );
    assert_eq!(call.header("authorization"), "Bearer key");
    assert_eq!(call.json(), body);
    upstream.forget();
    assert!(upstream.calls().is_empty());
}
