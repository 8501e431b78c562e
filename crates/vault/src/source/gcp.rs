//! Google Cloud Secret Manager:
//! <https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access>,
//! with the checksum of <https://cloud.google.com/secret-manager/docs/data-integrity>.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};
use ironward_core::{AuthScheme, Origin, Timeouts};
use ironward_egress::{BoxFuture, Dialler};
use ironward_secret::Secret;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::document::Document;
use super::{ANSWER_LIMIT, SecretSource, SourceError};
use crate::KekError;
use crate::checksum::Checksum;
use crate::rest::{Rest, TIMEOUTS};

/// The secrets of Google Cloud.
pub struct GcpSecrets {
    rest: Rest,
    token_file: PathBuf,
}

/// Who asks, and where.
pub struct GcpSecretSettings {
    /// A file with an OAuth access token for `cloud-platform`, read for every request: whoever
    /// renews it writes it there. The metadata service is never asked.
    pub token_file: PathBuf,
    /// Another address than `https://secretmanager.googleapis.com`, as that of a region.
    pub endpoint: Option<Origin>,
    /// How long an answer may take.
    pub timeouts: Timeouts,
}

impl GcpSecretSettings {
    /// These settings with Google's own address and the usual timeouts.
    #[must_use]
    pub const fn new(token_file: PathBuf) -> Self {
        Self {
            token_file,
            endpoint: None,
            timeouts: TIMEOUTS,
        }
    }
}

impl GcpSecrets {
    /// The secrets of these settings. Nothing is dialled yet. `dialler` has to check certificates.
    ///
    /// # Errors
    /// When the address is not safe.
    pub fn new(settings: GcpSecretSettings, dialler: Arc<Dialler>) -> Result<Self, SourceError> {
        let origin = match settings.endpoint {
            Some(endpoint) => endpoint,
            None => Origin::parse("https://secretmanager.googleapis.com")
                .map_err(|error| KekError::misconfigured(error.to_string()))?,
        };
        let title = "Google Cloud Secret Manager";
        let rest = Rest::new(title, origin, dialler, settings.timeouts)?;
        Ok(Self {
            rest: rest.answers_up_to(ANSWER_LIMIT),
            token_file: settings.token_file,
        })
    }

    async fn document(&self, name: &str) -> Result<Document, SourceError> {
        let token = Secret::from_file(&self.token_file).map_err(KekError::misconfigured)?;
        let version = if name.contains("/versions/") {
            ""
        } else {
            "/versions/latest"
        };
        let path = format!("/v1/{name}{version}:access");
        let secret = Some((AuthScheme::Bearer, token));
        let answer = self.rest.get(secret, path, HeaderMap::new()).await?;
        let (shown, status) = (self.rest.shown(), answer.status.as_u16());
        match answer.status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => {
                return Err(SourceError::denied(format!(
                    "{shown} answered {status}: the access token in {} is not valid or has expired",
                    self.token_file.display()
                )));
            }
            StatusCode::FORBIDDEN => {
                return Err(SourceError::denied(format!(
                    "{shown} answered {status}: grant roles/secretmanager.secretAccessor on {name}"
                )));
            }
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => {
                return Err(SourceError::missing(format!(
                    "{shown} answered {status}: the secret {name} is not there, disabled or \
                     destroyed"
                )));
            }
            other => return Err(self.rest.unexpected(other, "").into()),
        }
        let reply: Accessed<'_> = self.rest.read(&answer)?;
        let bytes = STANDARD.decode(reply.payload.data).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| self.rest.unreadable())?;
        let checksum = reply.payload.data_crc32c;
        if checksum.is_some_and(|checksum| checksum != Checksum::of(&bytes)) {
            return Err(self.rest.changed().into());
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| {
            SourceError::missing(format!("the secret {name} of {shown} is not text (UTF-8)"))
        })?;
        Ok(Document::of_text(Zeroizing::new(text.to_owned())))
    }
}

impl SecretSource for GcpSecrets {
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Document, SourceError>> {
        Box::pin(self.document(name))
    }
}

#[derive(Deserialize)]
struct Accessed<'a> {
    #[serde(borrow)]
    payload: Payload<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    data: &'a str,
    /// The reference calls it optional.
    data_crc32c: Option<Checksum>,
}
