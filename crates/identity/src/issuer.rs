//! One issuer: what the operator wrote about it, and its keys at the moment.

use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwapOption;
use ironward_config::{Algorithm, Issuer};
use tokio::sync::Notify;

use crate::Refusal;
use crate::key_set::KeySet;
use crate::token::Token;
use crate::validity::{Validity, is_for};

/// An issuer whose tokens are taken.
#[derive(Debug)]
pub(crate) struct Trusted {
    pub(crate) written: Issuer,
    pub(crate) name: Arc<str>,
    keys: ArcSwapOption<KeySet>,
    /// Told when a token names a key that is not there. It remembers one call, however many there
    /// were, so a flood of such tokens costs no memory and asks for one fetch.
    pub(crate) missed: Notify,
}

/// That a token is its issuer's, and what it was verified with.
pub(crate) struct Verified {
    pub(crate) validity: Validity,
    pub(crate) fingerprint: [u8; 32],
}

impl Trusted {
    pub(crate) fn new(written: Issuer) -> Self {
        Self {
            name: written.issuer.as_str().into(),
            written,
            keys: ArcSwapOption::empty(),
            missed: Notify::new(),
        }
    }

    /// Puts newly fetched keys in force.
    pub(crate) fn replace_keys(&self, keys: KeySet) {
        self.keys.store(Some(Arc::new(keys)));
    }

    /// The keys in force, while they may be used.
    pub(crate) fn keys(&self, now: SystemTime) -> Result<Arc<KeySet>, Refusal> {
        self.keys
            .load_full()
            .filter(|keys| keys.is_good(now))
            .ok_or_else(|| Refusal::NoKeys(self.written.issuer.as_str().into()))
    }

    /// The keys in force, however old.
    pub(crate) fn last_keys(&self) -> Option<Arc<KeySet>> {
        self.keys.load_full()
    }

    /// Verifies a token that says to be of this issuer: signature first, then what it says.
    pub(crate) fn verify(&self, token: &Token<'_>, now: SystemTime) -> Result<Verified, Refusal> {
        let issuer = || self.written.issuer.as_str().into();
        let algorithm = Algorithm::of(&token.header.alg)
            .filter(|algorithm| self.written.algorithms.contains(algorithm))
            .ok_or_else(|| Refusal::Algorithm(issuer()))?;
        let keys = self.keys(now)?;
        let Some(key) = keys.find(token.header.kid.as_deref(), algorithm) else {
            self.missed.notify_one();
            return Err(Refusal::UnknownKey(issuer()));
        };
        if !key.verifies(algorithm, token.signed, &token.signature) {
            return Err(Refusal::Signature(issuer()));
        }
        if !is_for(&token.claims, &self.written.audiences) {
            return Err(Refusal::Audience(issuer()));
        }
        // Such a token is good only together with a proof (RFC 7800), which nobody asked for here.
        if token.claims.top("cnf").is_some() {
            return Err(Refusal::Claim(
                issuer(),
                "is bound to a key or a certificate (cnf), which a bearer token is not",
            ));
        }
        let validity = Validity::of(&token.claims, &self.written.issuer)?;
        validity.check(now, &self.written.issuer)?;
        Ok(Verified {
            validity,
            fingerprint: keys.fingerprint,
        })
    }
}
