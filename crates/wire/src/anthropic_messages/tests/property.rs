use bytes::{Bytes, BytesMut};
use ironward_core::Usage;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::{collection, option};

use super::{decode, envelope, forward};
use crate::anthropic_messages::{
    Encoder, Observer, decode_call, decode_reply, encode_call, encode_reply, forward_reply,
};
use crate::{
    Body, CacheMarker, Chat, ChatReply, Choice, Delta, Finish, Forward, Image, Json, Media,
    Message, OutputFormat, Part, PartBody, Reasoning, Role, Sampling, Source, StreamEncoder, Tool,
    ToolChoice,
};

/// A model that takes budgets and strict tools.
const MODEL: &str = "claude-sonnet-4-5";

/// A stream with every kind of event, written by hand.
const STREAM: &str = include_str!("../../../testdata/anthropic_messages/stream_all/stream.sse");

fn text() -> impl Strategy<Value = String> {
    "[a-z\"\\\\\u{e9}\u{1f600}\\n ]{0,12}[a-z]"
}

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_-]{1,12}"
}

fn json() -> impl Strategy<Value = String> {
    (word(), any::<i32>(), text()).prop_map(|(key, number, text)| {
        serde_json::json!({ key: { "n": number, "t": [text] } }).to_string()
    })
}

fn cache() -> impl Strategy<Value = Option<CacheMarker>> {
    option::of(prop_oneof![
        Just(CacheMarker::FiveMinutes),
        Just(CacheMarker::OneHour)
    ])
}

fn source() -> impl Strategy<Value = Source> {
    let media = (word(), word()).prop_map(|(kind, data)| {
        Source::Inline(Media {
            media_type: format!("image/{kind}"),
            data,
        })
    });
    let url = word().prop_map(|path| Source::Url {
        url: format!("https://example.com/{path}"),
        media_type: None,
    });
    prop_oneof![media, url, word().prop_map(Source::File)]
}

fn image() -> impl Strategy<Value = PartBody> {
    source().prop_map(|source| {
        PartBody::Image(Image {
            source,
            detail: None,
        })
    })
}

fn document() -> impl Strategy<Value = PartBody> {
    let source = prop_oneof![source(), text().prop_map(Source::Text)];
    (source, option::of(text())).prop_map(|(source, title)| PartBody::Document { source, title })
}

fn cached(body: impl Strategy<Value = PartBody>) -> impl Strategy<Value = Part> {
    (body, cache()).prop_map(|(body, cache)| Part { body, cache })
}

fn said() -> impl Strategy<Value = PartBody> {
    text().prop_map(PartBody::Text)
}

fn result() -> impl Strategy<Value = PartBody> {
    let content = collection::vec(cached(prop_oneof![said(), image(), document()]), 0..3);
    (word(), content, any::<bool>()).prop_map(|(call_id, content, is_error)| PartBody::ToolResult {
        call_id,
        content,
        is_error,
    })
}

fn call() -> impl Strategy<Value = PartBody> {
    (word(), word(), json()).prop_map(|(id, name, arguments)| PartBody::ToolCall {
        id,
        name,
        arguments,
        signature: None,
    })
}

fn thought() -> impl Strategy<Value = PartBody> {
    prop_oneof![
        (text(), word()).prop_map(|(text, signature)| PartBody::Thinking {
            text,
            signature: Some(signature),
        }),
        word().prop_map(PartBody::RedactedThinking),
        json().prop_map(|json| PartBody::Opaque {
            provider: "anthropic",
            json: Json::from_text(json.replacen('{', "{\"type\":\"server_tool_use\",", 1)).unwrap(),
        }),
    ]
}

/// Turns of both sides, the tool results first, as they come out again.
fn turns() -> impl Strategy<Value = Vec<Message>> {
    let user = (
        collection::vec(cached(result()), 0..2),
        collection::vec(cached(prop_oneof![said(), image(), document()]), 1..4),
    )
        .prop_map(|(results, rest)| message(Role::User, [results, rest].concat()));
    let assistant = (
        collection::vec(thought().prop_map(Part::new), 0..2),
        collection::vec(cached(prop_oneof![said(), call()]), 1..4),
    )
        .prop_map(|(thoughts, rest)| message(Role::Assistant, [thoughts, rest].concat()));
    collection::vec((user, assistant), 1..3).prop_map(|turns| {
        turns
            .into_iter()
            .flat_map(|(user, assistant)| [user, assistant])
            .collect()
    })
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message {
        role,
        parts,
        name: None,
    }
}

