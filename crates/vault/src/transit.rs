//! `HashiCorp` Vault's transit engine, and `OpenBao`'s.
//!
//! <https://developer.hashicorp.com/vault/api-docs/secret/transit>. Quirks:
//! - Encrypting under a key that does not exist makes it, if the token may.
//! - A key that was made with `derived=true` wants a `context`; any other key ignores it.
//! - A sealed or standby server answers 503 or 473, or redirects (which egress does not follow).

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ironward_core::{AuthScheme, Origin, Timeouts};
use ironward_egress::{BoxFuture, Dialler};
use ironward_secret::{DataKey, Secret};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::rest::{Answer, Question, Rest, TIMEOUTS, quoted, to_json};
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
    pub auth: TransitAuth,
    /// How long an answer may take.
    pub timeouts: Timeouts,
}

/// How the gateway proves who it is.
pub enum TransitAuth {
    /// A token that was given once.
    Token(Secret),
    /// A token in a file, read for every request: whoever renews it writes it there.
    TokenFile(PathBuf),
    /// An `AppRole`, with which the gateway logs in for every request.
    AppRole {
        /// Where the method is mounted; usually `approle`.
        mount: Box<str>,
        /// The role's id, which is no secret.
        role_id: Box<str>,
        /// The file of the secret id.
        secret_id: PathBuf,
    },
}

impl TransitSettings {
    /// These settings with the usual mount and timeouts.
    #[must_use]
    pub fn new(address: Origin, key: &str, auth: TransitAuth) -> Self {
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
            ..
        } = &settings;
        let mut names = vec![mount, key];
        if let TransitAuth::AppRole { mount, .. } = &settings.auth {
            names.push(mount);
        }
        if let Some(name) = names.into_iter().find(|name| !is_path(name)) {
            return Err(KekError::misconfigured(format!(
                "{name:?} cannot be part of a Vault path; write letters, digits, '-', '_' and '.'"
            )));
        }
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
        let token = self.token().await?;
        let TransitSettings { mount, key, .. } = &self.settings;
        let question = Question {
            path: format!("/v1/{mount}/{verb}/{key}"),
            headers: self.headers()?,
            body,
        };
        let scheme = AuthScheme::Header(HeaderName::from_static("x-vault-token"));
        let answer = self.rest.post(Some((scheme, token)), question).await?;
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

    async fn token(&self) -> Result<Secret, KekError> {
        match &self.settings.auth {
            // Egress takes a secret to keep; this one is kept here too.
            TransitAuth::Token(token) => Ok(Secret::exact(token.expose().bytes())),
            TransitAuth::TokenFile(path) => {
                Secret::from_file(path).map_err(KekError::misconfigured)
            }
            TransitAuth::AppRole {
                mount,
                role_id,
                secret_id,
            } => {
                let secret_id = Secret::from_file(secret_id).map_err(KekError::misconfigured)?;
                self.log_in(mount, role_id, &secret_id).await
            }
        }
    }

    async fn log_in(
        &self,
        mount: &str,
        role_id: &str,
        secret_id: &Secret,
    ) -> Result<Secret, KekError> {
        let body = {
            let exposed = secret_id.expose();
            let secret_id = std::str::from_utf8(exposed.bytes())
                .map_err(|_| KekError::misconfigured("the AppRole's secret id is not text"))?;
            to_json(&Login { role_id, secret_id })?
        };
        let question = Question {
            path: format!("/v1/auth/{mount}/login"),
            headers: self.headers()?,
            body,
        };
        let answer = self.rest.post(None, question).await?;
        match answer.status {
            StatusCode::OK => {
                let reply: LoggedIn<'_> = self.rest.read(&answer)?;
                Ok(Secret::new(reply.auth.client_token))
            }
            StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN => Err(KekError::new(
                KekFailure::Denied,
                format!(
                    "{} refuses the AppRole login at auth/{mount}: check the role id and the \
                     secret id",
                    self.rest.shown()
                ),
            )),
            status => Err(self.rest.unexpected(status, "")),
        }
    }

    fn headers(&self) -> Result<HeaderMap, KekError> {
        let mut headers = HeaderMap::new();
        // Asks a Vault agent or proxy in between whether it is meant.
        headers.insert("x-vault-request", HeaderValue::from_static("true"));
        if let Some(namespace) = &self.settings.namespace {
            let value = HeaderValue::from_str(namespace)
                .map_err(|_| KekError::misconfigured("the namespace cannot be sent in a header"))?;
            headers.insert("x-vault-namespace", value);
        }
        Ok(headers)
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

/// The first error that the service names.
fn said(answer: &Answer) -> String {
    let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
    refusal
        .errors
        .first()
        .map_or_else(String::new, |text| quoted(text))
}

/// Whether `name` can stand in a path as it is: a mount may have several segments.
fn is_path(name: &str) -> bool {
    name.split('/').all(|segment| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(is_plain)
    })
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

#[derive(Serialize)]
struct Login<'a> {
    role_id: &'a str,
    secret_id: &'a str,
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

#[derive(Deserialize)]
struct LoggedIn<'a> {
    #[serde(borrow)]
    auth: Issued<'a>,
}

#[derive(Deserialize)]
struct Issued<'a> {
    client_token: &'a str,
}

#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    errors: Vec<String>,
}
