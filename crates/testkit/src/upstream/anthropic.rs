mod events;
mod read;
mod thread;

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, Finish, ToolCall};
use super::ask::{Ask, count_tokens};
use super::delivery::Reply;
use super::record::RecordedCall;
use super::refusal::{Refusal, RefusalKind};
use super::route::Family;

/// Messages: <https://docs.anthropic.com/en/api/messages>.
pub(super) struct Messages;

impl Family for Messages {
    /// `x-api-key`, or the bearer that the newest SDKs send; a key that starts with `bad` is wrong.
    fn authenticate(&self, call: &RecordedCall) -> Result<(), Refusal> {
        let key = match call.header("x-api-key") {
            "" => call
                .header("authorization")
                .strip_prefix("Bearer ")
                .unwrap_or_default(),
            key => key,
        };
        if key.is_empty() {
            return Err(Refusal::new(
                401,
                RefusalKind::Key,
                "x-api-key header is required",
            ));
        }
        if key.starts_with("bad") {
            return Err(Refusal::new(401, RefusalKind::Key, "invalid x-api-key"));
        }
        if call.header("anthropic-version").is_empty() {
            return Err(Refusal::field("anthropic-version", "header is required"));
        }
        Ok(())
    }

    fn ask(&self, _call: &RecordedCall, body: &Value) -> Result<Ask, Refusal> {
        read::ask(body)
    }

    fn whole(&self, ask: &Ask, answer: &Answer, body: &Value) -> Value {
        let mut message = events::message(ask, answer, body);
        message["content"] = blocks(ask, answer).into();
        message["stop_reason"] = stop_reason(answer).into();
        message["stop_sequence"] = answer.stopped_at.as_deref().into();
        message["usage"]["output_tokens"] = answer.usage.output.into();
        message
    }

    fn frames(&self, ask: &Ask, answer: &Answer, body: &Value) -> Vec<Bytes> {
        events::frames(ask, answer, body)
    }

    fn stream_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }

    /// <https://docs.anthropic.com/en/api/errors>
    fn refuse(&self, refusal: &Refusal) -> Reply {
        let (status, message) = words(refusal);
        let body = json!({
            "type": "error",
            "error": {"type": error_type(status), "message": message},
            "request_id": "req_test",
        });
        let reply = Reply::json(status, &body).with_header("request-id", "req_test");
        if status == 429 || status == 503 {
            reply.with_header("retry-after", "1")
        } else {
            reply
        }
    }

    fn failure_frame(&self) -> Bytes {
        events::sse(&json!({
            "type": "error",
            "error": {"type": "overloaded_error", "message": "Overloaded"},
        }))
    }
}

/// <https://docs.anthropic.com/en/api/messages-count-tokens>
pub(super) fn count(_call: &RecordedCall, body: &Value) -> Result<Value, Refusal> {
    for field in ["max_tokens", "stream", "temperature", "metadata"] {
        if !body[field].is_null() {
            return Err(Refusal::field(field, "Extra inputs are not permitted"));
        }
    }
    let mut asked = body.clone();
    if let Some(fields) = asked.as_object_mut() {
        fields.insert("max_tokens".to_owned(), 1_000_000.into());
    }
    let ask = read::ask(&asked)?;
    Ok(json!({"input_tokens": ask.input_tokens}))
}

pub(super) fn models() -> Reply {
    Reply::json(
        200,
        &json!({
            "data": [{
                "type": "model", "id": "claude-test", "display_name": "Claude Test",
                "created_at": "2026-01-01T00:00:00Z",
            }],
            "has_more": false, "first_id": "claude-test", "last_id": "claude-test",
        }),
    )
}

fn blocks(ask: &Ask, answer: &Answer) -> Vec<Value> {
    let mut blocks = Vec::new();
    if let Some(thinking) = &answer.thinking {
        blocks.push(json!({"type": "thinking", "thinking": thinking, "signature": SIGNATURE}));
    }
    if answer.redacted {
        blocks.push(json!({"type": "redacted_thinking", "data": REDACTED}));
    }
    if !answer.text.is_empty() {
        blocks.push(json!({"type": "text", "text": answer.text}));
    }
    for (at, call) in answer.calls.iter().enumerate() {
        let input = call.arguments.clone();
        let id = tool_id(ask, at);
        blocks.push(json!({"type": "tool_use", "id": id, "name": call.name, "input": input}));
    }
    blocks
}

fn tool_id(ask: &Ask, at: usize) -> String {
    format!("toolu_test{:04}", ask.called.len() + at)
}

fn tool_start(ask: &Ask, at: usize, call: &ToolCall) -> Value {
    json!({"type": "tool_use", "id": tool_id(ask, at), "name": call.name, "input": {}})
}

fn stop_reason(answer: &Answer) -> &'static str {
    match answer.finish {
        Finish::Stop if answer.stopped_at.is_some() => "stop_sequence",
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::Tools => "tool_use",
        Finish::Filter | Finish::Refusal => "refusal",
    }
}

/// A marker splits the prompt: a quarter is written to the cache, a quarter is read from it.
fn usage(ask: &Ask, body: &Value) -> Value {
    let marked = body.to_string().contains("\"cache_control\"");
    let part = if marked { ask.input_tokens / 4 } else { 0 };
    json!({
        "input_tokens": ask.input_tokens - 2 * part,
        "cache_creation_input_tokens": part,
        "cache_read_input_tokens": part,
        "cache_creation": {"ephemeral_5m_input_tokens": part, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 1,
        "service_tier": "standard",
    })
}

fn words(refusal: &Refusal) -> (u16, String) {
    let message = &refusal.message;
    match refusal.kind {
        RefusalKind::Model => (404, format!("model: {message}")),
        RefusalKind::ContextWindow => (
            400,
            "prompt is too long: 200001 tokens > 200000 maximum".to_owned(),
        ),
        RefusalKind::Policy => (400, "Output blocked by content filtering policy".to_owned()),
        RefusalKind::Quota => (
            400,
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & \
             Billing to upgrade or purchase credits."
                .to_owned(),
        ),
        RefusalKind::Plain | RefusalKind::Key => match &refusal.param {
            Some(param) => (refusal.status, format!("{param}: {message}")),
            None => (refusal.status, message.clone()),
        },
    }
}

fn error_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

fn count_input(body: &Value) -> usize {
    count_tokens(&body["system"]) + count_tokens(&body["messages"]) + count_tokens(&body["tools"])
}

/// A thinking block that comes back has to carry it unchanged.
const SIGNATURE: &str = "EuYBCkQYAiJAdGVzdGtpdC1zaWduYXR1cmU=";
const REDACTED: &str = "EuYBCkQYAiJAdGVzdGtpdC1yZWRhY3RlZA==";
