use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use ironward_config::Issuer;
use serde_json::Value;

use crate::cache::{Cache, Entry, Fingerprint};
use crate::issuer::Trusted;
use crate::token::{MOST_BYTES, Token};
use crate::validity::{LEEWAY, is_for};
use crate::{Claims, Refusal};

/// Who a verified token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who vouches for it: exactly as configured.
    pub issuer: Arc<str>,
    /// Who it is, at that issuer.
    pub subject: Box<str>,
    /// Everything that the issuer says of it.
    pub claims: Claims,
    /// When the token is over, as its issuer has it.
    pub expires: SystemTime,
}

impl Identity {
    /// From when on the token is not taken any more: clocks may differ a little.
    #[must_use]
    pub fn until(&self) -> SystemTime {
        self.expires + LEEWAY
    }
}

/// The issuers in force: says who sent a token.
///
/// [`Identities::identify`] is for the data path: it waits for nothing and dials nobody. Keys come
/// from [`Refresher`](crate::Refresher), which runs beside it.
pub struct Identities {
    issuers: HashMap<Arc<str>, Arc<Trusted>>,
    cache: Cache,
}

impl Identities {
    /// The issuers of a configuration. Those that `before` has with the same settings keep their
    /// keys, so that a reload does not have to wait for anybody.
    #[must_use]
    pub fn new(issuers: &[Issuer], before: Option<&Self>) -> Arc<Self> {
        let issuers = issuers.iter().map(|written| {
            let known = before
                .and_then(|before| before.issuers.get(written.issuer.as_str()))
                .filter(|known| is_same(&known.written, written));
            let issuer = known.map_or_else(|| Arc::new(Trusted::new(written.clone())), Arc::clone);
            (Arc::clone(&issuer.name), issuer)
        });
        Arc::new(Self {
            issuers: issuers.collect(),
            cache: Cache::new(),
        })
    }

    /// Whether `bearer` has the look of a token rather than of a key: it starts with an encoded
    /// `{"` and has two dots.
    #[must_use]
    pub fn is_token(bearer: &[u8]) -> bool {
        bearer.starts_with(b"eyJ") && bearer.iter().filter(|byte| **byte == b'.').count() == 2
    }

    /// Who sent `bearer`.
    ///
    /// # Errors
    /// When it is no token, of no issuer that is configured, not signed by it, for somebody else,
    /// or not valid at `now`.
    pub fn identify(&self, bearer: &[u8], now: SystemTime) -> Result<Arc<Identity>, Refusal> {
        if bearer.len() > MOST_BYTES {
            return Err(Refusal::TooLarge);
        }
        let fingerprint = Fingerprint::of(bearer);
        if let Some(identity) = self.cache.find(fingerprint, now) {
            return Ok(identity);
        }
        let token = Token::parse(bearer)?;
        // Not believed yet: it only says whose keys to try.
        let issuer = token
            .claims
            .top("iss")
            .and_then(Value::as_str)
            .and_then(|issuer| self.issuers.get(issuer))
            .ok_or(Refusal::UnknownIssuer)?;
        let verified = issuer.verify(&token, now)?;
        let identity = Arc::new(Identity {
            issuer: Arc::clone(&issuer.name),
            subject: subject(&token.claims)
                .ok_or_else(|| {
                    Refusal::Claim(
                        issuer.written.issuer.as_str().into(),
                        "has no subject (sub), or one that is no plain text",
                    )
                })?
                .into(),
            claims: token.claims,
            expires: verified.validity.end(),
        });
        let entry = Entry {
            identity: Arc::clone(&identity),
            issuer: Arc::clone(issuer),
            validity: verified.validity,
            keys: verified.fingerprint,
        };
        self.cache.insert(fingerprint, entry, now);
        Ok(identity)
    }

    /// Whether a token that was verified earlier would still be its issuer's word: the issuer is
    /// configured, for one of the token's audiences.
    #[must_use]
    pub fn trusts(&self, identity: &Identity) -> bool {
        let issuer = self.issuers.get(&identity.issuer);
        issuer.is_some_and(|issuer| is_for(&identity.claims, &issuer.written.audiences))
    }

    /// How many verified tokens are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.cache.len()
    }

    /// Whether no token can ever be taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.issuers.is_empty()
    }

    pub(crate) fn issuers(&self) -> impl Iterator<Item = &Arc<Trusted>> {
        self.issuers.values()
    }
}

/// The subject stands in logs and records, so it has to be printable.
pub(crate) fn subject(claims: &Claims) -> Option<&str> {
    let subject = claims.top("sub")?.as_str()?;
    let is_plain = !subject.is_empty() && !subject.chars().any(char::is_control);
    is_plain.then_some(subject)
}

/// Whether two entries mean the same, wherever they are written.
fn is_same(one: &Issuer, other: &Issuer) -> bool {
    let other = Issuer {
        place: one.place.clone(),
        ..other.clone()
    };
    *one == other
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identities")
            .field("issuers", &self.issuers.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
