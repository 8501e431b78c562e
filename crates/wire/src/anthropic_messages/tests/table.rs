use bytes::{Bytes, BytesMut};
use ironward_core::{Fault, FaultKind, Retry, Side, Usage};

use super::{decode, envelope};
use crate::anthropic_messages::{
    Encoder, Observer, UpstreamError, decode_call, decode_count_call, decode_token_count,
    encode_call, encode_fault, encode_reply, encode_token_count, is_own_tool,
};
use crate::{
    Body, Chat, ChatReply, Choice, Delta, Effort, Finish, Forward, Json, Message, Part, PartBody,
    Reasoning, Role, StreamEncoder, Tool, ToolChoice,
};

fn refusal(body: &str) -> (String, String) {
    let body = Body::read(Bytes::copy_from_slice(body.as_bytes())).unwrap();
    let fault = decode_call(&body).unwrap_err();
    assert_eq!(fault.kind, FaultKind::BadRequest);
    (fault.param.unwrap_or_default().into(), fault.message.into())
}

#[test]
fn a_wrong_field_is_named_by_its_path_and_never_shown() {
    for (field, path) in WRONG_FIELDS {
        let (param, message) = refusal(&format!("{{\"model\":\"m\",{field}}}"));
        assert_eq!(param, *path);
        assert!(
            message.contains(path) && !message.contains("SECRET"),
            "{message}"
        );
    }
}

