use http::HeaderMap;
use ironward_policy::{Compiled, Grant, Link, Surroundings, Which};
use ironward_wire::{Body, Call, Dialect};

use super::{Asks, customer};

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
    Asks::of(&call(body), &[link])
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
fn the_customer_is_named_in_litellms_order() {
    let mut headers = HeaderMap::new();
    let all =
        call(r#"{"user": "u", "litellm_metadata": {"user": "l"}, "metadata": {"user_id": "m"}}"#);
    assert_eq!(customer(&headers, &all).as_deref(), Some("u"));
    let nested = call(r#"{"litellm_metadata": {"user": "l"}, "metadata": {"user_id": "m"}}"#);
    assert_eq!(customer(&headers, &nested).as_deref(), Some("l"));
    let anthropic = call(r#"{"metadata": {"user_id": "m", "more": 1}}"#);
    assert_eq!(customer(&headers, &anthropic).as_deref(), Some("m"));
    assert_eq!(customer(&headers, &call(r#"{"user": ""}"#)), None);
    headers.insert("x-litellm-end-user-id", "e".parse().unwrap());
    assert_eq!(customer(&headers, &all).as_deref(), Some("e"));
    headers.insert("x-litellm-customer-id", "c".parse().unwrap());
    assert_eq!(customer(&headers, &all).as_deref(), Some("c"));
}
