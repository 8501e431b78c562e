use ironward_core::FaultKind;
use ironward_wire::Dialect;
use serde_json::json;

use crate::testing::Case;

#[test]
fn paths_are_those_of_the_dialect() {
    let path = |dialect, body| {
        let case = Case::new("openai", "m").in_dialect(dialect);
        case.request(body).unwrap().path
    };
    assert_eq!(
        path(Dialect::OpenAiChat, r#"{"model":"g","messages":[]}"#),
        "/chat/completions"
    );
    assert_eq!(
        path(Dialect::OpenAiCompletions, r#"{"model":"g","prompt":"p"}"#),
        "/completions"
    );
    assert_eq!(
        path(Dialect::OpenAiEmbeddings, r#"{"model":"g","input":"i"}"#),
        "/embeddings"
    );
}

#[test]
fn metadata_is_kept_as_openai_documents_it() {
    let sent = |body| {
        Case::new("openai", "gpt-4o")
            .sent(body)
            .get("metadata")
            .cloned()
    };
    assert_eq!(
        sent(r#"{"model":"g","messages":[],"store":true,"metadata":{"a":"b"}}"#),
        Some(json!({"a": "b"}))
    );
    for other in [
        r#"{"model":"g","messages":[],"metadata":{"trace_id":"t"}}"#,
        r#"{"model":"g","messages":[],"store":true,"metadata":{"tags":["a"]}}"#,
        r#"{"model":"g","messages":[],"store":true,"metadata":["a"]}"#,
    ] {
        assert_eq!(sent(other), None);
    }
}

#[test]
fn reasoning_models_get_what_they_take() {
    let limited = r#"{"model":"g","messages":[],"max_tokens":7}"#;
    for model in [
        "o1",
        "o3-mini-2025-01-31",
        "gpt-5",
        "gpt-5.2",
        "ft:o4-mini:team::id",
        "gpt-5-codex",
    ] {
        assert_eq!(
            Case::new("openai", model).sent(limited),
            json!({"model": model, "messages": [], "max_completion_tokens": 7})
        );
    }
    for model in [
        "gpt-4o",
        "gpt-5-chat-latest",
        "omni-moderation",
        "gpt-3.5-turbo",
    ] {
        assert_eq!(Case::new("openai", model).sent(limited)["max_tokens"], 7);
    }
    let hot = r#"{"model":"g","messages":[],"temperature":0.2}"#;
    let fault = Case::new("openai", "o3").refused(hot);
    assert_eq!(fault.kind, FaultKind::UnsupportedParam);
    assert_eq!(
        Case::new("openai", "o3").dropping().sent(hot),
        json!({"model": "o3", "messages": []})
    );
    let default = r#"{"model":"g","messages":[],"temperature":1.0,"presence_penalty":0}"#;
    assert_eq!(
        Case::new("openai", "gpt-5").sent(default)["temperature"],
        1.0
    );
    assert_eq!(Case::new("openai", "gpt-5.1").sent(hot)["temperature"], 0.2);
    let thinking = r#"{"model":"g","messages":[],"temperature":0.2,"reasoning_effort":"low"}"#;
    assert!(Case::new("openai", "gpt-5.1").request(thinking).is_err());
}
