use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use ironward_core::{Clock, Origin, Timeouts};
use ironward_egress::{BoxFuture, Dialler};
use ironward_secret::DataKey;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{AwsAuth, AwsService, Named};
use crate::rest::{Answer, TIMEOUTS, to_json};
use crate::{Context, Description, Kek, KekError};

/// A symmetric key of AWS KMS. It never leaves the service.
///
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>. The context of a wrapped
/// key is its encryption context, so it shows in `CloudTrail`.
pub struct AwsKmsKek {
    service: AwsService,
    key: Box<str>,
    description: Description,
}

/// Which key, and who asks.
pub struct AwsKmsSettings {
    /// The region that is signed for.
    pub region: Box<str>,
    /// Key id, ARN, `alias/NAME` or ARN of an alias. An alias may be pointed at another key, under
    /// which nothing would unwrap: prefer the key's own ARN.
    pub key: Box<str>,
    /// Who asks.
    pub auth: AwsAuth,
    /// Another address than `https://kms.REGION.amazonaws.com`: of a VPC endpoint, FIPS, or a test.
    pub endpoint: Option<Origin>,
    /// How long an answer may take.
    pub timeouts: Timeouts,
}

impl AwsKmsSettings {
    /// These settings with the region's own address and the usual timeouts.
    #[must_use]
    pub fn new(region: &str, key: &str, auth: AwsAuth) -> Self {
        Self {
            region: region.into(),
            key: key.into(),
            auth,
            endpoint: None,
            timeouts: TIMEOUTS,
        }
    }
}

impl AwsKmsKek {
    /// The key of these settings. Nothing is dialled yet. `dialler` has to check certificates.
    ///
    /// # Errors
    /// When the region is none, or the address is not safe.
    pub fn new(
        settings: AwsKmsSettings,
        dialler: Arc<Dialler>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KekError> {
        let AwsKmsSettings {
            region,
            key,
            auth,
            endpoint,
            timeouts,
        } = settings;
        let named = Named {
            title: "AWS KMS",
            id: "kms",
            region,
            endpoint,
            timeouts,
        };
        let service = AwsService::new(named, auth, dialler, clock)?;
        let description = Description {
            backend: "aws-kms",
            key: key.clone(),
            place: service.shown().into(),
            warning: None,
        };
        Ok(Self {
            service,
            key,
            description,
        })
    }

    async fn encrypt(&self, key: &DataKey, context: Context) -> Result<Vec<u8>, KekError> {
        let plaintext = Zeroizing::new(STANDARD.encode(key.expose().bytes()));
        let body = to_json(&Encrypt {
            key_id: &self.key,
            plaintext: &plaintext,
            encryption_context: EncryptionContext::of(&context.version.to_string()),
        })?;
        let answer = self.ask("TrentService.Encrypt", body).await?;
        let reply: Ciphertext<'_> = self.service.read(&answer)?;
        STANDARD
            .decode(reply.ciphertext_blob)
            .map_err(|_| self.service.unreadable())
    }

    async fn decrypt(&self, wrapped: &[u8], context: Context) -> Result<DataKey, KekError> {
        let body = to_json(&Decrypt {
            key_id: &self.key,
            ciphertext_blob: &STANDARD.encode(wrapped),
            encryption_context: EncryptionContext::of(&context.version.to_string()),
        })?;
        let answer = self.ask("TrentService.Decrypt", body).await?;
        let reply: Plaintext<'_> = self.service.read(&answer)?;
        let bytes = STANDARD.decode(reply.plaintext).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| self.service.unreadable())?;
        DataKey::from_bytes(&bytes).ok_or_else(|| self.refused("it is no data key"))
    }

    async fn ask(&self, target: &str, body: Zeroizing<Vec<u8>>) -> Result<Answer, KekError> {
        let answer = self.service.ask(target, body).await?;
        if answer.status == StatusCode::OK {
            Ok(answer)
        } else {
            Err(self.explain(&answer))
        }
    }

    /// What an error means: <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>.
    /// Only its type is read: the message may quote what was sent.
    fn explain(&self, answer: &Answer) -> KekError {
        let kind = AwsService::kind(answer);
        let (key, shown) = (&self.key, self.service.shown());
        match kind.as_str() {
            "InvalidCiphertextException" | "IncorrectKeyException" => self.refused(&kind),
            "AccessDeniedException" => AwsService::denied(
                shown,
                answer,
                &format!(
                    "allow kms:Encrypt and kms:Decrypt on {key} to whoever the gateway runs as"
                ),
            ),
            "NotFoundException"
            | "DisabledException"
            | "KMSInvalidStateException"
            | "InvalidKeyUsageException" => KekError::misconfigured(format!(
                "{shown} answered {kind}: the key {key} is not there, disabled, about to be \
                 deleted, or no symmetric key"
            )),
            _ => self.service.refusal(answer, &kind),
        }
    }

    fn refused(&self, said: &str) -> KekError {
        KekError::not_opened(&self.key, self.service.shown(), said)
    }
}

impl Kek for AwsKmsKek {
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

/// What a wrapped key is bound to. Never change it.
#[derive(Serialize)]
struct EncryptionContext<'a> {
    #[serde(rename = "ironward:use")]
    purpose: &'static str,
    #[serde(rename = "ironward:version")]
    version: &'a str,
}

impl<'a> EncryptionContext<'a> {
    fn of(version: &'a str) -> Self {
        let purpose = "data-key";
        Self { purpose, version }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypt<'a> {
    key_id: &'a str,
    plaintext: &'a str,
    encryption_context: EncryptionContext<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypt<'a> {
    key_id: &'a str,
    ciphertext_blob: &'a str,
    encryption_context: EncryptionContext<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ciphertext<'a> {
    ciphertext_blob: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Plaintext<'a> {
    plaintext: &'a str,
}