/// What a call holds beside its model, and the path that its fault names.
const WRONG_FIELDS: &[(&str, &str)] = &[
    (r#""messages":[]"#, "max_tokens"),
    (r#""max_tokens":"SECRET","messages":[]"#, "max_tokens"),
    (r#""max_tokens":1"#, "messages"),
    (r#""max_tokens":1,"messages":{}"#, "messages"),
    (r#""messages":["SECRET"]"#, "messages[0]"),
    (
        r#""messages":[{"role":"SECRET","content":"x"}]"#,
        "messages[0].role",
    ),
    (r#""messages":[{"role":"user"}]"#, "messages[0].content"),
    (
        r#""messages":[{"role":"user","content":7}]"#,
        "messages[0].content",
    ),
    (
        r#""messages":[{"role":"user","content":[{"text":"SECRET"}]}]"#,
        "messages[0].content[0].type",
    ),
    (
        r#""messages":[{"role":"user","content":[{"type":"text","text":["SECRET"]}]}]"#,
        "messages[0].content[0].text",
    ),
    (
        r#""messages":[{"role":"user","content":[{"type":"image","source":{"type":"ftp"}}]}]"#,
        "messages[0].content[0].source.type",
    ),
    (
        r#""messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text"}]}]}]"#,
        "messages[0].content[0].content[0].text",
    ),
    (
        r#""messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b","input":"SECRET"}]}]"#,
        "messages[0].content[0].input",
    ),
    (
        r#""messages":[{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral","ttl":"9m"}}]}]"#,
        "messages[0].content[0].cache_control.ttl",
    ),
    (
        r#""messages":[],"system":[{"type":"text"}]"#,
        "system[0].text",
    ),
    (
        r#""messages":[],"tools":[{"name":"a"}]"#,
        "tools[0].input_schema",
    ),
    (
        r#""messages":[],"tools":[{"input_schema":{}}]"#,
        "tools[0].name",
    ),
    (
        r#""messages":[],"tool_choice":{"type":"tool"}"#,
        "tool_choice.name",
    ),
    (r#""messages":[],"tool_choice":"auto""#, "tool_choice"),
    (
        r#""messages":[],"thinking":{"type":"enabled"}"#,
        "thinking.budget_tokens",
    ),
    (
        r#""messages":[],"thinking":{"type":"SECRET"}"#,
        "thinking.type",
    ),
    (
        r#""messages":[],"output_config":{"effort":"SECRET"}"#,
        "output_config.effort",
    ),
    (
        r#""messages":[],"output_config":{"format":{"type":"json_schema"}}"#,
        "output_config.format.schema",
    ),
    (
        r#""messages":[],"output_format":{"type":"xml"}"#,
        "output_format.type",
    ),
    (
        r#""messages":[],"stop_sequences":["a",7]"#,
        "stop_sequences[1]",
    ),
    (r#""messages":[],"temperature":"SECRET""#, "temperature"),
    (
        r#""messages":[],"metadata":{"user_id":7}"#,
        "metadata.user_id",
    ),
];

#[test]
fn counting_needs_no_limit() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#;
    let body = Body::read(body.into()).unwrap();
    assert_eq!(decode_count_call(&body).unwrap().max_output_tokens, None);
    assert_eq!(encode_token_count(12), r#"{"input_tokens":12}"#);
    assert_eq!(
        decode_token_count(br#"{"input_tokens":12,"new":1}"#),
        Ok(12)
    );
    assert!(decode_token_count(b"{}").is_err());
}

fn user(text: &str) -> Message {
    message(Role::User, vec![Part::text(text)])
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message {
        role,
        parts,
        name: None,
    }
}

fn written(chat: &Chat, model: &str) -> serde_json::Value {
    serde_json::from_slice(&encode_call(chat, model, false).unwrap()).unwrap()
}

fn tool(name: &str, parameters: &str) -> Tool {
    Tool {
        name: name.into(),
        description: None,
        parameters: Json::from_text(parameters.into()).unwrap(),
        strict: Some(true),
        cache: None,
        builtin: None,
    }
}

#[test]
fn turns_are_put_in_anthropics_order() {
    let result = |id: &str| {
        Part::new(PartBody::ToolResult {
            call_id: id.into(),
            content: vec![Part::text("out")],
            is_error: false,
        })
    };
    let call = |id: &str, arguments: &str| {
        Part::new(PartBody::ToolCall {
            id: id.into(),
            name: "f".into(),
            arguments: arguments.into(),
            signature: None,
        })
    };
    let chat = Chat {
        messages: vec![
            message(Role::System, vec![Part::text("one")]),
            message(Role::Developer, vec![Part::text("two")]),
            user("ask"),
            message(
                Role::Assistant,
                vec![Part::text(" "), call("call|1", ""), call("b", "null")],
            ),
            message(Role::System, vec![Part::text("later")]),
            message(Role::User, vec![result("call|1")]),
            message(Role::User, vec![result("b"), Part::text("")]),
            message(
                Role::Assistant,
                vec![
                    Part::new(PartBody::Thinking {
                        text: "t".into(),
                        signature: None,
                    }),
                    Part::new(PartBody::Opaque {
                        provider: "gemini",
                        json: Json::empty_object(),
                    }),
                    Part::text("So \n"),
                ],
            ),
        ],
        ..Chat::default()
    };
    let written = written(&chat, "claude-x");
    let result =
        |id: &str| serde_json::json!({"type": "tool_result", "tool_use_id": id, "content": "out"});
    assert_eq!(
        written,
        serde_json::json!({
            "model": "claude-x",
            "max_tokens": 4096,
            "system": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}],
            "messages": [
                {"role": "user", "content": "ask"},
                {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "call_1", "name": "f", "input": {}},
                    {"type": "tool_use", "id": "b", "name": "f", "input": {}},
                ]},
                {"role": "user", "content": [
                    result("call_1"),
                    result("b"),
                    {"type": "text", "text": "later"},
                ]},
                {"role": "assistant", "content": "So"},
            ],
        })
    );
}

#[test]
fn what_has_no_form_is_named() {
    let fault = |part: PartBody| {
        let chat = Chat {
            messages: vec![message(Role::Assistant, vec![Part::new(part)])],
            ..Chat::default()
        };
        encode_call(&chat, "m", false).unwrap_err()
    };
    let call = |arguments: &str| PartBody::ToolCall {
        id: "a".into(),
        name: "f".into(),
        arguments: arguments.into(),
        signature: None,
    };
    for arguments in ["{", "[]", "7", "{}{}"] {
        let param = fault(call(arguments)).param.unwrap();
        assert_eq!(&*param, "messages[0].tool_calls[0].function.arguments");
    }
    let film = PartBody::Video(crate::Source::File("f".into()));
    assert_eq!(fault(film).param.as_deref(), Some("messages[0].content[0]"));
    let empty = encode_call(&Chat::default(), "m", false).unwrap_err();
    assert_eq!(empty.param.as_deref(), Some("messages"));
    let mut foreign = tool("x", "{}");
    foreign.builtin = Some(Json::from_text(r#"{"type":"web_search"}"#.into()).unwrap());
    let chat = Chat {
        messages: vec![user("x")],
        tools: vec![foreign],
        ..Chat::default()
    };
    let fault = encode_call(&chat, "m", false).unwrap_err();
    assert_eq!(fault.kind, FaultKind::UnsupportedParam);
    assert_eq!(fault.param.as_deref(), Some("tools[0]"));
}

#[test]
fn a_tool_of_anthropics_has_a_dated_type() {
    let is_own = |text: &str| is_own_tool(&Json::from_text(text.into()).unwrap());
    assert!(is_own(r#"{"type":"web_search_20250305"}"#));
    assert!(is_own(r#"{"type":"mcp_toolset"}"#));
    assert!(!is_own(r#"{"type":"web_search"}"#));
    assert!(!is_own(r#"{"type":"web_search_preview_2025_03_11"}"#));
    assert!(!is_own("{}"));
}

#[test]
fn a_schema_gets_the_type_that_anthropic_insists_on() {
    let chat = Chat {
        messages: vec![user("x")],
        tools: vec![
            tool("a", "{}"),
            tool("b", r#"{"properties":{}}"#),
            tool("c", r#"{"type":null}"#),
        ],
        ..Chat::default()
    };
    let schemas = |model| {
        let written = written(&chat, model);
        written["tools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tool| format!("{} {}", tool["input_schema"], tool["strict"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        schemas("claude-sonnet-4-5-20250929"),
        [
            r#"{"type":"object"} true"#,
            r#"{"properties":{},"type":"object"} true"#,
            r#"{"type":null} true"#,
        ]
    );
    assert_eq!(
        schemas("claude-3-5-haiku-20241022")[0],
        r#"{"type":"object"} null"#
    );
}

fn thinking(model: &str, change: impl FnOnce(&mut Chat)) -> String {
    let mut chat = Chat {
        messages: vec![user("x")],
        tools: vec![tool("f", "{}")],
        reasoning: Some(Reasoning {
            effort: Some(Effort::High),
            ..Reasoning::default()
        }),
        ..Chat::default()
    };
    chat.sampling.temperature = Some(0.5);
    change(&mut chat);
    let written = written(&chat, model);
    format!(
        "{} {} {} {}",
        written["thinking"],
        written["output_config"]["effort"],
        written["max_tokens"],
        written["temperature"]
    )
}

#[test]
fn effort_becomes_what_the_model_takes() {
    let budget = "claude-haiku-4-5-20251001";
    let unchanged = |_: &mut Chat| {};
    assert_eq!(
        thinking(budget, unchanged),
        r#"{"budget_tokens":4096,"type":"enabled"} null 8192 null"#
    );
    for adaptive in [
        "claude-opus-4-7",
        "claude-sonnet-5",
        "us.anthropic.claude-opus-5-5-v1:0",
    ] {
        assert_eq!(
            thinking(adaptive, unchanged),
            r#"{"type":"adaptive"} "high" 8192 null"#
        );
    }
    for model in [
        "claude-mythos-preview",
        "claude-3-7-sonnet-20250219",
        "claude-sonnet-4-20250514",
        "kimi",
    ] {
        assert!(
            thinking(model, unchanged).contains("budget_tokens"),
            "{model}"
        );
    }
    let none = |chat: &mut Chat| chat.reasoning.as_mut().unwrap().effort = Some(Effort::None);
    assert_eq!(
        thinking(budget, none),
        r#"{"type":"disabled"} null 4096 0.5"#
    );
    let explicit = |chat: &mut Chat| {
        chat.max_output_tokens = Some(500);
        chat.tool_choice = Some(ToolChoice::Required);
        chat.reasoning = Some(Reasoning {
            budget_tokens: Some(2000),
            enabled: Some(true),
            ..Reasoning::default()
        });
    };
    assert_eq!(
        thinking(budget, explicit),
        r#"{"budget_tokens":2000,"type":"enabled"} null 500 null"#
    );
}

#[test]
fn effort_alone_gives_way() {
    let budget = "claude-sonnet-4-5";
    let off = "null null 2000 0.5";
    // It fits into the client's limit, or is left out.
    let limit = |tokens| move |chat: &mut Chat| chat.max_output_tokens = Some(tokens);
    assert_eq!(
        thinking(budget, limit(2000)),
        r#"{"budget_tokens":1999,"type":"enabled"} null 2000 null"#
    );
    assert_eq!(thinking(budget, limit(1024)), "null null 1024 0.5");
    let forced = |chat: &mut Chat| {
        chat.max_output_tokens = Some(2000);
        chat.tool_choice = Some(ToolChoice::Required);
    };
    assert_eq!(thinking(budget, forced), off);
    assert_eq!(thinking("claude-opus-4-8", forced), off);
    let in_a_loop = |signature: Option<&'static str>| {
        move |chat: &mut Chat| {
            chat.max_output_tokens = Some(2000);
            let thought = PartBody::Thinking {
                text: "t".into(),
                signature: signature.map(Into::into),
            };
            let call = PartBody::ToolCall {
                id: "a".into(),
                name: "f".into(),
                arguments: "{}".into(),
                signature: None,
            };
            let result = PartBody::ToolResult {
                call_id: "a".into(),
                content: vec![],
                is_error: false,
            };
            chat.messages.push(message(
                Role::Assistant,
                vec![Part::new(thought), Part::new(call)],
            ));
            chat.messages
                .push(message(Role::User, vec![Part::new(result)]));
        }
    };
    assert_eq!(thinking(budget, in_a_loop(None)), off);
    assert!(thinking(budget, in_a_loop(Some("s"))).contains("enabled"));
    assert!(thinking("claude-opus-4-8", in_a_loop(None)).contains("adaptive"));
}

fn stream(deltas: Vec<Delta>) -> String {
    let mut encoder = Encoder::new(envelope());
    let mut out = BytesMut::new();
    for delta in deltas {
        encoder.encode(delta, &mut out);
    }
    encoder.finish(&mut out);
    String::from_utf8(out.into()).unwrap()
}

#[test]
fn pieces_of_any_vendor_become_blocks_one_after_the_other() {
    let text = |text: &str| Delta::Text {
        choice: 0,
        text: text.into(),
    };
    let call = |index, id: &str| Delta::ToolCall {
        choice: 0,
        index,
        id: id.into(),
        name: "f".into(),
        signature: None,
    };
    let arguments = |index, fragment: &str| Delta::ToolArguments {
        choice: 0,
        index,
        fragment: fragment.into(),
    };
    let out = stream(vec![
        Delta::Start {
            id: Some("chatcmpl-1".into()),
            model: None,
            created: None,
            service_tier: Some("default".into()),
            system_fingerprint: Some("fp".into()),
        },
        Delta::Thinking {
            choice: 0,
            text: "hm".into(),
        },
        text(""),
        text("a\n"),
        Delta::Text {
            choice: 1,
            text: "other".into(),
        },
        text("b"),
        call(0, "x"),
        arguments(0, "{\"k\":"),
        arguments(0, "1}"),
        call(1, "y"),
        arguments(1, ""),
        Delta::Finish {
            choice: 0,
            finish: Finish::Stop,
        },
        Delta::Usage(Usage {
            input: 9,
            input_cached: 4,
            output: 3,
            output_reasoning: 1,
            ..Usage::default()
        }),
    ]);
    insta::assert_snapshot!(out);
}

#[test]
fn an_empty_stream_is_a_whole_message() {
    let out = stream(vec![]);
    let (deltas, fault) = decode([out.as_bytes()]);
    assert_eq!(fault, None);
    assert!(deltas.contains(&Delta::Finish {
        choice: 0,
        finish: Finish::Stop
    }));
    assert!(out.contains(r#""id":"msg_00000000000000000000000000000000""#));
}

#[test]
fn a_stream_that_cannot_be_told_ends_with_an_error() {
    let call = |index| Delta::ToolCall {
        choice: 0,
        index,
        id: "i".into(),
        name: "f".into(),
        signature: None,
    };
    let late = Delta::ToolArguments {
        choice: 0,
        index: 0,
        fragment: "{}".into(),
    };
    let out = stream(vec![
        call(0),
        call(1),
        late,
        Delta::Text {
            choice: 0,
            text: "x".into(),
        },
    ]);
    assert!(
        out.ends_with("mixed the arguments of several tool calls\"}}\n\n"),
        "{out}"
    );
    let mut encoder = Encoder::new(envelope());
    let mut bytes = BytesMut::new();
    encoder.fail(&Fault::gateway(FaultKind::Internal, "a \"b\""), &mut bytes);
    encoder.finish(&mut bytes);
    assert_eq!(
        bytes,
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"a \\\"b\\\"\"}}\n\n"
    );
}

#[test]
fn a_reply_of_any_vendor_is_a_valid_message() {
    let call = |arguments: &str| {
        Part::new(PartBody::ToolCall {
            id: "c".into(),
            name: "f".into(),
            arguments: arguments.into(),
            signature: None,
        })
    };
    let reply = ChatReply {
        id: Some("chatcmpl-1".into()),
        choices: vec![Choice {
            parts: vec![
                Part::new(PartBody::Thinking {
                    text: "hm".into(),
                    signature: None,
                }),
                call("{\"a\":1}"),
                call("{\"a\":"),
                call(""),
            ],
            finish: Some(Finish::Stop),
            ..Choice::default()
        }],
        ..ChatReply::default()
    };
    let written: serde_json::Value =
        serde_json::from_slice(&encode_reply(&reply, &envelope())).unwrap();
    insta::assert_snapshot!(format!("{written:#}"));
    let refused = ChatReply {
        choices: vec![Choice {
            parts: vec![Part::new(PartBody::Refusal("no".into()))],
            ..Choice::default()
        }],
        ..ChatReply::default()
    };
    let written = encode_reply(&refused, &envelope());
    let written = std::str::from_utf8(&written).unwrap();
    assert!(written.contains(r#""content":[{"type":"text","text":"no"}],"stop_reason":"refusal""#));
}

#[test]
fn a_fault_has_anthropics_type() {
    let types: Vec<String> = FaultKind::ALL
        .iter()
        .map(|kind| {
            let body = encode_fault(&Fault::gateway(*kind, "m"));
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["type"], "error");
            format!(
                "{} {}",
                kind.label(),
                body["error"]["type"].as_str().unwrap()
            )
        })
        .collect();
    insta::assert_snapshot!(types.join("\n"));
}

#[test]
fn an_upstream_error_tells_only_what_is_the_clients() {
    let fault = |error_type: &str, message: &str| {
        UpstreamError {
            error_type: error_type.into(),
            message: message.into(),
        }
        .into_fault()
    };
    let long = fault(
        "invalid_request_error",
        "prompt is too long: 2 tokens > 1 maximum",
    );
    assert_eq!(long.kind, FaultKind::ContextWindowExceeded);
    assert_eq!(long.code.as_deref(), Some("context_length_exceeded"));
    assert_eq!((long.side, long.retry), (Side::Downstream, Retry::Never));
    for (error_type, message, kind) in [
        ("rate_limit_error", "org SECRET", FaultKind::RateLimited),
        (
            "authentication_error",
            "key SECRET",
            FaultKind::UpstreamAuthentication,
        ),
        (
            "invalid_request_error",
            "SECRET: Your credit balance is too low",
            FaultKind::PaymentRequired,
        ),
        ("not_found_error", "model: SECRET", FaultKind::NotFound),
        ("overloaded_error", "SECRET", FaultKind::Unavailable),
        ("new_error", "SECRET", FaultKind::UpstreamInternal),
    ] {
        let fault = fault(error_type, message);
        assert_eq!(fault.kind, kind);
        assert!(!fault.message.contains("SECRET"), "{}", fault.message);
        assert!(fault.cause.unwrap().contains("SECRET"));
    }
    let lines = fault("invalid_request_error", "a\nb");
    assert_eq!(&*lines.message, "a b");
}

#[test]
fn frames_that_need_no_change_are_not_copied() {
    let chunk = Bytes::from_static(
        b"event: content_block_delta\ndata: {}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\nevent: con",
    );
    let mut observer = Observer::new(&envelope());
    let out = observer.push(chunk.clone()).unwrap();
    assert_eq!(out.as_ptr(), chunk.as_ptr());
    assert_eq!(out.len(), chunk.len() - "event: con".len());
    let same = Bytes::from_static(
        b"data: {\"type\":\"message_start\",\"message\":{\"model\":\"group\"}}\n\n",
    );
    let mut observer = Observer::new(&envelope());
    assert_eq!(observer.push(same.clone()).unwrap().as_ptr(), same.as_ptr());
}

#[test]
fn a_fault_lets_the_frames_before_it_go() {
    let mut observer = Observer::new(&envelope());
    let chunk = "event: ping\ndata: {}\n\nevent: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let fault = observer
        .push(Bytes::from_static(chunk.as_bytes()))
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unavailable);
    assert_eq!(observer.unsent(), "event: ping\ndata: {}\n\n");
    assert_eq!(observer.unsent(), "");
}
