//! AWS Secrets Manager:
//! <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>.

use std::sync::Arc;

use http::StatusCode;
use ironward_core::{Clock, Origin, Timeouts};
use ironward_egress::{BoxFuture, Dialler};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::document::Document;
use super::{ANSWER_LIMIT, SecretSource, SourceError};
use crate::AwsAuth;
use crate::aws::{AwsService, Named};
use crate::rest::{TIMEOUTS, to_json};

/// The secrets of an account and region.
pub struct AwsSecrets(AwsService);

/// Which region, and who asks.
pub struct AwsSecretSettings {
    /// The region that is signed for.
    pub region: Box<str>,
    /// Who asks.
    pub auth: AwsAuth,
    /// Another address than `https://secretsmanager.REGION.amazonaws.com`.
    pub endpoint: Option<Origin>,
    /// How long an answer may take.
    pub timeouts: Timeouts,
}

impl AwsSecretSettings {
    /// These settings with the region's own address and the usual timeouts.
    #[must_use]
    pub fn new(region: &str, auth: AwsAuth) -> Self {
        Self {
            region: region.into(),
            auth,
            endpoint: None,
            timeouts: TIMEOUTS,
        }
    }
}

impl AwsSecrets {
    /// The secrets of these settings. Nothing is dialled yet. `dialler` has to check certificates.
    ///
    /// # Errors
    /// When the region is none, or the address is not safe.
    pub fn new(
        settings: AwsSecretSettings,
        dialler: Arc<Dialler>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SourceError> {
        let named = Named {
            title: "AWS Secrets Manager",
            id: "secretsmanager",
            region: settings.region,
            endpoint: settings.endpoint,
            timeouts: settings.timeouts,
        };
        let service = AwsService::new(named, settings.auth, dialler, clock)?;
        Ok(Self(service.answers_up_to(ANSWER_LIMIT)))
    }

    async fn document(&self, name: &str) -> Result<Document, SourceError> {
        let body = to_json(&Question { secret_id: name })?;
        let answer = self.0.ask("secretsmanager.GetSecretValue", body).await?;
        let shown = self.0.shown();
        if answer.status != StatusCode::OK {
            let kind = AwsService::kind(&answer);
            return Err(match kind.as_str() {
                "ResourceNotFoundException" => {
                    SourceError::missing(format!("{shown} has no secret {name} in this region"))
                }
                "InvalidRequestException" => SourceError::missing(format!(
                    "{shown} answered {kind}: the secret {name} is about to be deleted"
                )),
                "AccessDeniedException" | "DecryptionFailure" => SourceError::denied(format!(
                    "{shown} answered {kind}: allow secretsmanager:GetSecretValue on {name}, and \
                     kms:Decrypt on its key, to whoever the gateway runs as"
                )),
                _ => self.0.refusal(&answer, &kind).into(),
            });
        }
        let reply: Answered = self.0.read(&answer)?;
        let text = reply.secret_string.ok_or_else(|| {
            SourceError::missing(format!("the secret {name} of {shown} is binary, not text"))
        })?;
        Ok(Document::of_text(text))
    }
}

impl SecretSource for AwsSecrets {
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Document, SourceError>> {
        Box::pin(self.document(name))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Question<'a> {
    secret_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answered {
    #[serde(default, deserialize_with = "super::document::wiped")]
    secret_string: Option<Zeroizing<String>>,
}
