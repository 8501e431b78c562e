//! What the issuer says of who has logged in (`OpenID` Connect Core 1.0, section 3.1.3.7).

use std::time::SystemTime;

use ironward_config::Issuer;
use serde_json::Value;

use super::LoginFailed;
use crate::identities::subject;
use crate::issuer::Trusted;
use crate::key_set::KeySet;
use crate::token::Token;
use crate::{Claims, Identity, Refusal};

/// What a token of this login has to say.
pub(super) struct IdToken<'a> {
    pub(super) settings: &'a Issuer,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
}

impl IdToken<'_> {
    /// Verifies a token with the keys that its issuer has now.
    pub(super) fn verify(
        &self,
        bytes: &[u8],
        keys: KeySet,
        now: SystemTime,
    ) -> Result<Identity, LoginFailed> {
        let token = Token::parse(bytes).map_err(|refusal| self.told(&refusal))?;
        if token.claims.top("iss").and_then(Value::as_str) != Some(&self.settings.issuer) {
            return Err(self.refused("is of another issuer"));
        }
        let issuer = Trusted::new(self.settings.clone());
        issuer.replace_keys(keys);
        let verified = issuer.verify(&token, now);
        let verified = verified.map_err(|refusal| self.told(&refusal))?;
        if token.claims.top("nonce").and_then(Value::as_str) != Some(self.nonce) {
            return Err(self.refused("was made for another login (nonce)"));
        }
        if !is_for_us_alone(&token.claims, self.client_id) {
            return Err(self.refused("was made for another client (azp)"));
        }
        let subject = subject(&token.claims);
        let subject = subject
            .ok_or_else(|| self.refused("has no subject (sub), or one that is no plain text"))?
            .into();
        Ok(Identity {
            issuer: issuer.name,
            subject,
            claims: token.claims,
            expires: verified.validity.end(),
        })
    }

    fn refused(&self, what: &str) -> LoginFailed {
        LoginFailed::Refused(format!("the token of {} {what}", self.settings.issuer))
    }

    /// A refusal in the words of the login's own keys.
    fn told(&self, refusal: &Refusal) -> LoginFailed {
        match refusal {
            Refusal::Audience(_) => self.refused(
                "is for another audience; compare ironward.login.client_id with what is registered \
                 there",
            ),
            Refusal::Algorithm(_) => self.refused(
                "is signed with an algorithm that it is not configured for; compare its header with \
                 ironward.login.algorithms",
            ),
            Refusal::UnknownKey(_) => self.refused("names a key that the issuer does not have"),
            other => LoginFailed::Refused(other.to_string()),
        }
    }
}

/// Whether the token was made for this client: where others may read it too, or a client is named,
/// the client has to be this one.
fn is_for_us_alone(claims: &Claims, client_id: &str) -> bool {
    let several = matches!(claims.top("aud"), Some(Value::Array(names)) if names.len() > 1);
    match claims.top("azp") {
        None => !several,
        Some(party) => party.as_str() == Some(client_id),
    }
}

#[cfg(test)]
mod tests;
