use std::sync::Arc;

use http::HeaderMap;
use ironward_core::{Fault, FaultKind, Principal};

use crate::Snapshot;

/// Proof that the request brought a key that is let in.
pub(crate) struct Caller {
    principal: Arc<Principal>,
}

impl Caller {
    pub(crate) fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }
}

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

/// bearer -> Caller. A refusal costs the same and says the same for every key that is not let in.
pub(crate) fn authenticate(snapshot: &Snapshot, headers: &HeaderMap) -> Result<Caller, Fault> {
    let presented = match &snapshot.keys.header {
        Some(name) => single(headers, name.as_str())?.map(without_scheme),
        None => {
            let mut found = None;
            for name in HEADERS {
                if let Some(value) = single(headers, name)? {
                    found = Some(if name == AUTHORIZATION {
                        bearer(value)?
                    } else {
                        without_scheme(value)
                    });
                    break;
                }
            }
            found
        }
    };
    let presented =
        presented.ok_or_else(|| refused("Authentication Error, No api key passed in."))?;
    if presented.is_empty() {
        return Err(malformed());
    }
    let hash = snapshot.keys.hasher.hash(presented);
    match snapshot.keys.principals.get(&hash) {
        Some(principal) => Ok(Caller {
            principal: Arc::clone(principal),
        }),
        None => Err(
            refused("Authentication Error, Invalid proxy server token passed.")
                .with_param("key")
                .with_code("token_not_found_in_db"),
        ),
    }
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

#[cfg(test)]
mod tests;
