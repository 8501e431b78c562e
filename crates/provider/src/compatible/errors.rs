//! Reads the error replies of OpenAI and of the vendors that follow it.
//! <https://platform.openai.com/docs/guides/error-codes>
//!
//! The shapes that were seen, all read by one walk:
//! `{"error":{"message","type","param","code"}}` (OpenAI and most), `{"error":"text"}` (Venice),
//! `{"message","type","code"}` (Mistral, vLLM), `{"detail":"text"}` and `{"detail":[{"loc","msg"}]}`
//! (`FastAPI` servers), `[{"error":{...}}]` (Google), `error.innererror.code` (Azure),
//! `error.metadata.raw` (OpenRouter: the error of the provider behind it).

use http::{HeaderMap, StatusCode};
use ironward_core::{Fault, FaultKind, Retry, Side};
use serde_json::Value;

use crate::status;

/// The longest text of a vendor's that is passed on, in characters.
const MESSAGE_LIMIT: usize = 2_000;

/// The fault that an error reply means.
pub(crate) fn classify(
    vendor: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Fault {
    let error = Error::read(body);
    let mut fault = status::fault(
        status,
        headers,
        message(vendor, status, error.text.as_deref()),
    );
    if let Some(kind) = error.kind(status) {
        fault.kind = kind;
        match kind {
            FaultKind::ContextWindowExceeded | FaultKind::ContentPolicy => {
                fault.side = Side::Downstream;
                fault.retry = Retry::Never;
            }
            _ => {
                fault.side = Side::Upstream;
                fault.retry = Retry::Elsewhere(fault.retry_after());
            }
        }
    }
    if fault.kind == FaultKind::UpstreamAuthentication {
        // The vendor's own text repeats parts of the key, and short keys whole.
        fault.message =
            format!("{vendor} refused the credential of this deployment; ask the operator").into();
    }
    fault.code = error.code().map(|code| cleaned(code, 100).into());
    fault.param = error.param.map(|param| cleaned(&param, 200).into());
    fault
}

fn message(vendor: &str, status: StatusCode, text: Option<&str>) -> String {
    match text {
        Some(text) => format!("{vendor}: {}", without_ids(&cleaned(text, MESSAGE_LIMIT))),
        None => format!(
            "{vendor} answered with status {} and no error text",
            status.as_u16()
        ),
    }
}

/// `text` on one line and no longer than `limit` characters.
fn cleaned(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit));
    let words = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    for c in words.take(limit) {
        if !(c == ' ' && out.ends_with(' ')) {
            out.push(c);
        }
    }
    out
}

/// `text` without the ids of the operator's account, which rate limits of OpenAI's name, and
/// without anything that looks like a key.
fn without_ids(text: &str) -> String {
    let is_id = |word: &str| {
        word.len() >= 12
            && ["org-", "proj_", "sk-"]
                .iter()
                .any(|start| word.starts_with(start))
    };
    text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*')))
        .map(|piece| {
            let word = piece.trim_end_matches(|c: char| {
                !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*'))
            });
            if is_id(word) {
                piece.replacen(word, "***", 1)
            } else {
                piece.to_owned()
            }
        })
        .collect()
}

/// What an error body says, whatever its shape.
#[derive(Default)]
struct Error {
    text: Option<String>,
    code: Option<String>,
    kind: Option<String>,
    inner: Option<String>,
    param: Option<String>,
}

impl Error {
    fn read(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            // The page of a proxy in between: nothing in it is for the client.
            return Self::default();
        };
        let root = match &value {
            Value::Array(list) => list.first().unwrap_or(&Value::Null),
            _ => &value,
        };
        let error = match root.get("error") {
            Some(error @ Value::Object(_)) => error,
            _ => root,
        };
        Self {
            text: text(root, error),
            code: word(error.get("code")).or_else(|| word(root.get("code"))),
            kind: word(error.get("type")),
            inner: word(error.pointer("/innererror/code")),
            param: word(error.get("param")),
        }
    }

    /// The vendor's machine-readable word: a bare number only repeats the status.
    fn code(&self) -> Option<&str> {
        [&self.inner, &self.code, &self.kind]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .find(|word| !word.bytes().all(|byte| byte.is_ascii_digit()))
            .or(self.code.as_deref())
    }

    /// What the error means where the status alone does not say it.
    fn kind(&self, status: StatusCode) -> Option<FaultKind> {
        let is = |words: &[&str]| {
            [&self.inner, &self.code, &self.kind]
                .into_iter()
                .flatten()
                .any(|word| words.contains(&word.as_str()))
        };
        let text = self
            .text
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
        if is(&CONTEXT_CODES) || (status.is_client_error() && says(&CONTEXT_PHRASES)) {
            return Some(FaultKind::ContextWindowExceeded);
        }
        if is(&CONTENT_CODES) || (status.is_client_error() && says(&CONTENT_PHRASES)) {
            return Some(FaultKind::ContentPolicy);
        }
        if is(&KEY_CODES) && status.is_client_error() {
            return Some(FaultKind::UpstreamAuthentication);
        }
        let is_bad_request = status == StatusCode::BAD_REQUEST;
        (is_bad_request && (is(&MODEL_CODES) || says(&MODEL_PHRASES)))
            .then_some(FaultKind::NotFound)
    }
}

fn text(root: &Value, error: &Value) -> Option<String> {
    if let Some(Value::String(text)) = root.get("error") {
        return Some(text.clone());
    }
    let text = ["message", "detail", "msg", "error_message", "title"]
        .iter()
        .find_map(|key| words(error.get(key)?))?;
    Some(match error.pointer("/metadata/raw") {
        Some(Value::String(raw)) => format!("{text}: {raw}"),
        _ => text,
    })
}

/// A text, or `FastAPI`'s list of what is wrong with which field.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(inner) => words(inner.get("detail").or_else(|| inner.get("message"))?),
        Value::Array(list) => {
            let all: Vec<String> = list.iter().filter_map(complaint).collect();
            (!all.is_empty()).then(|| all.join("; "))
        }
        _ => None,
    }
}

fn complaint(item: &Value) -> Option<String> {
    let text = item.get("msg")?.as_str()?;
    let place = item.get("loc").and_then(Value::as_array);
    let place: Vec<String> = place
        .into_iter()
        .flatten()
        .filter_map(|step| word(Some(step)))
        .collect();
    Some(format!("{}: {text}", place.join(".")))
}

fn word(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

const CONTEXT_CODES: [&str; 4] = [
    "context_length_exceeded",
    "exceed_context_size_error", // llama.cpp
    "string_above_max_length",
    "too_many_prompt_tokens", // Perplexity
];

const CONTEXT_PHRASES: [&str; 7] = [
    "maximum context length",
    "context_length_exceeded",
    "exceeds the available context size",
    "exceeds the context window",
    "longer than the model's context length",
    "prompt is too long",
    "reduce the length of the messages",
];

const CONTENT_CODES: [&str; 5] = [
    "content_filter",
    "content_policy_violation",
    "data_inspection_failed", // Alibaba
    "moderation_blocked",
    "ResponsibleAIPolicyViolation", // Azure
];

const CONTENT_PHRASES: [&str; 3] = [
    "content management policy",
    "flagged as potentially violating",
    "was rejected by the safety system",
];

const KEY_CODES: [&str; 2] = ["invalid_api_key", "authentication_error"];

const MODEL_CODES: [&str; 2] = ["model_not_found", "invalid_model"];

const MODEL_PHRASES: [&str; 2] = ["is not a valid model id", "model does not exist"];
