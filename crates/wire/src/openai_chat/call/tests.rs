use super::{decode_call, encode_call};
use crate::openai_chat::{Additions, encode_call_with};
use crate::{Body, Json};

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_fault_names_the_field_and_repeats_nothing() {
    let message =
        |message: &str| format!(r#"{{"messages":[{{"role":"user","content":"a"}},{message}]}}"#);
    let part = |part: &str| message(&format!(r#"{{"role":"user","content":[{part}]}}"#));
    let with = |field: &str| format!(r#"{{"messages":[{{"role":"user","content":"a"}}],{field}}}"#);
    for (body, place) in [
        ("{}".to_owned(), "messages"),
        (r#"{"messages":[]}"#.to_owned(), "messages"),
        (r#"{"messages":{"SECRET":1}}"#.to_owned(), "messages"),
        (message("7"), "messages[1]"),
        (message(r#"["user","SECRET"]"#), "messages[1]"),
        (message(r#"{"content":"SECRET"}"#), "messages[1].role"),
        (message(r#"{"role":"SECRET"}"#), "messages[1].role"),
        (
            message(r#"{"role":"user","content":7}"#),
            "messages[1].content",
        ),
        (
            message(r#"{"role":"user","content":{"SECRET":1}}"#),
            "messages[1].content",
        ),
        (
            message(r#"{"role":"user","content":"a","name":7}"#),
            "messages[1].name",
        ),
        (
            message(r#"{"role":"tool","content":"SECRET"}"#),
            "messages[1].tool_call_id",
        ),
        (
            message(r#"{"role":"function","content":"SECRET"}"#),
            "messages[1].name",
        ),
        (
            message(r#"{"role":"assistant","refusal":["SECRET"]}"#),
            "messages[1].refusal",
        ),
        (
            message(r#"{"role":"assistant","tool_calls":[{"function":{}}]}"#),
            "messages[1].tool_calls[0].id",
        ),
        (
            message(r#"{"role":"assistant","tool_calls":[{"id":"a"}]}"#),
            "messages[1].tool_calls[0].function",
        ),
        (
            message(
                r#"{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":["SECRET"]}}]}"#,
            ),
            "messages[1].tool_calls[0].function.arguments",
        ),
        (
            message(r#"{"role":"assistant","thinking_blocks":["SECRET"]}"#),
            "messages[1].thinking_blocks",
        ),
        (part(r#"{"text":"SECRET"}"#), "messages[1].content[0].type"),
        (part(r#"{"type":"SECRET"}"#), "messages[1].content[0].type"),
        (part(r#"{"type":"text"}"#), "messages[1].content[0].text"),
        (
            part(r#"{"type":"image_url","image_url":{}}"#),
            "messages[1].content[0].image_url.url",
        ),
        (
            part(r#"{"type":"image_url","image_url":{"url":"data:image/png,SECRET"}}"#),
            "messages[1].content[0].image_url.url",
        ),
        (
            part(r#"{"type":"input_audio","input_audio":{"data":"SECRET"}}"#),
            "messages[1].content[0].input_audio.format",
        ),
        (
            part(r#"{"type":"file","file":{"filename":"SECRET"}}"#),
            "messages[1].content[0].file",
        ),
        (
            part(r#"{"type":"text","text":"SECRET","cache_control":{"ttl":"2h"}}"#),
            "messages[1].content[0].cache_control.ttl",
        ),
        (with(r#""max_tokens":-1"#), "max_tokens"),
        (
            with(r#""max_completion_tokens":1.5"#),
            "max_completion_tokens",
        ),
        (with(r#""temperature":"SECRET""#), "temperature"),
        (with(r#""stop":["a",7]"#), "stop[1]"),
        (with(r#""stop":7"#), "stop"),
        (with(r#""logit_bias":[]"#), "logit_bias"),
        (with(r#""tools":{"SECRET":1}"#), "tools"),
        (
            with(r#""tools":[{"type":"function"}]"#),
            "tools[0].function",
        ),
        (
            with(r#""tools":[{"type":"function","function":{}}]"#),
            "tools[0].function.name",
        ),
        (
            with(r#""tools":[{"function":{}}]"#),
            "tools[0].function.name",
        ),
        (with(r#""tools":[{}]"#), "tools[0].function"),
        (
            with(r#""tools":[{"SECRET":"SECRET"}]"#),
            "tools[0].function",
        ),
        (
            with(r#""tools":[{"SECRET":{},"name":"f"}]"#),
            "tools[0].function",
        ),
        (
            with(r#""tools":[{"type":"function","function":{"name":"f","parameters":"SECRET"}}]"#),
            "tools[0].function.parameters",
        ),
        (with(r#""tool_choice":"SECRET""#), "tool_choice"),
        (with(r#""tool_choice":{"type":"function"}"#), "tool_choice"),
        (
            with(r#""tool_choice":{"type":"function","function":{}}"#),
            "tool_choice.function.name",
        ),
        (
            with(
                r#""tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[7]}}"#,
            ),
            "tool_choice.allowed_tools.tools[0]",
        ),
        (
            with(r#""response_format":{"type":"json_schema"}"#),
            "response_format.json_schema",
        ),
        (
            with(r#""response_format":{"type":"json_schema","json_schema":{}}"#),
            "response_format.json_schema.name",
        ),
        (with(r#""reasoning_effort":7"#), "reasoning_effort"),
        (with(r#""thinking":{"type":"SECRET"}"#), "thinking.type"),
        (with(r#""user":{"SECRET":1}"#), "user"),
    ] {
        let read = Body::read(body.clone().into()).unwrap();
        let fault = decode_call(&read).expect_err(&body);
        assert_eq!(fault.param.as_deref(), Some(place), "{body}");
        assert!(
            fault.message.starts_with(&format!("'{place}' ")),
            "{}",
            fault.message
        );
        assert!(!fault.message.contains("SECRET"), "{}", fault.message);
    }
}

#[test]
fn a_tool_that_the_vendor_runs_may_be_written_by_its_key() {
    let text = r#"{"messages":[{"role":"user","content":"a"}],"tools":[{"googleSearch":{}},{"url_context": { }},{"type":"function","function":{"name":"f"}}]}"#;
    let chat = decode_call(&Body::read(text.into()).unwrap()).unwrap();
    let tools: Vec<_> = chat
        .tools
        .iter()
        .map(|tool| (&*tool.name, tool.builtin.as_ref().map(Json::text)))
        .collect();
    let expected = [
        ("googleSearch", Some(r#"{"googleSearch":{}}"#)),
        ("url_context", Some(r#"{"url_context": { }}"#)),
        ("f", None),
    ];
    assert_eq!(tools, expected);
    // No vendor that speaks this dialect knows them.
    let fault = encode_call(&chat, "m", false).unwrap_err();
    assert_eq!(fault.param.as_deref(), Some("tools[0]"));
}

#[test]
fn additions_are_written_when_asked_for() {
    let text = r#"{"messages":[{"role":"user","content":"a","cache_control":{"type":"ephemeral"}},{"role":"assistant","content":null,"reasoning_content":"b","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"},"provider_specific_fields":{"thought_signature":"s"}}]},{"role":"tool","tool_call_id":"c","content":"d"}],"tools":[{"type":"function","function":{"name":"f","parameters":{}},"cache_control":{"type":"ephemeral","ttl":"1h"}}]}"#;
    let chat = decode_call(&Body::read(text.into()).unwrap()).unwrap();
    let additions = Additions {
        reasoning_content: true,
        cache_control: true,
        thought_signatures: true,
    };
    let out = encode_call_with(&chat, "m", false, additions).unwrap();
    let expected = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]},{"role":"assistant","content":null,"reasoning_content":"b","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"s"}}}]},{"role":"tool","tool_call_id":"c","content":"d"}],"tools":[{"type":"function","function":{"name":"f","parameters":{}},"cache_control":{"type":"ephemeral","ttl":"1h"}}]}"#;
    assert_eq!(out, expected);
    assert_eq!(decode_call(&Body::read(out).unwrap()).unwrap(), chat);
}
