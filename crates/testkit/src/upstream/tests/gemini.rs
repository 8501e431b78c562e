use serde_json::{Value, json};

use super::{Upstream, events, post};

const WHOLE: &str = "/v1beta/models/gemini-test:generateContent";
const STREAM: &str = "/v1beta/models/gemini-test:streamGenerateContent?alt=sse";

fn ask(text: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": text}]}]})
}

#[test]
fn contents_are_echoed_whole_and_streamed() {
    let upstream = Upstream::start();
    let reply = post(&upstream, WHOLE, &ask("hi")).json();
    assert_eq!(
        reply["candidates"][0]["content"]["parts"][0]["text"],
        "You said: hi"
    );
    assert_eq!(reply["candidates"][0]["finishReason"], "STOP");
    let events = events(&post(&upstream, STREAM, &ask("hi")));
    let text: String = events
        .iter()
        .filter_map(|event| event["candidates"][0]["content"]["parts"][0]["text"].as_str())
        .collect();
    assert_eq!(text, "You said: hi");
}

#[test]
fn a_function_is_called_and_its_response_quoted() {
    let upstream = Upstream::start();
    let tools = json!([{"functionDeclarations": [{"name": "get_weather", "parameters": {
        "type": "OBJECT", "properties": {"city": {"type": "STRING"}},
    }}]}]);
    let mut body = ask("call the weather tool");
    body["tools"] = tools;
    let content = post(&upstream, WHOLE, &body).json()["candidates"][0]["content"].clone();
    assert_eq!(
        content["parts"][0]["functionCall"]["args"],
        json!({"city": "city"})
    );
    body["contents"].as_array_mut().unwrap().extend([
        content,
        json!({"role": "user", "parts": [{"functionResponse": {
            "name": "get_weather", "response": {"output": "12 C"},
        }}]}),
    ]);
    let reply = post(&upstream, WHOLE, &body).json();
    assert_eq!(
        reply["candidates"][0]["content"]["parts"][0]["text"],
        "The tool said: 12 C"
    );
}

#[test]
fn unknown_names_are_refused_with_their_place() {
    let upstream = Upstream::start();
    let mut body = ask("hi");
    body["generation_config"] = json!({"max_tokens": 3});
    let reply = post(&upstream, WHOLE, &body);
    assert_eq!(reply.status, 400);
    assert!(
        reply
            .text()
            .contains("Unknown name \\\"maxTokens\\\" at 'generation_config'")
    );
}

#[test]
fn counts_and_embeddings() {
    let upstream = Upstream::start();
    let count = post(&upstream, "/v1beta/models/m:countTokens", &ask("one two"));
    assert_eq!(count.json()["totalTokens"], 3);
    let content = json!({"parts": [{"text": "a"}]});
    let one = post(
        &upstream,
        "/v1beta/models/m:embedContent",
        &json!({"content": content}),
    );
    let request = json!({"model": "models/m", "content": content});
    let body = json!({"requests": [request, request]});
    let many = post(&upstream, "/v1beta/models/m:batchEmbedContents", &body).json();
    assert_eq!(many["embeddings"][1], one.json()["embedding"]);
}
