use serde_json::{Value, json};

use super::{Upstream, events, post};

const CHAT: &str = "/v1/chat/completions";

fn weather() -> Value {
    json!([{"type": "function", "function": {"name": "get_weather", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
    }}}])
}

#[test]
fn a_chat_is_echoed_whole_and_streamed() {
    let upstream = Upstream::start();
    let mut body =
        json!({"model": "gpt-test", "messages": [{"role": "user", "content": "hi there"}]});
    let reply = post(&upstream, CHAT, &body).json();
    assert_eq!(
        reply["choices"][0]["message"]["content"],
        "You said: hi there"
    );
    assert_eq!(reply["usage"]["completion_tokens"], 4);
    body["stream"] = true.into();
    body["stream_options"] = json!({"include_usage": true});
    let reply = post(&upstream, CHAT, &body);
    let events = events(&reply);
    let text: String = events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, "You said: hi there");
    let (last, others) = events.split_last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["completion_tokens"], 4);
    assert!(
        others
            .iter()
            .all(|event| event.get("usage") == Some(&Value::Null))
    );
    assert!(reply.text().ends_with("data: [DONE]\n\n"));
}

#[test]
fn a_tool_is_called_and_its_result_quoted() {
    let upstream = Upstream::start();
    let user = json!({"role": "user", "content": "call the weather tool"});
    let body = json!({"model": "m", "messages": [user], "tools": weather()});
    let message = post(&upstream, CHAT, &body).json()["choices"][0]["message"].clone();
    assert_eq!(
        message["tool_calls"][0]["function"]["arguments"],
        r#"{"city":"city"}"#
    );
    let result = json!({"role": "tool", "tool_call_id": "call_test0000", "content": "12 C"});
    let body = json!({"model": "m", "messages": [user, message, result], "tools": weather()});
    let reply = post(&upstream, CHAT, &body).json();
    assert_eq!(
        reply["choices"][0]["message"]["content"],
        "The tool said: 12 C"
    );
    let body = json!({"model": "m", "messages": [user, message], "tools": weather()});
    assert_eq!(post(&upstream, CHAT, &body).status, 400);
}

#[test]
fn a_streamed_tool_call_joins_to_its_arguments() {
    let upstream = Upstream::start();
    let user = json!({"role": "user", "content": "call the weather tool"});
    let body = json!({"model": "m", "messages": [user], "tools": weather(), "stream": true});
    let events = events(&post(&upstream, CHAT, &body));
    let arguments: String = events
        .iter()
        .filter_map(|event| {
            event["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str()
        })
        .collect();
    assert_eq!(arguments, r#"{"city":"city"}"#);
    assert_eq!(
        events.last().unwrap()["choices"][0]["finish_reason"],
        "tool_calls"
    );
}

#[test]
fn options_are_honoured_and_misuse_refused() {
    let upstream = Upstream::start();
    let user = json!([{"role": "user", "content": "a b c"}]);
    let body = json!({"model": "m", "messages": user, "n": 2, "logprobs": true, "top_logprobs": 2, "max_tokens": 2});
    let reply = post(&upstream, CHAT, &body).json();
    assert_eq!(reply["choices"][1]["finish_reason"], "length");
    let token = &reply["choices"][1]["logprobs"]["content"][1];
    assert_eq!(
        (
            &token["token"],
            token["top_logprobs"].as_array().unwrap().len()
        ),
        (&json!(" said:"), 2)
    );
    for wrong in [
        json!({"model": "m", "messages": user, "max_output_tokens": 3}),
        json!({"model": "m", "messages": user, "stream_options": {"include_usage": true}}),
        json!({"model": "m", "messages": user, "tool_choice": "auto"}),
        json!({"model": "m", "messages": [{"role": "robot", "content": "x"}]}),
        json!({"messages": user}),
    ] {
        let reply = post(&upstream, CHAT, &wrong);
        assert_eq!(reply.status, 400, "{wrong}");
        assert_eq!(reply.json()["error"]["type"], "invalid_request_error");
    }
}

#[test]
fn embeddings_agree_in_both_encodings() {
    use base64::Engine as _;
    let upstream = Upstream::start();
    let embed = |format: &str| {
        let body =
            json!({"model": "m", "input": ["a", "b"], "encoding_format": format, "dimensions": 4});
        post(&upstream, "/v1/embeddings", &body).json()["data"][1]["embedding"].clone()
    };
    let floats = embed("float");
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(embed("base64").as_str().unwrap())
        .unwrap();
    let decoded: Vec<f32> = bytes
        .chunks_exact(4)
        .map(|chunk| f32::from_le_bytes(chunk.try_into().unwrap()))
        .collect();
    assert_eq!(json!(decoded), floats);
    assert_eq!(decoded.len(), 4);
}
