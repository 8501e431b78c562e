//! Azure Key Vault.
//!
//! <https://learn.microsoft.com/en-us/rest/api/keyvault/keys/wrap-key/wrap-key>. Quirks:
//! - Its keys are RSA keys, and wrapping takes the public half: whoever knows that half and can
//!   write to the database could put a data key of his own there. So each wrapped key is signed
//!   with the same key, and the signature also binds the context, which `wrapkey` does not take.
//! - Values are URL-safe Base64 without padding.

use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::digest::{Context as Hasher, Digest, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http::{HeaderMap, StatusCode};
use ironward_core::{AuthScheme, Origin, Timeouts};
use ironward_egress::{BoxFuture, Dialler};
use ironward_secret::{DataKey, Secret};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::rest::{Answer, Question, Rest, TIMEOUTS, quoted, to_json};
use crate::{Context, Description, Kek, KekError, KekFailure};

/// An RSA key of Azure Key Vault. Its private half never leaves the service.
pub struct AzureKeyVaultKek {
    rest: Rest,
    settings: AzureKeyVaultSettings,
    description: Description,
}

/// Which key, and who asks.
pub struct AzureKeyVaultSettings {
    /// `https://NAME.vault.azure.net`.
    pub vault: Origin,
    /// The key's name.
    pub key: Box<str>,
    /// The key's version: under another one nothing would unwrap.
    pub version: Box<str>,
    /// A file with an access token for `https://vault.azure.net`, read for every request: whoever
    /// renews it writes it there. The metadata service is never asked.
    pub token_file: PathBuf,
    /// How long an answer may take.
    pub timeouts: Timeouts,
}

impl AzureKeyVaultSettings {
    /// These settings with the usual timeouts.
    #[must_use]
    pub fn new(vault: Origin, key: &str, version: &str, token_file: PathBuf) -> Self {
        Self {
            vault,
            key: key.into(),
            version: version.into(),
            token_file,
            timeouts: TIMEOUTS,
        }
    }
}

impl AzureKeyVaultKek {
    /// The key of these settings. Nothing is dialled yet. `dialler` has to check certificates.
    ///
    /// # Errors
    /// When a name is none of Key Vault's, or the address is not safe.
    pub fn new(settings: AzureKeyVaultSettings, dialler: Arc<Dialler>) -> Result<Self, KekError> {
        let AzureKeyVaultSettings { key, version, .. } = &settings;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        for name in [key, version] {
            if name.is_empty() || !name.bytes().all(is_plain) {
                return Err(KekError::misconfigured(format!(
                    "{name:?} is no name or version of a key in Azure Key Vault; write letters, \
                     digits and '-'"
                )));
            }
        }
        let origin = settings.vault.clone();
        let rest = Rest::new("Azure Key Vault", origin, dialler, settings.timeouts)?;
        let description = Description {
            backend: "azure-keyvault",
            key: format!("{key}/{version}").into(),
            place: rest.shown().into(),
            warning: None,
        };
        Ok(Self {
            rest,
            settings,
            description,
        })
    }

    async fn seal(&self, key: &DataKey, context: Context) -> Result<Vec<u8>, KekError> {
        let value = Zeroizing::new(BASE64.encode(key.expose().bytes()));
        let body = to_json(&Wrapping {
            alg: "RSA-OAEP-256",
            value: &value,
        })?;
        let wrapped = self.bytes(&self.ask("wrapkey", body).await?)?;
        let body = to_json(&Wrapping {
            alg: "PS256",
            value: &BASE64.encode(digest(context, &wrapped)),
        })?;
        let signature = self.bytes(&self.ask("sign", body).await?)?;
        join(&wrapped, &signature).ok_or_else(|| self.rest.unreadable())
    }

    async fn open(&self, stored: &[u8], context: Context) -> Result<DataKey, KekError> {
        let (wrapped, signature) = split(stored).ok_or_else(|| self.refused("not two parts"))?;
        let body = to_json(&Verifying {
            alg: "PS256",
            digest: &BASE64.encode(digest(context, wrapped)),
            value: &BASE64.encode(signature),
        })?;
        let answer = self.ask("verify", body).await?;
        let verdict: Verdict = self.rest.read(&answer)?;
        if !verdict.value {
            return Err(self.refused("its signature is wrong"));
        }
        let body = to_json(&Wrapping {
            alg: "RSA-OAEP-256",
            value: &BASE64.encode(wrapped),
        })?;
        let bytes = Zeroizing::new(self.bytes(&self.ask("unwrapkey", body).await?)?);
        DataKey::from_bytes(&bytes).ok_or_else(|| self.refused("it is no data key"))
    }

    async fn ask(&self, verb: &str, body: Zeroizing<Vec<u8>>) -> Result<Answer, KekError> {
        let token = Secret::from_file(&self.settings.token_file);
        let token = token.map_err(KekError::misconfigured)?;
        let AzureKeyVaultSettings { key, version, .. } = &self.settings;
        let question = Question {
            path: format!("/keys/{key}/{version}/{verb}?api-version=7.4"),
            headers: HeaderMap::new(),
            body,
        };
        let secret = Some((AuthScheme::Bearer, token));
        let answer = self.rest.post(secret, question).await?;
        if answer.status == StatusCode::OK {
            Ok(answer)
        } else {
            Err(self.explain(verb, &answer))
        }
    }

    /// Only the code is read of an error: its message may quote what was sent.
    fn explain(&self, verb: &str, answer: &Answer) -> KekError {
        let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
        let (key, shown) = (&self.description.key, self.rest.shown());
        let (status, said) = (answer.status.as_u16(), quoted(&refusal.error.code));
        let denied = |what: &str| {
            let message = format!("{shown} answered {status} {said}: {what}");
            KekError::new(KekFailure::Denied, message)
        };
        match answer.status {
            StatusCode::UNAUTHORIZED => denied(&format!(
                "the access token in {} is not valid or has expired",
                self.settings.token_file.display()
            )),
            StatusCode::FORBIDDEN => denied(&format!(
                "allow wrapKey, unwrapKey, sign and verify on the key {key}, and see that it is \
                 enabled"
            )),
            StatusCode::BAD_REQUEST if matches!(verb, "unwrapkey" | "verify") => {
                self.refused(&said)
            }
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => KekError::misconfigured(format!(
                "{shown} answered {status} {said}: the key {key} is not there, or no RSA key"
            )),
            other => self.rest.unexpected(other, &said),
        }
    }

    fn bytes(&self, answer: &Answer) -> Result<Vec<u8>, KekError> {
        let reply: Reply<'_> = self.rest.read(answer)?;
        BASE64
            .decode(reply.value)
            .map_err(|_| self.rest.unreadable())
    }

    fn refused(&self, said: &str) -> KekError {
        KekError::not_opened(&self.description.key, self.rest.shown(), said)
    }
}

impl Kek for AzureKeyVaultKek {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn wrap<'a>(
        &'a self,
        key: &'a DataKey,
        context: Context,
    ) -> BoxFuture<'a, Result<Vec<u8>, KekError>> {
        Box::pin(self.seal(key, context))
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: Context,
    ) -> BoxFuture<'a, Result<DataKey, KekError>> {
        Box::pin(self.open(wrapped, context))
    }
}

/// What is signed. Never change it: no data key that was wrapped with it would unwrap.
fn digest(context: Context, wrapped: &[u8]) -> Digest {
    let mut hasher = Hasher::new(&SHA256);
    // The text ends with a number and holds no zero byte.
    hasher.update(context.text().as_bytes());
    hasher.update(&[0]);
    hasher.update(wrapped);
    hasher.finish()
}

/// The length of the first part (2 bytes, big-endian), and both parts.
fn join(wrapped: &[u8], signature: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(wrapped.len()).ok()?;
    Some([&length.to_be_bytes(), wrapped, signature].concat())
}

fn split(stored: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = stored.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[derive(Serialize)]
struct Wrapping<'a> {
    alg: &'static str,
    value: &'a str,
}

#[derive(Serialize)]
struct Verifying<'a> {
    alg: &'static str,
    digest: &'a str,
    value: &'a str,
}

#[derive(Deserialize)]
struct Reply<'a> {
    value: &'a str,
}

#[derive(Deserialize)]
struct Verdict {
    value: bool,
}

#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    error: RefusalCode,
}

#[derive(Deserialize, Default)]
struct RefusalCode {
    #[serde(default)]
    code: String,
}
