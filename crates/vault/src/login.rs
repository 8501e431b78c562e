//! How a gateway proves to `HashiCorp` Vault, or `OpenBao`, who it is.

use std::path::PathBuf;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ironward_core::AuthScheme;
use ironward_secret::Secret;
use serde::{Deserialize, Serialize};

use crate::rest::{Answer, Question, Rest, quoted, to_json};
use crate::{KekError, KekFailure};

/// Who asks Vault.
pub enum VaultLogin {
    /// A token that was given once.
    Token(Secret),
    /// A token in a file, read for every request: whoever renews it writes it there.
    TokenFile(PathBuf),
    /// An `AppRole`, with which the gateway logs in.
    AppRole {
        /// Where the method is mounted; usually `approle`.
        mount: Box<str>,
        /// The role's id, which is no secret.
        role_id: Box<str>,
        /// The file of the secret id.
        secret_id: PathBuf,
    },
}

impl VaultLogin {
    /// Refuses a name that cannot be part of a path.
    pub(crate) fn check(&self) -> Result<(), KekError> {
        match self {
            Self::AppRole { mount, .. } => check_path(mount),
            Self::Token(_) | Self::TokenFile(_) => Ok(()),
        }
    }

    /// A token to ask with.
    pub(crate) async fn token(
        &self,
        rest: &Rest,
        namespace: Option<&str>,
    ) -> Result<Secret, KekError> {
        match self {
            Self::Token(token) => Ok(copy(token)),
            Self::TokenFile(path) => Secret::from_file(path).map_err(KekError::misconfigured),
            Self::AppRole {
                mount,
                role_id,
                secret_id,
            } => {
                let secret_id = Secret::from_file(secret_id).map_err(KekError::misconfigured)?;
                let body = {
                    let exposed = secret_id.expose();
                    let secret_id = std::str::from_utf8(exposed.bytes()).map_err(|_| {
                        KekError::misconfigured("the AppRole's secret id is not text")
                    })?;
                    to_json(&Credentials { role_id, secret_id })?
                };
                let question = Question {
                    path: format!("/v1/auth/{mount}/login"),
                    headers: headers(namespace)?,
                    body,
                };
                issued(rest, mount, &rest.post(None, question).await?)
            }
        }
    }
}

fn issued(rest: &Rest, mount: &str, answer: &Answer) -> Result<Secret, KekError> {
    match answer.status {
        StatusCode::OK => {
            let reply: LoggedIn<'_> = rest.read(answer)?;
            Ok(Secret::new(reply.auth.client_token))
        }
        StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN => Err(KekError::new(
            KekFailure::Denied,
            format!(
                "{} refuses the AppRole login at auth/{mount}: check the role id and the secret id",
                rest.shown()
            ),
        )),
        status => Err(rest.unexpected(status, "")),
    }
}

/// Egress takes a secret to keep; who asks keeps this one too.
pub(crate) fn copy(token: &Secret) -> Secret {
    Secret::exact(token.expose().bytes())
}

/// How a token is presented.
pub(crate) const fn scheme() -> AuthScheme {
    AuthScheme::Header(HeaderName::from_static("x-vault-token"))
}

/// What every request carries.
pub(crate) fn headers(namespace: Option<&str>) -> Result<HeaderMap, KekError> {
    let mut headers = HeaderMap::new();
    // Asks a Vault agent or proxy in between whether it is meant.
    headers.insert("x-vault-request", HeaderValue::from_static("true"));
    if let Some(namespace) = namespace {
        let value = HeaderValue::from_str(namespace)
            .map_err(|_| KekError::misconfigured("the namespace cannot be sent in a header"))?;
        headers.insert("x-vault-namespace", value);
    }
    Ok(headers)
}

/// The first error that the service names.
pub(crate) fn said(answer: &Answer) -> String {
    let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
    refusal
        .errors
        .first()
        .map_or_else(String::new, |text| quoted(text))
}

/// Refuses what cannot stand in a path as it is: a mount may have several segments.
pub(crate) fn check_path(name: &str) -> Result<(), KekError> {
    let mut segments = name.split('/');
    let is_path = segments.all(|segment| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(is_plain)
    });
    if is_path {
        return Ok(());
    }
    Err(KekError::misconfigured(format!(
        "{name:?} cannot be part of a Vault path; write letters, digits, '-', '_' and '.'"
    )))
}

#[derive(Serialize)]
struct Credentials<'a> {
    role_id: &'a str,
    secret_id: &'a str,
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
