use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ironward_core::{Clock, Origin, Timeouts};
use ironward_egress::{BoxFuture, Dialler};
use ironward_secret::DataKey;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::sigv4::{Scope, Signed, authorization, stamp};
use super::{AwsAuth, AwsKeys};
use crate::rest::{Answer, Question, Rest, TIMEOUTS, quoted, to_json};
use crate::{Context, Description, Kek, KekError, KekFailure};

/// A symmetric key of AWS KMS. It never leaves the service.
///
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>. The context of a wrapped
/// key is its encryption context, so it shows in `CloudTrail`.
pub struct AwsKmsKek {
    rest: Rest,
    settings: AwsKmsSettings,
    description: Description,
    clock: Arc<dyn Clock>,
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
        let region = &*settings.region;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if region.is_empty() || !region.bytes().all(is_plain) {
            let message =
                format!("{region:?} is not an AWS region; write one such as eu-central-1");
            return Err(KekError::misconfigured(message));
        }
        let origin = match &settings.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => Origin::parse(&own_address(region))
                .map_err(|error| KekError::misconfigured(format!("{region}: {error}")))?,
        };
        let rest = Rest::new("AWS KMS", origin, dialler, settings.timeouts)?;
        let description = Description {
            backend: "aws-kms",
            key: settings.key.clone(),
            place: rest.shown().into(),
            warning: None,
        };
        Ok(Self {
            rest,
            settings,
            description,
            clock,
        })
    }

    async fn encrypt(&self, key: &DataKey, context: Context) -> Result<Vec<u8>, KekError> {
        let plaintext = Zeroizing::new(STANDARD.encode(key.expose().bytes()));
        let body = to_json(&Encrypt {
            key_id: &self.settings.key,
            plaintext: &plaintext,
            encryption_context: EncryptionContext::of(&context.version.to_string()),
        })?;
        let answer = self.ask("TrentService.Encrypt", body).await?;
        let reply: Ciphertext<'_> = self.rest.read(&answer)?;
        STANDARD
            .decode(reply.ciphertext_blob)
            .map_err(|_| self.rest.unreadable())
    }

    async fn decrypt(&self, wrapped: &[u8], context: Context) -> Result<DataKey, KekError> {
        let body = to_json(&Decrypt {
            key_id: &self.settings.key,
            ciphertext_blob: &STANDARD.encode(wrapped),
            encryption_context: EncryptionContext::of(&context.version.to_string()),
        })?;
        let answer = self.ask("TrentService.Decrypt", body).await?;
        let reply: Plaintext<'_> = self.rest.read(&answer)?;
        let bytes = STANDARD.decode(reply.plaintext).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| self.rest.unreadable())?;
        DataKey::from_bytes(&bytes).ok_or_else(|| self.refused("it is no data key"))
    }

    async fn ask(&self, target: &str, body: Zeroizing<Vec<u8>>) -> Result<Answer, KekError> {
        let headers = self
            .settings
            .auth
            .with(|keys| self.sign(keys, target, &body))?;
        let path = "/".to_owned();
        let question = Question {
            path,
            headers,
            body,
        };
        let answer = self.rest.post(None, question).await?;
        if answer.status == StatusCode::OK {
            Ok(answer)
        } else {
            Err(self.explain(&answer))
        }
    }

    fn sign(&self, keys: &AwsKeys, target: &str, body: &[u8]) -> Result<HeaderMap, KekError> {
        let (host, at) = (self.rest.host(), stamp(self.clock.wall()));
        let session = keys.session.as_ref().map(|token| token.expose());
        let session = match &session {
            Some(token) => std::str::from_utf8(token.bytes()).map_err(|_| unsendable())?,
            None => "",
        };
        let mut signed = vec![("content-type", JSON), ("host", &host), ("x-amz-date", &at)];
        if !session.is_empty() {
            signed.push(("x-amz-security-token", session));
        }
        signed.push(("x-amz-target", target));
        let request = Signed {
            method: "POST",
            path: "/",
            query: "",
            headers: &signed,
            body,
        };
        let scope = Scope {
            region: &self.settings.region,
            service: "kms",
            at: &at,
        };
        let authorization = authorization(keys, &scope, &request);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, header(&authorization)?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        for (name, value) in [("x-amz-date", &*at), ("x-amz-target", target)] {
            headers.insert(HeaderName::from_static(name), header(value)?);
        }
        if let Some(token) = &keys.session {
            let value = token.header("").map_err(|_| unsendable())?;
            headers.insert("x-amz-security-token", value);
        }
        Ok(headers)
    }

    /// What an error means: <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>.
    /// Only its type is read: the message may quote what was sent.
    fn explain(&self, answer: &Answer) -> KekError {
        let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
        let kind = refusal.kind.rsplit('#').next().unwrap_or_default();
        let (kind, key, shown) = (quoted(kind), &self.settings.key, self.rest.shown());
        let denied = |what: &str| {
            let status = answer.status.as_u16();
            let message = format!("{shown} answered {status} {kind}: {what}");
            KekError::new(KekFailure::Denied, message)
        };
        match kind.as_str() {
            "InvalidCiphertextException" | "IncorrectKeyException" => self.refused(&kind),
            "AccessDeniedException" => denied(&format!(
                "allow kms:Encrypt and kms:Decrypt on {key} to whoever the gateway runs as"
            )),
            "ExpiredTokenException" | "ExpiredToken" => denied("the session token has expired"),
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken" => {
                denied("check the access key, and this machine's clock")
            }
            "NotFoundException"
            | "DisabledException"
            | "KMSInvalidStateException"
            | "InvalidKeyUsageException" => KekError::misconfigured(format!(
                "{shown} answered {kind}: the key {key} is not there, disabled, about to be \
                 deleted, or no symmetric key"
            )),
            _ if answer.status == StatusCode::FORBIDDEN => {
                denied("check the access key, its policy, and this machine's clock")
            }
            _ => self.rest.unexpected(answer.status, &kind),
        }
    }

    fn refused(&self, said: &str) -> KekError {
        KekError::refused(format!(
            "the key {} of {} does not open it ({said}): the stored data key was changed, or was \
             wrapped by another key",
            self.settings.key,
            self.rest.shown()
        ))
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

const JSON: &str = "application/x-amz-json-1.1";

/// The region's address; China has a domain of its own.
fn own_address(region: &str) -> String {
    let domain = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("https://kms.{region}.{domain}")
}

fn header(value: &str) -> Result<HeaderValue, KekError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| unsendable())?;
    value.set_sensitive(true);
    Ok(value)
}

fn unsendable() -> KekError {
    KekError::misconfigured("an AWS key holds characters that a header cannot carry")
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

#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(rename = "__type", default)]
    kind: String,
}

#[cfg(test)]
mod tests {
    use super::own_address;

    #[test]
    fn regions_have_addresses() {
        assert_eq!(
            own_address("eu-central-1"),
            "https://kms.eu-central-1.amazonaws.com"
        );
        assert!(own_address("cn-north-1").ends_with(".com.cn"));
    }
}
