mod read;

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, Finish};
use super::ask::{Ask, pieces};
use super::delivery::Reply;
use super::record::RecordedCall;
use super::refusal::{Refusal, RefusalKind};
use super::route::Family;
use super::vector::{DEFAULT_DIMENSIONS, embed as vector};

/// Chat: <https://github.com/ollama/ollama/blob/main/docs/api.md>.
pub(super) struct Chat;

impl Family for Chat {
    /// A local server asks nobody who they are; a proxy in front of one may.
    fn authenticate(&self, call: &RecordedCall) -> Result<(), Refusal> {
        if call.header("authorization").starts_with("Bearer bad") {
            return Err(Refusal::new(401, RefusalKind::Key, "unauthorized"));
        }
        Ok(())
    }

    fn ask(&self, _call: &RecordedCall, body: &Value) -> Result<Ask, Refusal> {
        read::ask(body)
    }

    fn whole(&self, ask: &Ask, answer: &Answer, _body: &Value) -> Value {
        let mut message = json!({"role": "assistant", "content": spoken(answer)});
        if let Some(thinking) = &answer.thinking {
            message["thinking"] = thinking.as_str().into();
        }
        if !answer.calls.is_empty() {
            message["tool_calls"] = calls(answer);
        }
        last(ask, answer, message)
    }

    /// One JSON object a line; the tool calls come whole, and before the last line.
    fn frames(&self, ask: &Ask, answer: &Answer, _body: &Value) -> Vec<Bytes> {
        let thoughts = pieces(answer.thinking.as_deref().unwrap_or_default())
            .into_iter()
            .map(|piece| json!({"role": "assistant", "content": "", "thinking": piece}));
        let words = pieces(spoken(answer))
            .into_iter()
            .map(|piece| json!({"role": "assistant", "content": piece}));
        let calls = (!answer.calls.is_empty())
            .then(|| json!({"role": "assistant", "content": "", "tool_calls": calls(answer)}));
        let mut frames: Vec<_> = thoughts
            .chain(words)
            .chain(calls)
            .map(|message| line(&envelope(ask, message, false)))
            .collect();
        let end = json!({"role": "assistant", "content": ""});
        frames.push(line(&last(ask, answer, end)));
        frames
    }

    fn stream_type(&self) -> &'static str {
        "application/x-ndjson"
    }

    fn refuse(&self, refusal: &Refusal) -> Reply {
        let message = match refusal.kind {
            RefusalKind::Model => format!("model '{}' not found", refusal.message),
            RefusalKind::ContextWindow => "the input length exceeds the context length".to_owned(),
            _ => refusal.message.clone(),
        };
        Reply::json(refusal.status, &json!({"error": message}))
    }

    fn failure_frame(&self) -> Bytes {
        line(&json!({"error": "an error was encountered while running the model"}))
    }
}

/// <https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings>
pub(super) fn embed(_call: &RecordedCall, body: &Value) -> Result<Value, Refusal> {
    let inputs: Vec<&str> = match &body["input"] {
        Value::String(text) => vec![text],
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
        _ => return Err(Refusal::field("input", "invalid input type")),
    };
    let dimensions = body["dimensions"]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok());
    let dimensions = dimensions.unwrap_or(DEFAULT_DIMENSIONS);
    let tokens: usize = inputs.iter().map(|text| pieces(text).len()).sum();
    let vectors: Vec<_> = inputs.iter().map(|text| vector(text, dimensions)).collect();
    Ok(json!({
        "model": body["model"], "embeddings": vectors, "total_duration": 14_143_917,
        "load_duration": 1_019_500, "prompt_eval_count": tokens,
    }))
}

pub(super) fn tags() -> Reply {
    Reply::json(
        200,
        &json!({"models": [{
            "name": "llama-test:latest", "model": "llama-test:latest",
            "modified_at": CREATED_AT, "size": 1, "digest": "00",
            "details": {"format": "gguf", "family": "llama"},
        }]}),
    )
}

fn spoken(answer: &Answer) -> &str {
    answer.refusal.as_deref().unwrap_or(&answer.text)
}

/// Arguments are an object here, and a call has no id.
fn calls(answer: &Answer) -> Value {
    let calls = answer
        .calls
        .iter()
        .map(|call| json!({"function": {"name": call.name, "arguments": call.arguments}}));
    calls.collect()
}

fn envelope(ask: &Ask, message: Value, done: bool) -> Value {
    let mut line = json!({"model": ask.model, "created_at": CREATED_AT, "done": done});
    line["message"] = message;
    line
}

fn last(ask: &Ask, answer: &Answer, message: Value) -> Value {
    let mut last = envelope(ask, message, true);
    let reason = if answer.finish == Finish::Length {
        "length"
    } else {
        "stop"
    };
    last["done_reason"] = reason.into();
    last["total_duration"] = 1_078_043_917.into();
    last["load_duration"] = 109_557_375.into();
    last["prompt_eval_count"] = answer.usage.input.into();
    last["prompt_eval_duration"] = 153_401_750.into();
    last["eval_count"] = answer.usage.output.into();
    last["eval_duration"] = 814_595_750.into();
    last
}

fn line(value: &Value) -> Bytes {
    format!("{value}\n").into()
}

const CREATED_AT: &str = "2026-01-01T00:00:00.000000Z";
