//! Headers that say which call a response is of, who answered it, and what the provider said
//! beside its reply. An error has them too, as far as it got.

use std::fmt::Write as _;

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue};
use ironward_catalogue::Charged;
use ironward_core::{CallId, DeploymentId};

/// Provider headers that clients read; handed on under LiteLLM's prefix, rate limits also under
/// their own name.
const PROVIDER_HEADERS: [&str; 4] = [
    "x-request-id",
    "request-id",
    "openai-processing-ms",
    "openai-version",
];
const RATE_LIMITS: [&str; 2] = ["x-ratelimit-", "anthropic-ratelimit-"];

/// Writes the call's id where LiteLLM's and OpenAI's clients look for it.
pub(crate) fn call(headers: &mut HeaderMap, id: CallId) {
    if let Ok(value) = HeaderValue::from_bytes(&id.to_hex()) {
        headers.insert(HeaderName::from_static("x-litellm-call-id"), value.clone());
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}

/// Writes which deployment was asked last, of which model group, and after how many failures.
pub(crate) fn attempted(
    headers: &mut HeaderMap,
    group: &str,
    deployment: Option<&DeploymentId>,
    attempts: u32,
) {
    if let Some(deployment) = deployment {
        insert_text(headers, "x-litellm-model-id", deployment.as_str());
    }
    insert_text(headers, "x-litellm-model-group", group);
    headers.insert(
        "x-litellm-attempted-retries",
        HeaderValue::from(attempts.saturating_sub(1)),
    );
}

/// Writes what a whole reply cost, where that is known: in dollars, exact, never with an exponent.
/// A stream's cost is not known when its head goes out; LiteLLM writes none there either.
pub(crate) fn cost(headers: &mut HeaderMap, charged: Option<Charged>) {
    let Some(charged) = charged.filter(|charged| !charged.is_unknown()) else {
        return;
    };
    // The longest amount has 40 characters.
    let mut text = BytesMut::with_capacity(40);
    let written = write!(text, "{}", charged.amount);
    let value = HeaderValue::from_maybe_shared(text.freeze());
    if let (Ok(()), Ok(value)) = (written, value) {
        headers.insert("x-litellm-response-cost", value);
    }
}

/// Hands on what clients read of a provider's headers.
pub(crate) fn hand_on(headers: &mut HeaderMap, upstream: &HeaderMap) {
    for (name, value) in upstream {
        let is_limit = RATE_LIMITS
            .iter()
            .any(|prefix| name.as_str().starts_with(prefix));
        if !is_limit && !PROVIDER_HEADERS.contains(&name.as_str()) {
            continue;
        }
        if let Ok(prefixed) = HeaderName::try_from(format!("llm_provider-{name}")) {
            headers.insert(prefixed, value.clone());
        }
        if is_limit {
            headers.insert(name.clone(), value.clone());
        }
    }
}

fn insert_text(headers: &mut HeaderMap, name: &'static str, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}
