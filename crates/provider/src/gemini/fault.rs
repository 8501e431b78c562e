//! Google's error model. <https://cloud.google.com/apis/design/errors#error_model>,
//! <https://ai.google.dev/gemini-api/docs/troubleshooting>

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use ironward_core::{Fault, FaultKind, Retry, Side};
use ironward_wire::Json;
use serde::Deserialize;

use crate::status;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    code: u16,
    message: String,
    status: String,
    details: Vec<Detail>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Detail {
    reason: Option<String>,
    retry_delay: Option<String>,
}

/// Reads an error reply.
pub(super) fn classify(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Fault {
    #[derive(Deserialize)]
    struct Body {
        error: Status,
    }
    // A stream without events is an array, and so is its error. It is tried first, because serde
    // reads a struct from an array, too.
    let error = match serde_json::from_slice::<Vec<Body>>(body) {
        Ok(bodies) => bodies.into_iter().next(),
        Err(_) => serde_json::from_slice::<Body>(body).ok(),
    };
    match error {
        Some(body) => fault(status, headers, &body.error),
        None => status::fault(
            status,
            headers,
            format!("the provider answered with status {}", status.as_u16()),
        )
        .with_cause(String::from_utf8_lossy(body)),
    }
}

/// Reads the error with which a reply that had begun ends.
pub(super) fn in_reply(error: &Json) -> Fault {
    let error: Status = serde_json::from_str(error.text()).unwrap_or_default();
    let code = StatusCode::from_u16(error.code).ok();
    let code = code.filter(|code| code.is_client_error() || code.is_server_error());
    let code = code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    fault(code, &HeaderMap::new(), &error)
}

fn fault(status: StatusCode, headers: &HeaderMap, error: &Status) -> Fault {
    let message = error.message.split_whitespace().collect::<Vec<_>>();
    let mut fault = status::fault(status, headers, message.join(" "));
    if !error.status.is_empty() {
        fault = fault.with_code(error.status.as_str());
    }
    match error.status.as_str() {
        "INVALID_ARGUMENT" if is_about_key(error) => refuse_key(&mut fault),
        "UNAUTHENTICATED" => refuse_key(&mut fault),
        "INVALID_ARGUMENT" if is_about_length(&error.message) => {
            fault.kind = FaultKind::ContextWindowExceeded;
        }
        // The account's region, or its billing: another deployment may have what it takes.
        "FAILED_PRECONDITION" => refuse_account(&mut fault),
        "PERMISSION_DENIED" if names_account(&error.message) => refuse_account(&mut fault),
        "RESOURCE_EXHAUSTED" => {
            let told = error.details.iter().find_map(Detail::delay);
            fault.kind = FaultKind::RateLimited;
            fault.retry = Retry::Elsewhere(told.or_else(|| fault.retry_after()));
        }
        _ => {}
    }
    fault
}

impl Detail {
    /// `google.rpc.RetryInfo`: `"48.939935699s"`.
    fn delay(&self) -> Option<Duration> {
        const DAY: f64 = 86_400.0;
        let seconds: f64 = self
            .retry_delay
            .as_deref()?
            .strip_suffix('s')?
            .parse()
            .ok()?;
        (seconds.is_finite() && seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(DAY)))
    }
}

fn is_about_key(error: &Status) -> bool {
    let is_key_reason = |reason: &str| reason.starts_with("API_KEY_");
    error
        .details
        .iter()
        .any(|detail| detail.reason.as_deref().is_some_and(is_key_reason))
        || error.message.contains("API key not valid")
        || error.message.contains("API key expired")
}

/// "The input token count (1050000) exceeds the maximum number of tokens allowed (1048576)."
fn is_about_length(message: &str) -> bool {
    message.contains("exceeds the maximum number of tokens")
        || (message.contains("token count") && message.contains("exceeds"))
}

/// Whether a message speaks of the operator's own project or key, which is no client's business.
fn names_account(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["key", "project", "consumer"]
        .iter()
        .any(|word| message.contains(word))
}

fn refuse_key(fault: &mut Fault) {
    fault.kind = FaultKind::UpstreamAuthentication;
    blame_gateway(fault, "gemini refused the gateway's API key");
}

fn refuse_account(fault: &mut Fault) {
    fault.kind = FaultKind::PermissionDenied;
    blame_gateway(fault, "gemini refused the gateway's account");
}

/// The client gets a message of ours, the operator the provider's.
fn blame_gateway(fault: &mut Fault, message: &str) {
    fault.side = Side::Upstream;
    fault.retry = Retry::Elsewhere(None);
    fault.cause = Some(std::mem::replace(&mut fault.message, message.into()));
}

#[cfg(test)]
mod tests;
