use serde_json::{Value, json};

use super::{Upstream, events, post};

const MESSAGES: &str = "/v1/messages";

fn ask(text: &str) -> Value {
    json!({"model": "claude-test", "max_tokens": 2000, "messages": [{"role": "user", "content": text}]})
}

fn weather() -> Value {
    json!([{"name": "get_weather", "input_schema": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
    }}])
}

#[test]
fn a_message_is_echoed_whole_and_streamed() {
    let upstream = Upstream::start();
    let mut body = ask("hi");
    let reply = post(&upstream, MESSAGES, &body).json();
    assert_eq!(
        reply["content"],
        json!([{"type": "text", "text": "You said: hi"}])
    );
    assert_eq!(reply["stop_reason"], "end_turn");
    body["stream"] = true.into();
    let kinds: Vec<_> = events(&post(&upstream, MESSAGES, &body))
        .iter()
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        kinds,
        [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
    );
}

#[test]
fn thinking_comes_back_signed_or_not_at_all() {
    let upstream = Upstream::start();
    let mut body = ask("hi");
    body["model"] = "redacted".into();
    body["thinking"] = json!({"type": "enabled", "budget_tokens": 1024});
    let content = post(&upstream, MESSAGES, &body).json()["content"].clone();
    let kinds: Vec<_> = content
        .as_array()
        .unwrap()
        .iter()
        .map(|block| &block["type"])
        .collect();
    assert_eq!(kinds, ["thinking", "redacted_thinking", "text"]);
    let next = |content: &Value| {
        let mut body = body.clone();
        body["messages"] = json!([
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": content},
            {"role": "user", "content": "again"},
        ]);
        post(&upstream, MESSAGES, &body)
    };
    assert_eq!(next(&content).status, 200);
    let mut forged = content;
    forged[0]["signature"] = "forged".into();
    assert!(next(&forged).text().contains("Invalid `signature`"));
}

#[test]
fn calls_and_results_have_to_pair_up() {
    let upstream = Upstream::start();
    let mut body = ask("call the weather tool");
    body["tools"] = weather();
    let reply = post(&upstream, MESSAGES, &body).json();
    assert_eq!(reply["content"][0]["input"], json!({"city": "city"}));
    assert_eq!(reply["stop_reason"], "tool_use");
    let turn = |id: &str| {
        let mut body = body.clone();
        let result = json!([{"type": "tool_result", "tool_use_id": id, "content": "12 C"}]);
        body["messages"] = json!([
            {"role": "user", "content": "call the weather tool"},
            {"role": "assistant", "content": reply["content"]},
            {"role": "user", "content": result},
        ]);
        post(&upstream, MESSAGES, &body)
    };
    assert_eq!(
        turn("toolu_test0000").json()["content"][0]["text"],
        "The tool said: 12 C"
    );
    assert_eq!(turn("toolu_other").status, 400);
}

#[test]
fn misuse_is_refused_in_anthropics_words() {
    let upstream = Upstream::start();
    for (field, value, words) in [
        ("max_tokens", Value::Null, "max_tokens: Field required"),
        ("n", json!(2), "n: Extra inputs are not permitted"),
        ("temperature", json!(1.5), "temperature: range: 0..1"),
        (
            "messages",
            json!([{"role": "robot", "content": "x"}]),
            "Input should be 'user'",
        ),
        (
            "thinking",
            json!({"type": "enabled", "budget_tokens": 4000}),
            "`max_tokens` must be",
        ),
    ] {
        let mut body = ask("hi");
        body[field] = value;
        let reply = post(&upstream, MESSAGES, &body).json();
        let message = reply["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
    }
    let counted = post(
        &upstream,
        "/v1/messages/count_tokens",
        &json!({
            "model": "m", "messages": [{"role": "user", "content": "one two three"}],
        }),
    );
    assert_eq!(counted.json(), json!({"input_tokens": 4}));
}
