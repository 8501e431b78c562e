//! The keys of an issuer at a time.

use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use ironward_config::Algorithm;
use serde::Deserialize;
use serde_json::Value;

use crate::json::read_object;
use crate::key::{Jwk, VerifyingKey};

/// The most keys that an issuer may publish. Those that rotate often have about ten.
const MOST_KEYS: usize = 100;

/// For how long keys are good when no newer ones can be had.
const GOOD_FOR: Duration = Duration::from_secs(24 * 3600);

/// A key set that was fetched and read.
#[derive(Debug)]
pub(crate) struct KeySet {
    keys: Vec<VerifyingKey>,
    /// When it was fetched.
    pub(crate) fetched: SystemTime,
    /// A hash of the document: another one means other keys, so what was verified with this one
    /// has to be verified again.
    pub(crate) fingerprint: [u8; 32],
    /// The keys that are not used here, each with the reason.
    pub(crate) left_out: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a JSON Web Key Set. A key of a type that is not used here is left out (RFC 7517,
    /// section 5); a set of which none is left is refused.
    pub(crate) fn read(json: &[u8], fetched: SystemTime) -> Result<Self, String> {
        let Document { keys: listed } = read_object(json)
            .ok_or("it is not a JSON object with a list of keys, without duplicates")?;
        if listed.len() > MOST_KEYS {
            return Err(format!("it holds more than {MOST_KEYS} keys"));
        }
        let mut keys: Vec<VerifyingKey> = Vec::new();
        let mut left_out = Vec::new();
        for (index, value) in listed.into_iter().enumerate() {
            let read = serde_json::from_value::<Jwk>(value)
                .map_err(|_| "a part of it is missing or of another type")
                .and_then(|jwk| VerifyingKey::of(&jwk));
            match read {
                Ok(key) => keys.push(key),
                Err(reason) => left_out.push(format!("key {index}: {reason}")),
            }
        }
        if keys.is_empty() {
            return Err(match left_out.first() {
                Some(reason) => format!("it holds no key that can be used: {reason}"),
                None => "it holds no key".to_owned(),
            });
        }
        if let Some(kid) = twice(&keys) {
            return Err(format!("two of its keys have the id '{}'", shown(kid)));
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, json).as_ref());
        Ok(Self {
            keys,
            fetched,
            fingerprint,
            left_out,
        })
    }

    /// How many keys can be used.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it may be used at `now`.
    pub(crate) fn is_good(&self, now: SystemTime) -> bool {
        // A clock that was set back makes no key older.
        now.duration_since(self.fetched)
            .map_or(true, |age| age < GOOD_FOR)
    }

    /// The key that a token names. One that names none may only mean the single key that fits.
    pub(crate) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<&VerifyingKey> {
        let mut fitting = self.keys.iter().filter(|key| key.fits(algorithm));
        match kid {
            Some(kid) => fitting.find(|key| key.kid.as_deref() == Some(kid)),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        }
    }
}

/// An id that two keys have. Which of them a token means would be left to the order.
fn twice(keys: &[VerifyingKey]) -> Option<&str> {
    let mut ids: Vec<&str> = keys.iter().filter_map(|key| key.kid.as_deref()).collect();
    ids.sort_unstable();
    ids.windows(2).find_map(|pair| match *pair {
        [one, other] if one == other => Some(one),
        _ => None,
    })
}

/// Text of an issuer for the log.
fn shown(text: &str) -> String {
    text.chars()
        .take(64)
        .flat_map(char::escape_default)
        .collect()
}

#[cfg(test)]
mod tests;
