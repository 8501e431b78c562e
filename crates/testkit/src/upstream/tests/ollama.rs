use serde_json::{Value, json};

use super::{Upstream, post};

fn ask(text: &str, stream: bool) -> Value {
    json!({"model": "llama-test", "stream": stream, "messages": [{"role": "user", "content": text}]})
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_chat_is_echoed_whole_and_in_lines() {
    let upstream = Upstream::start();
    let reply = post(&upstream, "/api/chat", &ask("hi", false)).json();
    assert_eq!(reply["message"]["content"], "You said: hi");
    assert_eq!(
        (&reply["done"], &reply["eval_count"]),
        (&json!(true), &json!(3))
    );
    let lines = lines(&post(&upstream, "/api/chat", &ask("hi", true)).text());
    let text: String = lines
        .iter()
        .map(|line| line["message"]["content"].as_str().unwrap())
        .collect();
    assert_eq!(text, "You said: hi");
    assert_eq!(lines.last().unwrap()["done_reason"], "stop");
}

#[test]
fn tool_arguments_are_objects_in_both_directions() {
    let upstream = Upstream::start();
    let mut body = ask("call the weather tool", false);
    body["tools"] = json!([{"type": "function", "function": {"name": "get_weather", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}},
    }}}]);
    let message = post(&upstream, "/api/chat", &body).json()["message"].clone();
    assert_eq!(
        message["tool_calls"][0]["function"]["arguments"],
        json!({"city": "city"})
    );
    let mut wrong = message;
    wrong["tool_calls"][0]["function"]["arguments"] = "{}".into();
    body["messages"] = json!([wrong]);
    assert_eq!(post(&upstream, "/api/chat", &body).status, 400);
}

#[test]
fn a_format_and_options_are_honoured() {
    let upstream = Upstream::start();
    let mut body = ask("hi", false);
    body["format"] = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
    let reply = post(&upstream, "/api/chat", &body).json();
    assert_eq!(reply["message"]["content"], r#"{"n":1}"#);
    let mut body = ask("one two three", false);
    body["options"] = json!({"num_predict": 2});
    let reply = post(&upstream, "/api/chat", &body).json();
    assert_eq!(reply["done_reason"], "length");
}

#[test]
fn embeddings_have_one_vector_an_input() {
    let upstream = Upstream::start();
    let body = json!({"model": "m", "input": ["a", "b", "a"]});
    let reply = post(&upstream, "/api/embed", &body).json();
    assert_eq!(reply["embeddings"][0], reply["embeddings"][2]);
    assert_ne!(reply["embeddings"][0], reply["embeddings"][1]);
}
