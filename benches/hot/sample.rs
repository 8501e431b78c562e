use bytes::Bytes;
use ironward_core::CallId;
use ironward_testkit::SeededRandom;
use ironward_wire::Envelope;
use serde_json::{Value, json};

/// The events of a stream that carry text.
const EVENTS: usize = 50;

/// A chat call as an SDK writes it, with a prompt of so many characters.
pub(crate) fn request(prompt: usize) -> Bytes {
    const WORDS: &str = "The quick brown fox jumps over the \"lazy\" dog.\n";
    let prompt: String = WORDS.chars().cycle().take(prompt).collect();
    let body = json!({
        "model": "gpt-test",
        "messages": [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": prompt},
        ],
        "temperature": 0.7,
        "max_tokens": 256,
    });
    body.to_string().into()
}

/// A whole reply of OpenAI's.
pub(crate) fn reply() -> Bytes {
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_767_225_600,
        "model": "gpt-test-2026",
        "choices": [{
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "The quick brown fox jumps over the lazy dog, again and again.",
                "refusal": null, "annotations": [],
            },
            "logprobs": null, "finish_reason": "stop",
        }],
        "usage": {
            "prompt_tokens": 12, "completion_tokens": 14, "total_tokens": 26,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "system_fingerprint": "fp_test",
    });
    body.to_string().into()
}

/// A stream of OpenAI's, each event a chunk of the network.
pub(crate) fn openai_stream() -> Vec<Bytes> {
    let head = r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767225600,"model":"gpt-test-2026","service_tier":"default","system_fingerprint":"fp_test","choices":"#;
    openai_events(
        |delta, reason| {
            // Padding against those who count bytes.
            let padding = "GLhcqYFz3nX".get(delta.len() % 11..).unwrap_or_default();
            format!(
                r#"{head}[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{reason}}}],"usage":null,"obfuscation":"{padding}"}}"#
            )
        },
        |usage| format!(r#"{head}[],"usage":{usage},"obfuscation":"q8"}}"#),
    )
}

/// The same as Azure writes it, whose keys are sorted: the model's name comes after what differs.
pub(crate) fn azure_stream() -> Vec<Bytes> {
    let tail = r#""created":1767225600,"id":"chatcmpl-1","model":"gpt-test-2026","object":"chat.completion.chunk","system_fingerprint":"fp_test""#;
    openai_events(
        |delta, reason| {
            format!(
                r#"{{"choices":[{{"delta":{delta},"finish_reason":{reason},"index":0,"logprobs":null}}],{tail},"usage":null}}"#
            )
        },
        |usage| format!(r#"{{"choices":[],{tail},"usage":{usage}}}"#),
    )
}

fn openai_events(
    piece: impl Fn(&str, &str) -> String,
    counted: impl Fn(&str) -> String,
) -> Vec<Bytes> {
    let mut events = vec![piece(r#"{"role":"assistant","content":""}"#, "null")];
    events.extend((0..EVENTS).map(|number| {
        let delta = format!(r#"{{"content":" word{number}"}}"#);
        piece(&delta, "null")
    }));
    events.push(piece("{}", r#""stop""#));
    let usage = r#"{"prompt_tokens":12,"completion_tokens":50,"total_tokens":62}"#;
    events.push(counted(usage));
    events.push("[DONE]".to_owned());
    events
        .iter()
        .map(|event| format!("data: {event}\n\n").into())
        .collect()
}

/// A stream of Anthropic's, each event a chunk of the network.
pub(crate) fn anthropic_stream() -> Vec<Bytes> {
    let event = |body: Value| {
        let kind = body.get("type").and_then(Value::as_str).unwrap_or_default();
        Bytes::from(format!("event: {kind}\ndata: {body}\n\n"))
    };
    let mut chunks = vec![
        event(json!({"type": "message_start", "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-test-2026",
            "content": [], "stop_reason": null, "stop_sequence": null,
            "usage": {"input_tokens": 12, "output_tokens": 1},
        }})),
        event(json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "text", "text": ""}})),
    ];
    for number in 0..EVENTS {
        chunks.push(event(json!({"type": "content_block_delta", "index": 0,
            "delta": {"type": "text_delta", "text": format!(" word{number}")}})));
    }
    chunks.push(event(json!({"type": "content_block_stop", "index": 0})));
    chunks.push(event(json!({"type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": null},
        "usage": {"output_tokens": 50}})));
    chunks.push(event(json!({"type": "message_stop"})));
    chunks
}

/// What replies are labelled with.
pub(crate) fn envelope() -> Envelope {
    Envelope {
        call_id: CallId::draw(&SeededRandom::new(1)),
        created: 1_767_225_600,
        model: "gpt-test".into(),
        include_usage: false,
    }
}
