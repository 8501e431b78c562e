//! `HashiCorp` Vault's transit engine, and `OpenBao`'s.
//!
//! <https://developer.hashicorp.com/vault/api-docs/secret/transit>. Quirks:
//! - Encrypting under a key that does not exist makes it, if the token may.
//! - A key that was made with `derived=true` wants a `context`; any other key ignores it.
//! - A sealed or standby server answers 503 or 473, or redirects (which egress does not follow).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use ironward_core::{Origin, Timeouts};
use ironward_egress::{BoxFuture, Dialler};
use ironward_secret::DataKey;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::login::{VaultLogin, check_path, headers, said, scheme};
use crate::rest::{Answer, Question, Rest, TIMEOUTS, to_json};
use crate::{Context, Description, Kek, KekError, KekFailure};

/// A key of a transit engine. It never leaves the service.
pub struct TransitKek {
    rest: Rest,
    settings: TransitSettings,
    description: Description,
}

/// Which key, and who asks.
pub struct TransitSettings {
    /// Where the service is: `https://vault.example.com:8200`.
    pub address: Origin,
    /// Where the engine is mounted; usually `transit`.
    pub mount: Box<str>,
    /// The name of the key. Its type has to be one that takes associated data: `aes256-gcm96` (the
    /// default), `aes128-gcm96`, `chacha20-poly1305` or `xchacha20-poly1305`.
    pub key: Box<str>,
    /// The namespace, where there are any.
    pub namespace: Option<Box<str>>,
    /// Who asks.
    pub auth: VaultLogin,
    /// How long an answer may take.
    pub timeouts: Timeouts,
}

impl TransitSettings {
    /// These settings with the usual mount and timeouts.
    #[must_use]
    pub fn new(address: Origin, key: &str, auth: VaultLogin) -> Self {
        Self {
            address,
            mount: "transit".into(),
            key: key.into(),
            namespace: None,
            auth,
            timeouts: TIMEOUTS,
        }
    }
}

impl TransitKek {
    /// The key of these settings. Nothing is dialled yet. `dialler` has to check certificates.
    ///
    /// # Errors
    /// When the address is not safe, or a name cannot be part of a path.
    pub fn new(settings: TransitSettings, dialler: Arc<Dialler>) -> Result<Self, KekError> {
        let TransitSettings {
            address,
            mount,
            key,
            auth,
            ..
        } = &settings;
        check_path(mount)?;
        check_path(key)?;
        auth.check()?;
        let rest = Rest::new("Vault", address.clone(), dialler, settings.timeouts)?;
        let description = Description {
            backend: "vault-transit",
            key: format!("{mount}/{key}").into(),
            place: rest.shown().into(),
            warning: None,
        };
        Ok(Self {
            rest,
            settings,
            description,
        })
    }

    async fn encrypt(&self, key: &DataKey, context: Context) -> Result<Vec<u8>, KekError> {
        let plaintext = Zeroizing::new(STANDARD.encode(key.expose().bytes()));
        let bound = STANDARD.encode(context.text());
        let body = to_json(&Encrypt {
            plaintext: &plaintext,
            associated_data: &bound,
            context: &bound,
        })?;
        let answer = self.ask("encrypt", body).await?;
        let reply: Reply<Ciphertext> = self.rest.read(&answer)?;
        Ok(reply.data.ciphertext.into_bytes())
    }

    async fn decrypt(&self, wrapped: &[u8], context: Context) -> Result<DataKey, KekError> {
        let ciphertext = std::str::from_utf8(wrapped).map_err(|_| self.not_ours(""))?;
        let bound = STANDARD.encode(context.text());
        let body = to_json(&Decrypt {
            ciphertext,
            associated_data: &bound,
            context: &bound,
        })?;
        let answer = self.ask("decrypt", body).await?;
        let reply: Reply<Plaintext<'_>> = self.rest.read(&answer)?;
        let bytes = STANDARD.decode(reply.data.plaintext).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| self.rest.unreadable())?;
        DataKey::from_bytes(&bytes).ok_or_else(|| self.not_ours("it is no data key"))
    }

    async fn ask(&self, verb: &str, body: Zeroizing<Vec<u8>>) -> Result<Answer, KekError> {
        let TransitSettings {
            mount,
            key,
            namespace,
            auth,
            ..
        } = &self.settings;
        let namespace = namespace.as_deref();
        let token = auth.token(&self.rest, namespace).await?;
        let question = Question {
            path: format!("/v1/{mount}/{verb}/{key}"),
            headers: headers(namespace)?,
            body,
        };
        let answer = self.rest.post(Some((scheme(), token)), question).await?;
        match answer.status {
            StatusCode::OK => Ok(answer),
            // What it says to a plaintext is not for a log.
            StatusCode::BAD_REQUEST if verb == "decrypt" => Err(self.not_ours(&said(&answer))),
            StatusCode::FORBIDDEN => Err(KekError::new(
                KekFailure::Denied,
                format!(
                    "{} answered 403: the token is not valid, or its policy lacks `update` on \
                     {mount}/encrypt/{key} and {mount}/decrypt/{key}",
                    self.rest.shown()
                ),
            )),
            StatusCode::NOT_FOUND => Err(KekError::misconfigured(format!(
                "{} answered 404: there is no transit engine at {mount}/, or no key {key} in it",
                self.rest.shown()
            ))),
            status => Err(self.rest.unexpected(status, &said(&answer))),
        }
    }

    fn not_ours(&self, said: &str) -> KekError {
        let said = if said.is_empty() {
            String::new()
        } else {
            format!(" ({said})")
        };
        KekError::refused(format!(
            "the transit key {} of {} does not open it{said}: the stored data key was changed, or \
             was wrapped by another key",
            self.description.key,
            self.rest.shown()
        ))
    }
}

impl Kek for TransitKek {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn wrap<'a>(
        &'a self,
        key: &'a DataKey,
        context: Context,
    ) -> BoxFuture<'a, Result<Vec<u8>, KekError>> {
        Box::pin(self.encrypt(key, context))
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: Context,
    ) -> BoxFuture<'a, Result<DataKey, KekError>> {
        Box::pin(self.decrypt(wrapped, context))
    }
}

#[derive(Serialize)]
struct Encrypt<'a> {
    plaintext: &'a str,
    associated_data: &'a str,
    context: &'a str,
}

#[derive(Serialize)]
struct Decrypt<'a> {
    ciphertext: &'a str,
    associated_data: &'a str,
    context: &'a str,
}

#[derive(Deserialize)]
struct Reply<T> {
    data: T,
}

#[derive(Deserialize)]
struct Ciphertext {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Plaintext<'a> {
    plaintext: &'a str,
}
