//! Conversations and replies that OpenAI's format can express whole.

use ironward_core::Usage;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{collection::vec, option, sample::select};

use crate::{
    Chat, ChatReply, Choice, Effort, Finish, Image, Json, Media, Message, OutputFormat, Part,
    PartBody, Reasoning, Role, Sampling, Source, Tool, ToolChoice,
};

/// Text with all that JSON has to escape.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z \\n\"\\\\/\u{1}é✓😀]{1,12}",
        "[a-z]{1,6} [a-z]{1,6}\n[a-z]{1,6}"
    ]
}

fn name() -> impl Strategy<Value = String> {
    "[a-z_]{1,8}"
}

fn json() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(r#"{"type":"object","properties":{"z":{},"a":{"minimum":1.50}}}"#),
        Just("{}"),
        Just("{ \"x\" : [ 1e3 ] }"),
    ]
    .prop_map(|text| Json::from_text(text.to_owned()).unwrap())
}

fn image() -> impl Strategy<Value = Image> {
    let inline = "[A-Za-z0-9]{4}".prop_map(|data| {
        Source::Inline(Media {
            media_type: "image/png".to_owned(),
            data,
        })
    });
    let url = name().prop_map(|name| Source::Url {
        url: format!("https://example.com/{name}"),
        media_type: None,
    });
    let detail = option::of(Just("low".to_owned()));
    (prop_oneof![inline, url], detail).prop_map(|(source, detail)| Image { source, detail })
}

fn user_part() -> impl Strategy<Value = PartBody> {
    prop_oneof![
        text().prop_map(PartBody::Text),
        image().prop_map(PartBody::Image),
        Just(PartBody::Audio(Media {
            media_type: "audio/mpeg".to_owned(),
            data: "SUQz".to_owned(),
        })),
        name().prop_map(|id| PartBody::Document {
            source: Source::File(id),
            title: None,
        }),
        name().prop_map(|title| PartBody::Document {
            source: Source::Inline(Media {
                media_type: "application/pdf".to_owned(),
                data: "JVBERi0=".to_owned(),
            }),
            title: Some(title),
        }),
    ]
}

fn call() -> impl Strategy<Value = PartBody> {
    (name(), name(), text()).prop_map(|(id, name, arguments)| PartBody::ToolCall {
        id,
        name,
        arguments,
        signature: None,
    })
}

fn message() -> impl Strategy<Value = Message> {
    let texts = |least| vec(text().prop_map(PartBody::Text), least..3);
    let system = (
        prop_oneof![Just(Role::System), Just(Role::Developer)],
        texts(1),
    );
    let user = (Just(Role::User), vec(user_part(), 1..4));
    let assistant = (
        texts(0),
        option::of(text().prop_map(PartBody::Refusal)),
        vec(call(), 0..3),
    )
        .prop_map(|(mut parts, refusal, calls)| {
            parts.extend(refusal);
            parts.extend(calls);
            (Role::Assistant, parts)
        });
    let spoken = prop_oneof![system, user, assistant];
    let spoken = (spoken, option::of(name())).prop_map(|((role, parts), name)| Message {
        role,
        parts: parts.into_iter().map(Part::new).collect(),
        name,
    });
    let result = (name(), vec(text().prop_map(Part::text), 0..3));
    let results = vec(result, 1..3).prop_map(|results| Message {
        role: Role::User,
        parts: results
            .into_iter()
            .map(|(call_id, content)| {
                Part::new(PartBody::ToolResult {
                    call_id,
                    content,
                    is_error: false,
                })
            })
            .collect(),
        name: None,
    });
    prop_oneof![3 => spoken, 1 => results]
}

fn tool() -> impl Strategy<Value = Tool> {
    (
        name(),
        option::of(text()),
        json(),
        option::of(any::<bool>()),
    )
        .prop_map(|(name, description, parameters, strict)| Tool {
            name,
            description,
            parameters,
            strict,
            cache: None,
            builtin: None,
        })
}

fn output() -> impl Strategy<Value = OutputFormat> {
    let schema = (
        name(),
        option::of(text()),
        json(),
        option::of(any::<bool>()),
    );
    prop_oneof![
        Just(OutputFormat::Text),
        Just(OutputFormat::JsonObject),
        schema.prop_map(
            |(name, description, schema, strict)| OutputFormat::JsonSchema {
                name,
                description,
                schema,
                strict,
            }
        ),
    ]
}

fn sampling() -> impl Strategy<Value = Sampling> {
    let number = || option::of(-2.0..2.0_f64);
    let count = || option::of(any::<u64>());
    (
        (number(), number(), number(), number()),
        (count(), count(), count()),
        option::of(any::<i64>()),
        vec(text(), 0..3),
        option::of(any::<bool>()),
        option::of(json()),
    )
        .prop_map(
            |(numbers, counts, seed, stop, logprobs, logit_bias)| Sampling {
                temperature: numbers.0,
                top_p: numbers.1,
                frequency_penalty: numbers.2,
                presence_penalty: numbers.3,
                top_k: counts.0,
                n: counts.1,
                top_logprobs: counts.2,
                seed,
                stop,
                logprobs,
                logit_bias,
            },
        )
}

