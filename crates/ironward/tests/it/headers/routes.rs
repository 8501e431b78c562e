//! The routes that clients ask besides calls, and the other paths to a call.

use ironward_testkit::raw::{self, Reply};

use crate::dialect::Dialect;
use crate::rig::{KEY, Rig};

const MOCKS: &str = "  - model_name: team/one\n    litellm_params:\n      model: openai/x\n      api_key: k\n      mock_response: hi\n";

#[track_caller]
fn get(rig: &Rig, path: &str, headers: &[(&str, &str)]) -> Reply {
    let bearer = format!("Bearer {KEY}");
    let mut all = vec![("authorization", bearer.as_str())];
    all.extend_from_slice(headers);
    raw::request(rig.address(), "GET", path, &all, b"").expect("a reply")
}

#[test]
fn claude_code_sees_that_somebody_is_there() {
    let rig = Rig::start();
    let reply = raw::request(rig.address(), "HEAD", "/", &[], b"");
    // No body follows a HEAD: what the head announces may not be waited for.
    let reply = reply.expect("a reply");
    assert_eq!((reply.status, reply.body.len()), (200, 0));
}

#[test]
fn models_are_listed_in_both_forms() {
    let rig = Rig::with("");
    for path in ["/v1/models", "/models"] {
        let list = get(&rig, path, &[]).json();
        assert_eq!(list["object"], "list");
        let ids: Vec<_> = list["data"].as_array().expect("a list").iter().collect();
        assert!(ids.iter().all(|model| model["object"] == "model"), "{list}");
        assert!(
            ids.iter().any(|model| model["id"] == "anthropic/*"),
            "{list}"
        );
        let list = get(&rig, path, &[("anthropic-version", "2023-06-01")]).json();
        assert_eq!(list["has_more"], false);
        assert_eq!(list["first_id"], list["data"][0]["id"]);
        assert!(list["data"][0]["created_at"].is_string(), "{list}");
        assert_eq!(list["data"][0]["type"], "model");
    }
}

#[test]
fn one_model_is_shown_in_both_forms() {
    let upstream = ironward_testkit::Upstream::start();
    let gateway = crate::rig::builder(&crate::rig::config(MOCKS, "")).start();
    let rig = Rig { gateway, upstream };
    for path in [
        "/v1/models/team/one",
        "/v1/models/team%2Fone",
        "/models/team/one",
    ] {
        assert_eq!(get(&rig, path, &[]).json()["id"], "team/one", "{path}");
        let reply = get(&rig, path, &[("anthropic-version", "2023-06-01")]);
        assert_eq!(reply.json()["type"], "model", "{path}");
    }
    let missing = get(&rig, "/v1/models/team/two", &[]);
    assert_eq!(missing.status, 404);
    Dialect::OpenAi.error(&missing.json());
    let missing = get(
        &rig,
        "/v1/models/team/two",
        &[("anthropic-version", "2023-06-01")],
    );
    assert_eq!(missing.status, 404);
    Dialect::Anthropic.error(&missing.json());
}

#[test]
fn the_path_may_name_the_model() {
    let rig = Rig::start();
    let mut body = Dialect::OpenAi.body("ignored", "hello");
    body.as_object_mut().expect("an object").remove("model");
    for path in [
        "/openai/deployments/openai/gpt-test/chat/completions",
        "/openai/deployments/openai%2Fgpt-test/chat/completions?api-version=2024-10-21",
        "/engines/openai/gpt-test/chat/completions",
    ] {
        let reply = rig.post(path, &body);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        assert_eq!(
            rig.upstream.last_call().json()["model"],
            "gpt-test",
            "{path}"
        );
    }
}

#[test]
fn a_model_in_the_path_and_another_in_the_body_are_not_two_models() {
    let rig = Rig::start();
    let body = Dialect::OpenAi.body("openai/other", "hello");
    let path = "/openai/deployments/openai/gpt-test/chat/completions";
    let reply = rig.post(path, &body);
    let calls = rig.upstream.calls();
    match reply.status {
        400 => assert!(calls.is_empty()),
        _ => assert_eq!(calls[0].json()["model"], "gpt-test"),
    }
}

#[test]
fn litellms_own_client_leaves_out_the_version() {
    let rig = Rig::start();
    for path in ["/chat/completions", "/v1/chat/completions"] {
        let reply = rig.post(path, &Dialect::OpenAi.body("openai/gpt-test", "hello"));
        assert_eq!(
            Dialect::OpenAi.text(&reply.json()),
            "You said: hello",
            "{path}"
        );
    }
    for path in ["/embeddings", "/v1/embeddings"] {
        let body = serde_json::json!({"model": "openai/text-embedding-test", "input": "hello"});
        let reply = rig.post(path, &body);
        assert!(
            reply.json()["data"][0]["embedding"].is_array(),
            "{}",
            reply.text()
        );
    }
    for path in ["/completions", "/v1/completions"] {
        let body = serde_json::json!({"model": "openai/gpt-test", "prompt": "hello"});
        let reply = rig.post(path, &body);
        assert!(
            reply.json()["choices"][0]["text"].is_string(),
            "{}",
            reply.text()
        );
    }
}

#[test]
fn tokens_are_counted_before_a_call() {
    let rig = Rig::start();
    for model in [
        "anthropic/claude-test",
        "gemini/gemini-test",
        "openai/gpt-test",
        "ollama/llama-test",
    ] {
        let mut body = Dialect::Anthropic.body(model, "one two three");
        body.as_object_mut()
            .expect("an object")
            .remove("max_tokens");
        let reply = rig.post("/v1/messages/count_tokens?beta=true", &body);
        assert!(
            reply.json()["input_tokens"].as_u64() > Some(2),
            "{model}: {}",
            reply.text()
        );
    }
}

#[test]
fn a_route_asked_by_another_method_says_which_one_it_has() {
    let rig = Rig::start();
    let reply = get(&rig, "/v1/chat/completions", &[]);
    assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")));
    let reply = rig.post("/v1/models", &serde_json::json!({}));
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET")));
}
