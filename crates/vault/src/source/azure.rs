//! The secrets of Azure Key Vault:
//! <https://learn.microsoft.com/en-us/rest/api/keyvault/secrets/get-secret/get-secret>.

use std::path::PathBuf;
use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use ironward_core::{AuthScheme, Origin, Timeouts};
use ironward_egress::{BoxFuture, Dialler};
use ironward_secret::Secret;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::document::Document;
use super::{ANSWER_LIMIT, SecretSource, SourceError};
use crate::KekError;
use crate::rest::{Rest, TIMEOUTS};

/// The secrets of one vault.
pub struct AzureSecrets {
    rest: Rest,
    token_file: PathBuf,
}

/// Which vault, and who asks.
pub struct AzureSecretSettings {
    /// `https://NAME.vault.azure.net`.
    pub vault: Origin,
    /// A file with an access token for `https://vault.azure.net`, read for every request: whoever
    /// renews it writes it there. The metadata service is never asked.
    pub token_file: PathBuf,
    /// How long an answer may take.
    pub timeouts: Timeouts,
}

impl AzureSecretSettings {
    /// These settings with the usual timeouts.
    #[must_use]
    pub const fn new(vault: Origin, token_file: PathBuf) -> Self {
        Self {
            vault,
            token_file,
            timeouts: TIMEOUTS,
        }
    }
}

impl AzureSecrets {
    /// The secrets of these settings. Nothing is dialled yet. `dialler` has to check certificates.
    ///
    /// # Errors
    /// When the address is not safe.
    pub fn new(settings: AzureSecretSettings, dialler: Arc<Dialler>) -> Result<Self, SourceError> {
        let AzureSecretSettings {
            vault,
            token_file,
            timeouts,
        } = settings;
        let rest = Rest::new("Azure Key Vault", vault, dialler, timeouts)?;
        Ok(Self {
            rest: rest.answers_up_to(ANSWER_LIMIT),
            token_file,
        })
    }

    async fn document(&self, name: &str) -> Result<Document, SourceError> {
        let token = Secret::from_file(&self.token_file).map_err(KekError::misconfigured)?;
        let path = format!("/secrets/{name}?api-version=7.4");
        let secret = Some((AuthScheme::Bearer, token));
        let answer = self.rest.get(secret, path, HeaderMap::new()).await?;
        let (shown, status) = (self.rest.shown(), answer.status.as_u16());
        match answer.status {
            StatusCode::OK => {
                let reply: Bundle = self.rest.read(&answer)?;
                Ok(Document::of_text(reply.value))
            }
            StatusCode::UNAUTHORIZED => Err(SourceError::denied(format!(
                "{shown} answered {status}: the access token in {} is not valid or has expired",
                self.token_file.display()
            ))),
            StatusCode::FORBIDDEN => Err(SourceError::denied(format!(
                "{shown} answered {status}: allow `get` on the secret {name}, and see that it is \
                 enabled"
            ))),
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => Err(SourceError::missing(format!(
                "{shown} answered {status}: it has no secret {name}"
            ))),
            other => Err(self.rest.unexpected(other, "").into()),
        }
    }
}

impl SecretSource for AzureSecrets {
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Document, SourceError>> {
        Box::pin(self.document(name))
    }
}

#[derive(Deserialize)]
struct Bundle {
    #[serde(deserialize_with = "super::document::wiped_text")]
    value: Zeroizing<String>,
}