/// A conversation. Two messages of results in a row would be read as one.
pub(super) fn chat() -> impl Strategy<Value = Chat> {
    let tools = prop_oneof![
        Just((Vec::new(), None, None)),
        (
            vec(tool(), 1..3),
            option::of(prop_oneof![
                Just(ToolChoice::Auto),
                Just(ToolChoice::None),
                Just(ToolChoice::Required),
                name().prop_map(ToolChoice::Tool),
            ]),
            option::of(any::<bool>()),
        )
    ];
    let effort = prop_oneof![Just(Effort::Minimal), Just(Effort::High), Just(Effort::Max)];
    (
        vec(message(), 1..6),
        tools,
        (output(), sampling(), option::of(effort)),
        (
            option::of(any::<u64>()),
            option::of(text()),
            option::of(name()),
        ),
    )
        .prop_map(|(mut messages, tools, (output, sampling, effort), rest)| {
            let is_result = |message: &Message| {
                matches!(
                    message.parts.first().map(|part| &part.body),
                    Some(PartBody::ToolResult { .. })
                )
            };
            messages.dedup_by(|next, before| is_result(next) && is_result(before));
            Chat {
                messages,
                tools: tools.0,
                tool_choice: tools.1,
                parallel_tool_calls: tools.2,
                output,
                sampling,
                reasoning: effort.map(|effort| Reasoning {
                    effort: Some(effort),
                    ..Reasoning::default()
                }),
                max_output_tokens: rest.0,
                user: rest.1,
                service_tier: rest.2,
                extra: Vec::new(),
            }
        })
}

fn usage() -> impl Strategy<Value = Usage> {
    const MOST: u64 = 1 << 40;
    (
        [0..MOST, 0..MOST],
        [0..MOST, 0..MOST, 0..MOST, 0..MOST],
        [0..MOST, 0..MOST, 0..MOST],
    )
        .prop_map(
            |([input, output], [cached, write, hour, audio], [reasoning, spoken, predicted])| {
                Usage {
                    input,
                    input_cached: cached,
                    input_cache_write: write,
                    input_cache_write_1h: hour.min(write),
                    input_audio: audio,
                    output,
                    output_reasoning: reasoning.min(output),
                    output_audio: spoken,
                    output_accepted_prediction: predicted,
                    output_rejected_prediction: predicted / 2,
                }
            },
        )
}

fn choice() -> impl Strategy<Value = Choice> {
    let thought = (text(), option::of(name()));
    let thoughts = vec(
        prop_oneof![
            3 => thought.prop_map(|(text, signature)| PartBody::Thinking { text, signature }),
            1 => name().prop_map(PartBody::RedactedThinking),
        ],
        0..3,
    );
    let said = option::of(text().prop_map(PartBody::Text));
    let refused = option::of(text().prop_map(PartBody::Refusal));
    let images = vec(image().prop_map(PartBody::Image), 0..2);
    let finish = prop_oneof![
        Just(Finish::Stop),
        Just(Finish::Length),
        Just(Finish::ContentFilter)
    ];
    let lists = (any::<bool>(), any::<bool>(), any::<bool>());
    (
        thoughts,
        said,
        refused,
        images,
        vec(call(), 0..3),
        finish,
        lists,
    )
        .prop_map(|(thoughts, said, refused, images, calls, finish, lists)| {
            let finish = if calls.is_empty() || finish != Finish::Stop {
                finish
            } else {
                Finish::ToolCalls
            };
            let mut parts = thoughts;
            // Two thoughts without a proof between them are read as one.
            parts.dedup_by(|_, before| {
                matches!(
                    before,
                    PartBody::Thinking {
                        signature: None,
                        ..
                    }
                )
            });
            parts.extend(said.into_iter().chain(refused).chain(images).chain(calls));
            let json = |is_there: bool, text: &str| {
                is_there.then(|| Json::from_text(text.to_owned()).unwrap())
            };
            Choice {
                parts: parts.into_iter().map(Part::new).collect(),
                finish: Some(finish),
                logprobs: json(lists.0, r#"{"content":[{"token":"a"}],"refusal":null}"#),
                annotations: json(lists.1, r#"[{"type":"url_citation"}]"#),
                audio: json(
                    lists.2,
                    r#"{"id":"a","data":"UklGRg==","expires_at":7,"transcript":"b c"}"#,
                ),
            }
        })
}

/// A reply; its model is what the envelope of the tests says.
pub(super) fn reply() -> impl Strategy<Value = ChatReply> {
    (
        name(),
        1..u64::from(u32::MAX),
        vec(choice(), 1..3),
        option::of(usage()),
        (
            option::of(select(vec!["default", "flex", "priority"])),
            option::of(name()),
        ),
    )
        .prop_map(|(id, created, choices, usage, served)| ChatReply {
            id: Some(id),
            model: Some("group".to_owned()),
            created: Some(created),
            choices,
            usage,
            service_tier: served.0.map(str::to_owned),
            system_fingerprint: served.1,
        })
}
