use http::HeaderMap;
use ironward_policy::{Compiled, Grant, Link, Surroundings, Which};
use ironward_wire::{Body, Call, Dialect};

use super::{Asks, customer_in, customer_of};
use crate::SidePool;

fn call(body: &str) -> Call {
    let body = Body::read(bytes::Bytes::copy_from_slice(body.as_bytes())).unwrap();
    Call::read(Dialect::OpenAiChat, body, Some("m")).unwrap()
}

fn asks_of(body: &str, grant: &Grant) -> Result<Asks, ironward_core::Fault> {
    let surroundings = Surroundings {
        in_team: false,
        access_group: &|_| None,
    };
    let grant = Compiled::new(grant, surroundings).unwrap();
    let link = Link {
        which: Which::Key,
        name: "key",
        grant: &grant,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let call = std::sync::Arc::new(call(body));
    runtime.block_on(Asks::of(&call, &[link], &SidePool::new(1)))
}

fn limited() -> Grant {
    Grant {
        tools: Some(vec!["*".into()]),
        output_tokens: Some(100),
        ..Grant::default()
    }
}

#[test]
fn every_form_of_a_tool_has_its_name() {
    let body = r#"{
        "tools": [
            {"type": "function", "function": {"name": "one"}},
            {"name": "two", "input_schema": {}},
            {"type": "web_search_20250305", "name": "three"},
            {"type": "four"},
            {"type": "custom", "custom": {"name": "five"}},
            {"type": "mcp", "server_label": "desk"}
        ],
        "functions": [{"name": "six"}],
        "web_search_options": {},
        "mcp_servers": [{"name": "shelf", "url": "https://mcp.invalid"}]
    }"#;
    let asks = asks_of(body, &limited()).unwrap();
    assert_eq!(
        asks.tools(),
        ["one", "two", "three", "four", "five", "six", "web_search"]
    );
    assert_eq!(asks.servers(), ["desk", "shelf"]);
}

#[test]
fn what_nobody_can_read_is_refused_where_it_matters() {
    for body in [
        r#"{"tools": [{"googleSearch": {}}]}"#,
        r#"{"tools": {"name": "one"}}"#,
        r#"{"tools": [1]}"#,
        r#"{"functions": [{}]}"#,
        r#"{"max_tokens": "7"}"#,
        r#"{"max_tokens": -1}"#,
    ] {
        assert!(asks_of(body, &limited()).is_err(), "{body}");
        assert_eq!(
            asks_of(body, &Grant::default()).unwrap(),
            Asks::default(),
            "nobody limits it: {body}"
        );
    }
}

#[test]
fn the_highest_number_of_tokens_counts() {
    let most = |body| asks_of(body, &limited()).unwrap().output_tokens;
    assert_eq!(
        most(r#"{"max_tokens": 5, "max_completion_tokens": 7}"#),
        Some(7)
    );
    assert_eq!(most(r#"{"max_tokens": null}"#), None);
    assert_eq!(most("{}"), None);
}

#[test]
fn many_tools_are_read_beside_the_calls_thread() {
    let tool = r#"{"name": "one", "input_schema": {"title": "a tool"}}"#;
    let tools = vec![tool; 2000].join(",");
    let asks = asks_of(&format!(r#"{{"tools": [{tools}]}}"#), &limited()).unwrap();
    assert_eq!(asks.tools(), ["one"; 2000]);
}

#[test]
fn the_customer_is_named_in_litellms_order() {
    let named = |body: &str| customer_of(&call(body).body);
    let all = r#"{"user": "u", "litellm_metadata": {"user": "l"}, "metadata": {"user_id": "m"}}"#;
    assert_eq!(named(all).as_deref(), Some("u"));
    let nested = r#"{"litellm_metadata": {"user": "l"}, "metadata": {"user_id": "m"}}"#;
    assert_eq!(named(nested).as_deref(), Some("l"));
    let anthropic = r#"{"metadata": {"more": [1, {"user_id": "x"}], "user_id": "m", "user": 1}}"#;
    assert_eq!(named(anthropic).as_deref(), Some("m"));
    let no_text = r#"{"user": 7, "litellm_metadata": {"user": 8}, "metadata": {"user_id": null}}"#;
    for nobody in [r#"{"user": ""}"#, no_text, r#"{"metadata": [1]}"#, "{}"] {
        assert_eq!(named(nobody), None, "{nobody}");
    }
    let longer = format!(r#"{{"user": "{}"}}"#, "x".repeat(5000));
    assert_eq!(named(&longer), None);
    let mut headers = HeaderMap::new();
    assert_eq!(customer_in(&headers), None);
    headers.insert("x-litellm-end-user-id", "e".parse().unwrap());
    assert_eq!(customer_in(&headers).as_deref(), Some("e"));
    headers.insert("x-litellm-customer-id", "c".parse().unwrap());
    assert_eq!(customer_in(&headers).as_deref(), Some("c"));
}
