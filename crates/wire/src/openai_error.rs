//! OpenAI's error body, with LiteLLM's types and its `code` as text.
//!
//! | kind of fault | `type` | `code` |
//! |---|---|---|
//! | the client's key, what it may not do | `auth_error`, `expired_key`, `key_model_access_denied`, ... | the status |
//! | the provider refused the gateway's credential | `authentication_error` | the status |
//! | not allowed | `permission_error` | the status |
//! | rate limit, no deployment | `rate_limit_error` | the status |
//! | budget | `budget_exceeded` | the status |
//! | timeout | `timeout_error` | the status |
//! | the client went away | `client_disconnect` | the status |
//! | context window | `invalid_request_error` | `context_length_exceeded` |
//! | content policy | `invalid_request_error` | `content_policy_violation` |
//! | any other below 500 | `invalid_request_error` | the status |
//! | 500 and above | `internal_server_error` | the status |
//!
//! A provider's own code is not repeated: clients of LiteLLM compare `code` with a status, but for
//! the two words that they look for.

use bytes::{Bytes, BytesMut};
use ironward_core::{Fault, FaultKind, Side};

use crate::writer::JsonWriter;

/// Writes a fault: `{"error":{"message","type","param","code"}}`.
#[must_use]
pub fn encode(fault: &Fault) -> Bytes {
    let mut out = BytesMut::with_capacity(fault.message.len() + 96);
    let mut json = JsonWriter::new(&mut out);
    json.begin_object().key("error").begin_object();
    json.key("message").text(&fault.message);
    json.key("type")
        .text(own_type(fault).unwrap_or_else(|| error_type(fault.kind)));
    json.key("param").value(&fault.param);
    match fault.kind {
        FaultKind::ContextWindowExceeded => json.key("code").text("context_length_exceeded"),
        FaultKind::ContentPolicy => json.key("code").text("content_policy_violation"),
        _ => json
            .key("code")
            .text(itoa::Buffer::new().format(fault.status())),
    };
    json.end_object().end_object();
    out.freeze()
}

/// What LiteLLM calls a refusal of the caller's key: `expired_key`, `key_model_access_denied`, ...
/// A provider's word for a refusal is about the gateway's credential, and not repeated.
fn own_type(fault: &Fault) -> Option<&str> {
    let is_refusal = matches!(
        fault.kind,
        FaultKind::Authentication | FaultKind::PermissionDenied
    );
    let code = fault.code.as_deref();
    code.filter(|_| is_refusal && fault.side == Side::Downstream)
}

const fn error_type(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Authentication => "auth_error",
        FaultKind::UpstreamAuthentication => "authentication_error",
        FaultKind::PermissionDenied => "permission_error",
        FaultKind::RateLimited | FaultKind::NoDeployment => "rate_limit_error",
        FaultKind::BudgetExceeded => "budget_exceeded",
        FaultKind::Timeout => "timeout_error",
        FaultKind::ClientGone => "client_disconnect",
        kind if kind.status() >= 500 => "internal_server_error",
        _ => "invalid_request_error",
    }
}

#[cfg(test)]
mod tests;
