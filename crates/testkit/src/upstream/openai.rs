mod chat;
mod completions;
mod embeddings;

use bytes::Bytes;
use serde_json::{Value, json};

pub(super) use chat::Chat;
pub(super) use completions::Completions;
pub(super) use embeddings::embed;

use super::answer::{Finish, Tokens};
use super::delivery::Reply;
use super::record::RecordedCall;
use super::refusal::{Refusal, RefusalKind};

/// The models that this upstream lists.
pub(super) fn models() -> Reply {
    let models = ["gpt-test", "text-embedding-test"]
        .map(|id| json!({"id": id, "object": "model", "created": CREATED, "owned_by": "testkit"}));
    Reply::json(200, &json!({"object": "list", "data": models}))
}

/// Bearer, or `api-key` on Azure's paths; a key that starts with `bad` is wrong.
fn authenticate(call: &RecordedCall) -> Result<(), Refusal> {
    let bearer = call.header("authorization").strip_prefix("Bearer ");
    let key = bearer.unwrap_or_else(|| call.header("api-key"));
    match key {
        "" => Err(Refusal::new(
            401,
            RefusalKind::Key,
            "You didn't provide an API key.",
        )),
        bad if bad.starts_with("bad") => Err(Refusal::new(
            401,
            RefusalKind::Key,
            "Incorrect API key provided: bad***.",
        )),
        _ => Ok(()),
    }
}

/// <https://platform.openai.com/docs/guides/error-codes>
fn refuse(refusal: &Refusal) -> Reply {
    let (kind, code, message) = words(refusal);
    let body = json!({"error": {
        "message": message, "type": kind, "param": refusal.param, "code": code,
    }});
    let reply = Reply::json(refusal.status, &body).with_header("x-request-id", "req_test");
    match refusal.status {
        429 => reply
            .with_header("retry-after", "1")
            .with_header("x-ratelimit-remaining-requests", "0"),
        503 => reply.with_header("retry-after", "1"),
        _ => reply,
    }
}

fn words(refusal: &Refusal) -> (&'static str, Option<&'static str>, String) {
    let message = refusal.message.clone();
    match (refusal.kind, refusal.status) {
        (RefusalKind::Key, _) => ("invalid_request_error", Some("invalid_api_key"), message),
        (RefusalKind::Model, _) => (
            "invalid_request_error",
            Some("model_not_found"),
            format!("The model `{message}` does not exist or you do not have access to it."),
        ),
        (RefusalKind::ContextWindow, _) => (
            "invalid_request_error",
            Some("context_length_exceeded"),
            "This model's maximum context length is 128000 tokens. However, your messages \
             resulted in 200001 tokens. Please reduce the length of the messages."
                .to_owned(),
        ),
        (RefusalKind::Policy, _) => (
            "invalid_request_error",
            Some("content_policy_violation"),
            "Your request was rejected as a result of our safety system.".to_owned(),
        ),
        (RefusalKind::Quota, _) => (
            "insufficient_quota",
            Some("insufficient_quota"),
            "You exceeded your current quota, please check your plan and billing details."
                .to_owned(),
        ),
        (RefusalKind::Plain, 429) => ("requests", Some("rate_limit_exceeded"), message),
        (RefusalKind::Plain, 500..) => ("server_error", None, message),
        (RefusalKind::Plain, _) => ("invalid_request_error", None, message),
    }
}

fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Refusal => "stop",
        Finish::Length => "length",
        Finish::Tools => "tool_calls",
        Finish::Filter => "content_filter",
    }
}

fn usage(tokens: Tokens, choices: usize) -> Value {
    let output = tokens.output * choices;
    // Prompts of 1,024 tokens or more are cached by themselves.
    let cached = if tokens.input >= 1024 { 1024 } else { 0 };
    json!({
        "prompt_tokens": tokens.input,
        "completion_tokens": output,
        "total_tokens": tokens.input + output,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": tokens.reasoning * choices,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

fn sse(event: &Value) -> Bytes {
    format!("data: {event}\n\n").into()
}

fn failure_frame() -> Bytes {
    sse(&json!({"error": {
        "message": "The server had an error while processing your request. Sorry about that!",
        "type": "server_error", "param": null, "code": null,
    }}))
}

const CREATED: u64 = 1_767_225_600;
const DONE: Bytes = Bytes::from_static(b"data: [DONE]\n\n");
