//! Faults of replies: errors that a provider puts into a stream or in place of a reply, replies
//! that cannot be read, streams that end too early.

use ironward_core::{Fault, FaultKind, Retry, Side};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient;

/// The fault of a reply that is not what the vendor documents.
pub(crate) fn unreadable(what: &str) -> Fault {
    Fault::upstream(
        FaultKind::BadGateway,
        Retry::Again(None),
        format!("the provider's {what} cannot be read"),
    )
}

/// The fault of a stream that ended before its reply did.
pub(super) fn cut() -> Fault {
    Fault::upstream(
        FaultKind::BadGateway,
        Retry::Again(None),
        "the provider's reply ended before it was complete",
    )
}

/// The fault of a choice that ended with `reason`, where that is no way for a reply to end:
/// <https://api-docs.deepseek.com/api/create-chat-completion> for
/// `insufficient_system_resource`; `error` is written by Mistral and `OpenRouter`.
pub(super) fn of_finish(reason: &str) -> Option<Fault> {
    let kind = match reason {
        "error" => FaultKind::UpstreamInternal,
        "insufficient_system_resource" => FaultKind::Unavailable,
        _ => return None,
    };
    Some(Fault::upstream(
        kind,
        Retry::Again(None),
        "the provider failed before the reply was complete",
    ))
}

/// The fault of an `error` value: OpenAI's object, a text, or the fields that Mistral and vLLM
/// write without a wrapper.
///
/// The vendor's text goes to the client only where it is about the client's own request. Any other
/// may name the operator's key, account or hosts, and is for the log.
pub(crate) fn of_error(json: &RawValue) -> Fault {
    let fields: ErrorFields<'_> = serde_json::from_str(json.get()).unwrap_or_default();
    let text = fields
        .message
        .or_else(|| serde_json::from_str(json.get()).ok())
        .unwrap_or_default();
    let code: Option<String> = fields.code.and_then(word);
    let words = [code.as_deref(), fields.kind.as_deref()];
    let status = [fields.status_code, fields.raw_status_code, fields.status]
        .into_iter()
        .chain([fields.code])
        .flatten()
        .find_map(status);
    let kind = kind(words, status, &text);
    let is_downstream = matches!(
        kind,
        FaultKind::BadRequest
            | FaultKind::ContextWindowExceeded
            | FaultKind::ContentPolicy
            | FaultKind::TooLarge
            | FaultKind::Unprocessable
    );
    let text = on_one_line(&text);
    let mut fault = if is_downstream {
        let message = if text.is_empty() {
            "the provider refused the request".to_owned()
        } else {
            format!("the provider refused the request: {text}")
        };
        let mut fault = Fault::upstream(kind, Retry::Never, message);
        fault.side = Side::Downstream;
        fault
    } else {
        let retry = match kind {
            FaultKind::UpstreamAuthentication
            | FaultKind::PaymentRequired
            | FaultKind::PermissionDenied
            | FaultKind::NotFound
            | FaultKind::RateLimited => Retry::Elsewhere(None),
            _ => Retry::Again(None),
        };
        Fault::upstream(kind, retry, message(kind)).with_cause(text)
    };
    fault.code = words
        .into_iter()
        .flatten()
        .find(|word| is_word(word))
        .map(Into::into);
    fault.upstream_status = status;
    fault
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ErrorFields<'a> {
    #[serde(deserialize_with = "lenient::text")]
    message: Option<String>,
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    kind: Option<String>,
    /// OpenAI's word; a status for `OpenRouter`, llama.cpp and Mistral.
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    /// Groq's.
    #[serde(borrow)]
    status_code: Option<&'a RawValue>,
    /// Mistral's.
    #[serde(borrow)]
    raw_status_code: Option<&'a RawValue>,
}

