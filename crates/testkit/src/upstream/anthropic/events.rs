use bytes::Bytes;
use serde_json::{Value, json};

use super::{REDACTED, SIGNATURE, stop_reason, tool_start, usage};
use crate::upstream::answer::Answer;
use crate::upstream::ask::{Ask, pieces};

/// The message as it starts, before any content.
pub(super) fn message(ask: &Ask, _answer: &Answer, body: &Value) -> Value {
    json!({
        "id": "msg_test",
        "type": "message",
        "role": "assistant",
        "model": ask.model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "usage": usage(ask, body),
    })
}

/// The answer as events: <https://docs.anthropic.com/en/docs/build-with-claude/streaming>.
pub(super) fn frames(ask: &Ask, answer: &Answer, body: &Value) -> Vec<Bytes> {
    let mut stream = Stream::default();
    let message = message(ask, answer, body);
    stream.push(&json!({"type": "message_start", "message": message}));
    if let Some(thinking) = &answer.thinking {
        stream.start(&json!({"type": "thinking", "thinking": "", "signature": ""}));
        for piece in pieces(thinking) {
            stream.delta(&json!({"type": "thinking_delta", "thinking": piece}));
        }
        stream.delta(&json!({"type": "signature_delta", "signature": SIGNATURE}));
        stream.stop();
    }
    if answer.redacted {
        stream.start(&json!({"type": "redacted_thinking", "data": REDACTED}));
        stream.stop();
    }
    if !answer.text.is_empty() {
        stream.start(&json!({"type": "text", "text": ""}));
        for piece in pieces(&answer.text) {
            stream.delta(&json!({"type": "text_delta", "text": piece}));
        }
        stream.stop();
    }
    for (at, call) in answer.calls.iter().enumerate() {
        stream.start(&tool_start(ask, at, call));
        stream.delta(&json!({"type": "input_json_delta", "partial_json": ""}));
        let arguments: Vec<char> = call.arguments.to_string().chars().collect();
        for piece in arguments.chunks(7) {
            let piece: String = piece.iter().collect();
            stream.delta(&json!({"type": "input_json_delta", "partial_json": piece}));
        }
        stream.stop();
    }
    stream.push(&json!({
        "type": "message_delta",
        "delta": {"stop_reason": stop_reason(answer), "stop_sequence": answer.stopped_at},
        "usage": {"output_tokens": answer.usage.output},
    }));
    stream.push(&json!({"type": "message_stop"}));
    stream.frames
}

/// An event is named twice: in its `event` line and in its JSON.
pub(super) fn sse(event: &Value) -> Bytes {
    let name = event["type"].as_str().unwrap_or_default();
    format!("event: {name}\ndata: {event}\n\n").into()
}

#[derive(Default)]
struct Stream {
    frames: Vec<Bytes>,
    /// Of the content block that is open or comes next.
    index: usize,
}

impl Stream {
    fn push(&mut self, event: &Value) {
        self.frames.push(sse(event));
    }

    fn start(&mut self, block: &Value) {
        let index = self.index;
        self.push(&json!({"type": "content_block_start", "index": index, "content_block": block}));
        if index == 0 {
            self.push(&json!({"type": "ping"}));
        }
    }

    fn delta(&mut self, delta: &Value) {
        let index = self.index;
        self.push(&json!({"type": "content_block_delta", "index": index, "delta": delta}));
    }

    fn stop(&mut self) {
        self.push(&json!({"type": "content_block_stop", "index": self.index}));
        self.index += 1;
    }
}