fn tools() -> impl Strategy<Value = Vec<Tool>> {
    let function = (
        word(),
        option::of(text()),
        json(),
        option::of(any::<bool>()),
        cache(),
    )
        .prop_map(|(name, description, schema, strict, cache)| Tool {
            name,
            description,
            parameters: Json::from_text(schema.replacen('{', "{\"type\":\"object\",", 1)).unwrap(),
            strict,
            cache,
            builtin: None,
        });
    collection::vec(function, 1..3)
}

fn reasoning() -> impl Strategy<Value = Option<Reasoning>> {
    let reasoning = |budget_tokens, enabled| {
        Some(Reasoning {
            budget_tokens,
            enabled: Some(enabled),
            ..Reasoning::default()
        })
    };
    prop_oneof![
        Just(None),
        Just(reasoning(None, true)),
        Just(reasoning(None, false)),
        (1024_u64..9000).prop_map(move |budget| reasoning(Some(budget), true)),
    ]
}

fn output() -> impl Strategy<Value = OutputFormat> {
    let schema = json().prop_map(|schema| OutputFormat::JsonSchema {
        name: "response".into(),
        description: None,
        schema: Json::from_text(schema).unwrap(),
        strict: None,
    });
    prop_oneof![Just(OutputFormat::Text), schema]
}

