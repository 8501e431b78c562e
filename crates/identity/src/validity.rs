//! When a token holds.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::{Claims, Refusal};

/// How far the clocks of an issuer and of this machine may be apart.
pub(crate) const LEEWAY: Duration = Duration::from_secs(60);

/// The times of a token, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    expires: u64,
    not_before: u64,
}

impl Validity {
    /// Reads `exp`, which has to be there, and `nbf` and `iat`. They are whole numbers: every
    /// issuer writes them so, and a fraction or a text is read differently by different readers.
    pub(crate) fn of(claims: &Claims, issuer: &str) -> Result<Self, Refusal> {
        let refuse = |what| Refusal::Claim(issuer.into(), what);
        let read = |name: &str, what| match claims.top(name) {
            None => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(|| refuse(what)),
        };
        let expires = read("exp", "has an expiry (exp) that is no whole number")?
            .ok_or_else(|| refuse("has no expiry (exp)"))?;
        let not_before = read("nbf", "has a beginning (nbf) that is no whole number")?;
        let issued = read("iat", "has a time of issue (iat) that is no whole number")?;
        let begins = not_before.max(issued).unwrap_or(0);
        if begins > expires {
            return Err(refuse("ends before it begins"));
        }
        Ok(Self {
            expires,
            not_before: begins,
        })
    }

    /// Whether a token with these times holds at `now`, give or take the leeway.
    pub(crate) fn check(self, now: SystemTime, issuer: &str) -> Result<(), Refusal> {
        let now = seconds(now);
        if now >= self.expires.saturating_add(LEEWAY.as_secs()) {
            return Err(Refusal::Expired(issuer.into()));
        }
        if now.saturating_add(LEEWAY.as_secs()) < self.not_before {
            return Err(Refusal::NotYet(issuer.into()));
        }
        Ok(())
    }

    /// Whether it is over, to the second.
    pub(crate) fn is_over(self, now: SystemTime) -> bool {
        seconds(now) >= self.expires
    }

    /// The seconds at which it is over.
    pub(crate) fn expires(self) -> u64 {
        self.expires
    }

    /// When it is over. A time beyond what the machine can express is as late as it can.
    pub(crate) fn end(self) -> SystemTime {
        let far = Duration::from_secs(u64::from(u32::MAX) * 64);
        let end = Duration::from_secs(self.expires).min(far);
        SystemTime::UNIX_EPOCH + end
    }
}

/// `now` in seconds since 1970.
fn seconds(now: SystemTime) -> u64 {
    now.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |passed| passed.as_secs())
}

/// Whether `aud` names one of `audiences`.
pub(crate) fn is_for(claims: &Claims, audiences: &[String]) -> bool {
    let is_ours = |value: &Value| {
        value
            .as_str()
            .is_some_and(|name| audiences.iter().any(|audience| audience == name))
    };
    match claims.top("aud") {
        Some(Value::Array(names)) => {
            names.iter().all(Value::is_string) && names.iter().any(is_ours)
        }
        Some(value) => is_ours(value),
        None => false,
    }
}

#[cfg(test)]
mod tests;
