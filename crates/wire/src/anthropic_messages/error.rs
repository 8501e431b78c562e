//! Errors in both directions. <https://docs.anthropic.com/en/api/errors>

use bytes::{BufMut, Bytes, BytesMut};
use ironward_core::{Fault, FaultKind, Retry, Side};
use serde::{Deserialize, Serialize};

/// An error as Anthropic writes it, in a body or in a stream's `error` event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamError {
    /// Such as `overloaded_error`.
    pub error_type: String,
    /// For people.
    pub message: String,
}

impl UpstreamError {
    /// Reads `{"type":"error","error":{"type","message"}}`; `None` when it is something else.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Envelope {
            error: Inner,
        }
        #[derive(Deserialize)]
        struct Inner {
            #[serde(rename = "type")]
            error_type: String,
            #[serde(default)]
            message: String,
        }
        let Envelope { error } = serde_json::from_slice(body).ok()?;
        Some(Self {
            error_type: error.error_type,
            message: error.message,
        })
    }

    /// What happened; `None` for a type that is not known.
    ///
    /// Several things share `invalid_request_error` and differ only in their message.
    #[must_use]
    pub fn kind(&self) -> Option<FaultKind> {
        if self.error_type == "invalid_request_error" {
            let message = self.message.to_ascii_lowercase();
            let found = MESSAGES.iter().find(|(text, _)| message.contains(text));
            return Some(found.map_or(FaultKind::BadRequest, |(_, kind)| *kind));
        }
        let (_, kind) = TYPES.iter().find(|(name, _)| *name == self.error_type)?;
        Some(*kind)
    }

    /// The fault for the client. Only what is about the client's own request is told in
    /// Anthropic's words: the others name the operator's organisation, account and model.
    #[must_use]
    pub fn into_fault(self) -> Fault {
        let kind = self.kind().unwrap_or(FaultKind::UpstreamInternal);
        let message = match kind {
            FaultKind::BadRequest
            | FaultKind::ContextWindowExceeded
            | FaultKind::ContentPolicy
            | FaultKind::TooLarge => one_line(&self.message),
            FaultKind::NotFound if !self.message.starts_with("model:") => one_line(&self.message),
            _ => own_words(kind).to_owned(),
        };
        let (side, retry) = match kind {
            FaultKind::BadRequest
            | FaultKind::ContextWindowExceeded
            | FaultKind::ContentPolicy
            | FaultKind::TooLarge => (Side::Downstream, Retry::Never),
            // Another deployment may hold another account, another quota or another model.
            FaultKind::UpstreamAuthentication
            | FaultKind::PaymentRequired
            | FaultKind::PermissionDenied
            | FaultKind::NotFound
            | FaultKind::RateLimited => (Side::Upstream, Retry::Elsewhere(None)),
            _ => (Side::Upstream, Retry::Again(None)),
        };
        let code = match kind {
            // OpenAI's clients look for this one.
            FaultKind::ContextWindowExceeded => "context_length_exceeded".to_owned(),
            _ => self.error_type,
        };
        let mut fault = Fault::upstream(kind, retry, message).with_code(code);
        fault.side = side;
        if matches!(side, Side::Upstream) {
            fault = fault.with_cause(one_line(&self.message));
        }
        fault
    }
}

const TYPES: [(&str, FaultKind); 11] = [
    ("authentication_error", FaultKind::UpstreamAuthentication),
    ("billing_error", FaultKind::PaymentRequired),
    ("permission_error", FaultKind::PermissionDenied),
    ("not_found_error", FaultKind::NotFound),
    ("conflict_error", FaultKind::Conflict),
    ("request_too_large", FaultKind::TooLarge),
    ("rate_limit_error", FaultKind::RateLimited),
    ("timeout_error", FaultKind::Timeout),
    ("api_error", FaultKind::UpstreamInternal),
    ("overloaded_error", FaultKind::Unavailable),
    ("internal_server_error", FaultKind::UpstreamInternal),
];

const MESSAGES: [(&str, FaultKind); 8] = [
    ("prompt is too long", FaultKind::ContextWindowExceeded),
    ("exceed context limit", FaultKind::ContextWindowExceeded),
    (
        "exceeds the context window",
        FaultKind::ContextWindowExceeded,
    ),
    ("content filtering policy", FaultKind::ContentPolicy),
    ("credit balance is too low", FaultKind::PaymentRequired),
    ("api usage limits", FaultKind::PaymentRequired),
    (
        "organization has been disabled",
        FaultKind::PermissionDenied,
    ),
    ("workspace has been disabled", FaultKind::PermissionDenied),
];

const fn own_words(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::UpstreamAuthentication => {
            "the provider refused the gateway's credential; its operator has to renew it"
        }
        FaultKind::PaymentRequired => "the gateway's account at the provider has no credit left",
        FaultKind::PermissionDenied => {
            "the gateway's account at the provider may not make this call"
        }
        FaultKind::NotFound => "the provider does not know the deployment's model",
        FaultKind::RateLimited => "the provider's rate limit for the gateway's account is reached",
        FaultKind::Timeout => "the provider took too long",
        FaultKind::Conflict => "the provider reports a conflict with another request",
        FaultKind::Unavailable => "the provider is overloaded; try again later",
        _ => "the provider failed with an error of its own",
    }
}

fn one_line(message: &str) -> String {
    const MOST: usize = 1000;
    message
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .take(MOST)
        .collect()
}

/// Writes a fault as Anthropic's error body.
#[must_use]
pub fn encode_fault(fault: &Fault) -> Bytes {
    let mut out = BytesMut::new();
    append(&mut out, &ErrorBody::of(fault));
    out.freeze()
}

/// Writes a fault as the event with which a broken stream ends.
pub(super) fn write_error_event(fault: &Fault, out: &mut BytesMut) {
    write_event("error", &ErrorBody::of(fault), out);
}

/// Writes one frame.
pub(super) fn write_event<T: Serialize>(event: &str, body: &T, out: &mut BytesMut) {
    // Most events fit; else each of the writer's small steps might grow the buffer.
    out.reserve(256);
    out.put_slice(b"event: ");
    out.put_slice(event.as_bytes());
    out.put_slice(b"\ndata: ");
    append(out, body);
    out.put_slice(b"\n\n");
}

/// Appends `value` as JSON. It cannot fail: the writer grows, and no map has keys that are no text.
pub(super) fn append<T: Serialize>(out: &mut BytesMut, value: &T) {
    serde_json::to_writer(out.writer(), value).unwrap_or_default();
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: ErrorInner<'a>,
}

#[derive(Serialize)]
struct ErrorInner<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: &'a str,
}

impl<'a> ErrorBody<'a> {
    fn of(fault: &'a Fault) -> Self {
        Self {
            kind: "error",
            error: ErrorInner {
                kind: type_of(fault.status()),
                message: &fault.message,
            },
        }
    }
}

const fn type_of(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        400..=498 => "invalid_request_error",
        _ => "api_error",
    }
}

/// The fault of a reply or an event that is not what Anthropic documents. The position says where;
/// the reader's own words might repeat content.
pub(super) fn unreadable(error: &serde_json::Error) -> Fault {
    Fault::upstream(
        FaultKind::BadGateway,
        Retry::Again(None),
        "the provider's reply could not be read",
    )
    .with_cause(format_args!(
        "not Anthropic's format at line {} column {}",
        error.line(),
        error.column()
    ))
}

/// The fault of a stream that ended without `message_stop`.
pub(super) fn cut() -> Fault {
    Fault::upstream(
        FaultKind::BadGateway,
        Retry::Again(None),
        "the provider's stream ended before the reply was complete",
    )
}