fn word(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

fn status(raw: &RawValue) -> Option<u16> {
    let text = raw.get().trim_matches('"');
    text.parse()
        .ok()
        .filter(|status| (400..600).contains(status))
}

/// Whether a code is a word for programs and not, say, the status again.
fn is_word(code: &str) -> bool {
    code.len() <= 100
        && code.bytes().any(|byte| byte.is_ascii_alphabetic())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

fn kind(words: [Option<&str>; 2], status: Option<u16>, text: &str) -> FaultKind {
    let text = text.to_ascii_lowercase();
    if text.contains("maximum context length") {
        return FaultKind::ContextWindowExceeded;
    }
    words
        .into_iter()
        .flatten()
        .find_map(kind_of_word)
        .or_else(|| status.map(kind_of_status))
        .or_else(|| {
            // What OpenAI calls nearly every error of the caller's, so it comes last.
            words
                .contains(&Some("invalid_request_error"))
                .then_some(FaultKind::BadRequest)
        })
        .unwrap_or(FaultKind::UpstreamInternal)
}

/// <https://platform.openai.com/docs/guides/error-codes>, and the words of the compatible vendors.
fn kind_of_word(word: &str) -> Option<FaultKind> {
    Some(match word {
        "context_length_exceeded"
        | "exceed_context_size_error"
        | "string_above_max_length"
        | "too_many_prompt_tokens" => FaultKind::ContextWindowExceeded,
        "content_filter"
        | "content_policy_violation"
        | "data_inspection_failed"
        | "moderation_blocked"
        | "ResponsibleAIPolicyViolation" => FaultKind::ContentPolicy,
        "invalid_api_key" | "authentication_error" => FaultKind::UpstreamAuthentication,
        "permission_error" | "permission_denied" => FaultKind::PermissionDenied,
        "model_not_found" | "not_found_error" => FaultKind::NotFound,
        "rate_limit_exceeded"
        | "rate_limit_error"
        | "rate_limit_reached"
        | "insufficient_quota"
        | "tokens"
        | "requests" => FaultKind::RateLimited,
        "timeout" | "timeout_error" | "request_timeout" => FaultKind::Timeout,
        "overloaded_error" | "service_unavailable" | "engine_overloaded" => FaultKind::Unavailable,
        "server_error" | "internal_server_error" | "internal_error" | "api_error" => {
            FaultKind::UpstreamInternal
        }
        _ => return None,
    })
}

const fn kind_of_status(status: u16) -> FaultKind {
    match status {
        401 => FaultKind::UpstreamAuthentication,
        402 => FaultKind::PaymentRequired,
        403 => FaultKind::PermissionDenied,
        404 => FaultKind::NotFound,
        408 | 504 => FaultKind::Timeout,
        409 => FaultKind::Conflict,
        413 => FaultKind::TooLarge,
        422 => FaultKind::Unprocessable,
        429 => FaultKind::RateLimited,
        502 => FaultKind::BadGateway,
        503 | 529 => FaultKind::Unavailable,
        400..=499 => FaultKind::BadRequest,
        _ => FaultKind::UpstreamInternal,
    }
}

const fn message(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::UpstreamAuthentication
        | FaultKind::PaymentRequired
        | FaultKind::PermissionDenied => {
            "the provider refused the credential of this deployment; ask the operator"
        }
        FaultKind::NotFound => "the provider does not know the model of this deployment",
        FaultKind::RateLimited => "the provider's rate limit was met; try again later",
        FaultKind::Timeout => "the provider took too long",
        FaultKind::Unavailable => "the provider is overloaded; try again later",
        _ => "the provider failed before the reply was complete",
    }
}

/// `text` on one line, at most 2,000 characters of it.
fn on_one_line(text: &str) -> String {
    let mut line = String::new();
    for c in text.trim().chars().take(2_000) {
        if !c.is_control() {
            line.push(c);
        } else if !line.ends_with(' ') {
            line.push(' ');
        }
    }
    line
}

#[cfg(test)]
mod tests;