proptest! {
    #[test]
    fn a_call_that_is_written_is_read_as_it_was(
        system in option::of(collection::vec(cached(said()), 1..3)),
        turns in turns(),
        tools in tools(),
        choice in option::of(prop_oneof![
            Just(ToolChoice::Auto),
            Just(ToolChoice::Required),
            word().prop_map(ToolChoice::Tool),
        ]),
        parallel in any::<bool>(),
        (reasoning, output) in (reasoning(), output()),
        limit in 10_000_u64..20_000,
        stop in collection::vec(text(), 0..3),
        user in option::of(word()),
    ) {
        let thinks = reasoning.as_ref().is_some_and(|reasoning| reasoning.enabled == Some(true));
        let messages = system.map(|parts| message(Role::System, parts)).into_iter().chain(turns);
        let chat = Chat {
            messages: messages.collect(),
            tools,
            parallel_tool_calls: choice.as_ref().map(|_| parallel),
            tool_choice: choice,
            output,
            max_output_tokens: Some(limit),
            sampling: Sampling {
                temperature: (!thinks).then_some(0.25),
                top_p: Some(0.95),
                top_k: (!thinks).then_some(5),
                stop,
                ..Sampling::default()
            },
            reasoning,
            user,
            service_tier: Some("auto".into()),
            extra: Vec::new(),
        };
        let written = encode_call(&chat, MODEL, true).unwrap();
        let body = Body::read(written).unwrap();
        assert_eq!(body.field("stream"), Some("true"));
        assert_eq!(decode_call(&body).unwrap(), chat);
    }

    #[test]
    fn a_reply_that_is_written_is_read_as_it_was(
        parts in collection::vec(prop_oneof![said(), call(), thought()], 0..4),
        counts in any::<[u16; 5]>(),
    ) {
        let [uncached, cached, written, output, reasoning] = counts.map(u64::from);
        let has_calls = parts.iter().any(|part| matches!(part, PartBody::ToolCall { .. }));
        let reply = ChatReply {
            id: Some("msg_1".into()),
            model: Some("group".into()),
            created: None,
            choices: vec![Choice {
                parts: parts.into_iter().map(Part::new).collect(),
                finish: Some(if has_calls { Finish::ToolCalls } else { Finish::Length }),
                ..Choice::default()
            }],
            usage: Some(Usage {
                input: uncached + cached + written,
                input_cached: cached,
                input_cache_write: written,
                input_cache_write_1h: written / 2,
                output,
                output_reasoning: reasoning,
                ..Usage::default()
            }),
            service_tier: Some("default".into()),
            system_fingerprint: None,
        };
        let written = encode_reply(&reply, &envelope());
        assert_eq!(decode_reply(&written).unwrap(), reply);
        let forwarded = forward_reply(written.clone(), &envelope()).unwrap();
        assert_eq!((forwarded.bytes, forwarded.usage), (written, reply.usage));
    }

    #[test]
    fn a_stream_that_is_written_is_read_as_it_was(blocks in collection::vec(block(), 0..6)) {
        let mut deltas = vec![
            Delta::Start { id: Some("msg_1".into()), model: Some("group".into()), created: None, service_tier: Some("priority".into()), system_fingerprint: None },
            Delta::Usage(Usage { input: 7, ..Usage::default() }),
        ];
        let mut calls = 0;
        let mut has_text = false;
        for block in blocks {
            match block {
                Block::Text(pieces) => {
                    // Two texts in a row are one block: there is nothing between them.
                    if has_text {
                        continue;
                    }
                    deltas.extend(pieces.into_iter().map(|text| Delta::Text { choice: 0, text }));
                    has_text = true;
                    continue;
                }
                Block::Thinking(pieces, signature) => {
                    deltas.extend(pieces.into_iter().map(|text| Delta::Thinking { choice: 0, text }));
                    deltas.push(Delta::ThinkingSignature { choice: 0, signature });
                }
                Block::Redacted(data) => deltas.push(Delta::RedactedThinking { choice: 0, data }),
                Block::Call(id, name, pieces) => {
                    deltas.push(Delta::ToolCall { choice: 0, index: calls, id, name, signature: None });
                    deltas.extend(pieces.into_iter().map(|fragment| {
                        Delta::ToolArguments { choice: 0, index: calls, fragment }
                    }));
                    calls += 1;
                }
            }
            has_text = false;
        }
        deltas.push(Delta::Finish {
            choice: 0,
            finish: if calls > 0 { Finish::ToolCalls } else { Finish::StopSequence(Some("x".into())) },
        });
        deltas.push(Delta::Usage(Usage { input: 7, output: 9, ..Usage::default() }));
        let mut encoder = Encoder::new(envelope());
        let mut out = BytesMut::new();
        for delta in deltas.clone() {
            encoder.encode(delta, &mut out);
        }
        encoder.finish(&mut out);
        assert_eq!(decode([&*out]), (deltas, None));
    }

    #[test]
    fn any_cut_of_a_stream_gives_the_same(cuts in collection::vec(1_usize..200, 0..60)) {
        let chunks = cut(STREAM.as_bytes(), &cuts);
        assert_eq!(decode(chunks.iter().copied()), decode([STREAM.as_bytes()]));
        let mut pieces = Observer::new(&envelope());
        let mut whole = Observer::new(&envelope());
        assert_eq!(
            forward(&mut pieces, chunks),
            forward(&mut whole, [STREAM.as_bytes()])
        );
        assert_eq!(pieces.usage(), whole.usage());
    }

    #[test]
    fn a_stream_that_breaks_off_is_never_complete(length in 0..STREAM.trim_end().len()) {
        let part = STREAM.as_bytes().get(..length).unwrap();
        assert!(decode([part]).1.is_some());
        assert!(forward(&mut Observer::new(&envelope()), [part]).1.is_some());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        let _ignored = decode([&*bytes]);
        let _ignored = forward(&mut Observer::new(&envelope()), [&*bytes]);
        let _ignored = decode_reply(&bytes);
        let _ignored = forward_reply(Bytes::from(bytes), &envelope());
    }
}

#[derive(Debug, Clone)]
enum Block {
    Text(Vec<String>),
    Thinking(Vec<String>, String),
    Redacted(String),
    Call(String, String, Vec<String>),
}

fn block() -> impl Strategy<Value = Block> {
    let pieces = || collection::vec(text(), 1..4);
    prop_oneof![
        pieces().prop_map(Block::Text),
        (pieces(), word()).prop_map(|(pieces, proof)| Block::Thinking(pieces, proof)),
        word().prop_map(Block::Redacted),
        (word(), word(), pieces()).prop_map(|(id, name, pieces)| Block::Call(id, name, pieces)),
    ]
}

fn cut<'a>(mut rest: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    for cut in cuts {
        let (chunk, tail) = rest.split_at((*cut).min(rest.len()));
        chunks.push(chunk);
        rest = tail;
    }
    chunks.push(rest);
    chunks
}
