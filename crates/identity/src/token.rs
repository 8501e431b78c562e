//! A token's form: three parts, a header, claims. Nothing here is verified yet.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::json::read_object;
use crate::{Claims, Refusal};

/// The longest token that is looked at. Tokens with hundreds of groups have 8 KiB.
pub(crate) const MOST_BYTES: usize = 16 << 10;

/// The longest field of a header. Issuers use hashes and UUIDs as ids of keys.
const MOST_FIELD: usize = 512;

/// A token as it is written (RFC 7515, section 7.1). Nobody has vouched for it.
#[derive(Debug)]
pub(crate) struct Token<'t> {
    pub(crate) header: Header,
    pub(crate) claims: Claims,
    /// What the signature is over: header and claims as they are written.
    pub(crate) signed: &'t [u8],
    pub(crate) signature: Vec<u8>,
}

/// The fields of the header that have a meaning here. Those that bring or name a key (`jwk`,
/// `jku`, `x5c`, `x5u`) have none: a key is only ever the configured issuer's.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) alg: Box<str>,
    pub(crate) kid: Option<Box<str>>,
}

impl<'t> Token<'t> {
    /// Takes a token apart.
    pub(crate) fn parse(bytes: &'t [u8]) -> Result<Self, Refusal> {
        if bytes.len() > MOST_BYTES {
            return Err(Refusal::TooLarge);
        }
        let parts: Vec<&[u8]> = bytes.splitn(4, |byte| *byte == b'.').collect();
        let [header, claims, signature] = *parts.as_slice() else {
            return Err(Refusal::Malformed("the token is not of three parts"));
        };
        let signed = bytes
            .get(..header.len() + 1 + claims.len())
            .unwrap_or_default();
        let header = read_object(&decode(header)?).ok_or(Refusal::Malformed(
            "the token's header is not a JSON object without duplicates",
        ))?;
        let header = Header::check(&header)?;
        let claims = Claims::read(&decode(claims)?).ok_or(Refusal::Malformed(
            "the token's claims are not a JSON object without duplicates",
        ))?;
        Ok(Self {
            header,
            claims,
            signed,
            signature: decode(signature)?,
        })
    }
}

impl Header {
    fn check(fields: &Map<String, Value>) -> Result<Self, Refusal> {
        if fields.contains_key("crit") {
            return Err(Refusal::Header(
                "the token's header has extensions that must be understood (crit), and are not",
            ));
        }
        if fields.contains_key("b64") || fields.contains_key("zip") {
            return Err(Refusal::Header(
                "the token is encoded in a way that tokens are not (b64, zip)",
            ));
        }
        let text = |name: &str| match fields.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() <= MOST_FIELD => Ok(Some(text.as_str())),
            Some(_) => Err(Refusal::Header(
                "a field of the token's header is no text, or too long",
            )),
        };
        if text("typ")?.is_some_and(|typ| !is_token(typ)) {
            return Err(Refusal::Header(
                "the token is of a type (typ) that is made for another purpose",
            ));
        }
        Ok(Self {
            alg: text("alg")?
                .ok_or(Refusal::Header("the token's header names no algorithm"))?
                .into(),
            kid: text("kid")?.map(Box::from),
        })
    }
}

/// Whether `typ` means a token that authenticates its bearer. What an issuer signs for another
/// purpose (a log-out, an event, a proof of possession) has a type of its own, so that it cannot
/// be passed off as this one (RFC 8725, section 3.11).
fn is_token(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    matches!(typ, "jwt" | "at+jwt")
}

/// Strictly: no padding, no white space, no other alphabet, no bits left over.
fn decode(part: &[u8]) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Refusal::Malformed("a part of the token is not base64url"))
}

#[cfg(test)]
mod tests;
