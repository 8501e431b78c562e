//! Where clients put their key.

use http::{HeaderMap, HeaderName};
use ironward_core::{Fault, FaultKind};

const AUTHORIZATION: &str = "authorization";

/// LiteLLM's order: the first header of these that is there holds the key, whatever the others say.
const HEADERS: [&str; 6] = [
    "x-litellm-api-key",
    AUTHORIZATION,
    "api-key",
    "x-api-key",
    "x-goog-api-key",
    "ocp-apim-subscription-key",
];

/// The key or token that a request brings, if it brings any; never empty. `only` is the one header
/// that it is read from, where the operator set it.
///
/// # Errors
/// An authentication fault when it is not said which one is meant, or what is there is empty.
pub fn presented_key<'h>(
    headers: &'h HeaderMap,
    only: Option<&HeaderName>,
) -> Result<Option<&'h [u8]>, Fault> {
    let presented = match only {
        Some(name) => single(headers, name.as_str())?.map(without_scheme),
        None => first(headers)?,
    };
    match presented {
        Some([]) => Err(malformed()),
        presented => Ok(presented),
    }
}

/// The answer to a request that brings no key.
#[must_use]
pub fn no_key() -> Fault {
    refused("Authentication Error, No api key passed in.")
}

fn first(headers: &HeaderMap) -> Result<Option<&[u8]>, Fault> {
    for name in HEADERS {
        if let Some(value) = single(headers, name)? {
            return Ok(Some(if name == AUTHORIZATION {
                bearer(value)?
            } else {
                without_scheme(value)
            }));
        }
    }
    Ok(None)
}

/// The value of a header that may come once.
fn single<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h [u8]>, Fault> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.as_bytes().trim_ascii());
    if values.next().is_some() {
        return Err(refused(
            "Authentication Error, the same key header came more than once.",
        ));
    }
    Ok(first)
}

/// The key in `Authorization`: behind `Bearer`, or in the credential of an AWS signature, or the
/// password of `Basic`.
fn bearer(value: &[u8]) -> Result<&[u8], Fault> {
    const AWS: &[u8] = b"AWS4-HMAC-SHA256 Credential=";
    if let Some(key) = strip_scheme(value, b"bearer ") {
        return Ok(key);
    }
    if let Some(credential) = value.strip_prefix(AWS) {
        let credential = credential.strip_prefix(b"Bearer ").unwrap_or(credential);
        return Ok(credential
            .split(|byte| *byte == b'/')
            .next()
            .unwrap_or_default());
    }
    // LiteLLM hands the encoded pair of `Basic` on as the key.
    strip_scheme(value, b"basic ").ok_or_else(malformed)
}

fn without_scheme(value: &[u8]) -> &[u8] {
    strip_scheme(value, b"bearer ").unwrap_or(value)
}

fn strip_scheme<'v>(value: &'v [u8], scheme: &[u8]) -> Option<&'v [u8]> {
    let (head, key) = value.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then(|| key.trim_ascii())
}

fn malformed() -> Fault {
    refused("Authentication Error, Malformed API Key passed in. Ensure Key has `Bearer ` prefix.")
}

fn refused(message: &str) -> Fault {
    Fault::downstream(FaultKind::Authentication, message)
}
