mod read;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{CREATED, DONE, failure_frame, finish_reason, sse, usage};
use crate::upstream::answer::{Answer, ToolCall};
use crate::upstream::ask::{Ask, pieces};
use crate::upstream::delivery::Reply;
use crate::upstream::record::RecordedCall;
use crate::upstream::refusal::Refusal;
use crate::upstream::route::Family;

/// Chat completions: <https://platform.openai.com/docs/api-reference/chat>.
pub(in crate::upstream) struct Chat;

impl Family for Chat {
    fn authenticate(&self, call: &RecordedCall) -> Result<(), Refusal> {
        super::authenticate(call)
    }

    fn ask(&self, _call: &RecordedCall, body: &Value) -> Result<Ask, Refusal> {
        read::ask(body)
    }

    fn whole(&self, ask: &Ask, answer: &Answer, body: &Value) -> Value {
        let choices: Vec<_> = (0..count(body))
            .map(|index| {
                json!({
                    "index": index,
                    "message": message(ask, answer),
                    "logprobs": logprobs(&pieces(&answer.text), body),
                    "finish_reason": finish_reason(answer.finish),
                })
            })
            .collect();
        json!({
            "id": ID,
            "object": "chat.completion",
            "created": CREATED,
            "model": ask.model,
            "choices": choices,
            "usage": usage(answer.usage, count(body)),
            "service_tier": "default",
            "system_fingerprint": "fp_test",
        })
    }

    fn frames(&self, ask: &Ask, answer: &Answer, body: &Value) -> Vec<Bytes> {
        let mut stream = Stream::new(ask, body);
        for index in 0..count(body) {
            stream.choice(index, ask, answer);
        }
        if body["stream_options"]["include_usage"] == true {
            let mut last = stream.envelope(json!([]));
            if let Some(fields) = last.as_object_mut() {
                fields.insert("usage".to_owned(), usage(answer.usage, count(body)));
            }
            stream.frames.push(sse(&last));
        }
        stream.frames.push(DONE);
        stream.frames
    }

    fn stream_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }

    fn refuse(&self, refusal: &Refusal) -> Reply {
        super::refuse(refusal)
    }

    fn failure_frame(&self) -> Bytes {
        failure_frame()
    }
}

/// The frames of a stream as they are made.
struct Stream<'a> {
    model: &'a str,
    body: &'a Value,
    frames: Vec<Bytes>,
}

impl<'a> Stream<'a> {
    fn new(ask: &'a Ask, body: &'a Value) -> Self {
        Self {
            model: &ask.model,
            body,
            frames: Vec::new(),
        }
    }

    fn choice(&mut self, index: usize, ask: &Ask, answer: &Answer) {
        let content = if answer.calls.is_empty() {
            json!("")
        } else {
            Value::Null
        };
        self.delta(
            index,
            &json!({"role": "assistant", "content": content, "refusal": null}),
        );
        for piece in pieces(answer.thinking.as_deref().unwrap_or_default()) {
            self.delta(index, &json!({"reasoning_content": piece}));
        }
        for piece in pieces(&answer.text) {
            let logprobs = logprobs(&[piece], self.body);
            self.event(index, &json!({"content": piece}), &logprobs, None);
        }
        for piece in pieces(answer.refusal.as_deref().unwrap_or_default()) {
            self.delta(index, &json!({"refusal": piece}));
        }
        for (at, call) in answer.calls.iter().enumerate() {
            self.tool_call(index, at, &tool_call(ask, at, call));
        }
        let reason = Some(finish_reason(answer.finish));
        self.event(index, &json!({}), &Value::Null, reason);
    }

    /// Name and id first, then the arguments in pieces that need not end between tokens.
    fn tool_call(&mut self, index: usize, at: usize, call: &Value) {
        let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
        let mut head = call.clone();
        head["index"] = at.into();
        head["function"]["arguments"] = "".into();
        self.delta(index, &json!({"tool_calls": [head]}));
        let characters: Vec<char> = arguments.chars().collect();
        for piece in characters.chunks(5) {
            let piece: String = piece.iter().collect();
            let call = json!({"index": at, "function": {"arguments": piece}});
            self.delta(index, &json!({"tool_calls": [call]}));
        }
    }

    fn delta(&mut self, index: usize, delta: &Value) {
        self.event(index, delta, &Value::Null, None);
    }

    fn event(&mut self, index: usize, delta: &Value, logprobs: &Value, reason: Option<&str>) {
        let choice = json!({
            "index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason,
        });
        let event = self.envelope(json!([choice]));
        self.frames.push(sse(&event));
    }

    fn envelope(&self, choices: Value) -> Value {
        let mut event = json!({
            "id": ID,
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": "fp_test",
        });
        event["choices"] = choices;
        // With usage asked for, every chunk has the field, and all but the last have null.
        if self.body["stream_options"]["include_usage"] == true {
            event["usage"] = Value::Null;
        }
        event
    }
}

fn message(ask: &Ask, answer: &Answer) -> Value {
    let silent = !answer.calls.is_empty() || answer.refusal.is_some();
    let mut message = json!({
        "role": "assistant",
        "content": if silent { Value::Null } else { answer.text.as_str().into() },
        "refusal": answer.refusal,
        "annotations": [],
    });
    if !answer.calls.is_empty() {
        let calls = answer.calls.iter().enumerate();
        message["tool_calls"] = calls.map(|(at, call)| tool_call(ask, at, call)).collect();
    }
    // OpenAI keeps its reasoning to itself; the vendors of its dialect that show it do it so.
    if let Some(thinking) = &answer.thinking {
        message["reasoning_content"] = thinking.as_str().into();
    }
    message
}

fn tool_call(ask: &Ask, at: usize, call: &ToolCall) -> Value {
    json!({
        "id": format!("call_test{:04}", ask.called.len() + at),
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments.to_string()},
    })
}

fn logprobs(pieces: &[&str], body: &Value) -> Value {
    if body["logprobs"] != true {
        return Value::Null;
    }
    let top = body["top_logprobs"].as_u64().unwrap_or(0);
    let content: Vec<_> = pieces
        .iter()
        .map(|piece| {
            let top: Vec<_> = (0_u32..)
                .zip(0..top)
                .map(|(rank, _)| {
                    let token = if rank == 0 {
                        (*piece).to_owned()
                    } else {
                        format!("alt{rank}")
                    };
                    let logprob = -0.25 - f64::from(rank);
                    json!({"token": token, "logprob": logprob, "bytes": token.as_bytes()})
                })
                .collect();
            json!({
                "token": piece, "logprob": -0.25, "bytes": piece.as_bytes(), "top_logprobs": top,
            })
        })
        .collect();
    json!({"content": content, "refusal": null})
}

fn count(body: &Value) -> usize {
    body["n"]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or(1)
}

const ID: &str = "chatcmpl-test";
