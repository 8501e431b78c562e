//! Google Cloud KMS.
//!
//! <https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys>:
//! `encrypt` and `decrypt` of a symmetric key, with the context as additional authenticated data and
//! the checksums of <https://cloud.google.com/kms/docs/data-integrity-guidelines>: a data key that was
//! wrapped wrongly would be lost with all that it seals.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};
use ironward_core::{AuthScheme, Origin, Timeouts};
use ironward_egress::{BoxFuture, Dialler};
use ironward_secret::{DataKey, Secret};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::checksum::Checksum;
use crate::rest::{Answer, Question, Rest, TIMEOUTS, quoted, to_json};
use crate::{Context, Description, Kek, KekError, KekFailure};

/// A symmetric key of Google Cloud KMS. It never leaves the service.
pub struct GcpKmsKek {
    rest: Rest,
    settings: GcpKmsSettings,
    description: Description,
}

/// Which key, and who asks.
pub struct GcpKmsSettings {
    /// `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
    pub key: Box<str>,
    /// A file with an OAuth access token for `cloudkms`, read for every request: whoever renews it
    /// writes it there. The metadata service is never asked.
    pub token_file: PathBuf,
    /// Another address than `https://cloudkms.googleapis.com`.
    pub endpoint: Option<Origin>,
    /// How long an answer may take.
    pub timeouts: Timeouts,
}

impl GcpKmsSettings {
    /// These settings with Google's own address and the usual timeouts.
    #[must_use]
    pub fn new(key: &str, token_file: PathBuf) -> Self {
        Self {
            key: key.into(),
            token_file,
            endpoint: None,
            timeouts: TIMEOUTS,
        }
    }
}

impl GcpKmsKek {
    /// The key of these settings. Nothing is dialled yet. `dialler` has to check certificates.
    ///
    /// # Errors
    /// When the key is not named in full, or the address is not safe.
    pub fn new(settings: GcpKmsSettings, dialler: Arc<Dialler>) -> Result<Self, KekError> {
        if !is_full_name(&settings.key) {
            return Err(KekError::misconfigured(format!(
                "{:?} does not name a key of Google Cloud KMS; write \
                 projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY",
                settings.key
            )));
        }
        let origin = match &settings.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => Origin::parse("https://cloudkms.googleapis.com")
                .map_err(|error| KekError::misconfigured(error.to_string()))?,
        };
        let rest = Rest::new("Google Cloud KMS", origin, dialler, settings.timeouts)?;
        let description = Description {
            backend: "gcp-kms",
            key: settings.key.clone(),
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
        let (plaintext, plaintext_crc32c) = {
            let exposed = key.expose();
            let encoded = Zeroizing::new(STANDARD.encode(exposed.bytes()));
            (encoded, Checksum::of(exposed.bytes()))
        };
        let bound = context.text();
        let body = to_json(&Encrypt {
            plaintext: &plaintext,
            plaintext_crc32c,
            additional_authenticated_data: &STANDARD.encode(&bound),
            additional_authenticated_data_crc32c: Checksum::of(bound.as_bytes()),
        })?;
        let answer = self.ask("encrypt", body).await?;
        let reply: Ciphertext<'_> = self.rest.read(&answer)?;
        let wrapped = STANDARD.decode(reply.ciphertext);
        let wrapped = wrapped.map_err(|_| self.rest.unreadable())?;
        let was_verified =
            reply.verified_plaintext_crc32c && reply.verified_additional_authenticated_data_crc32c;
        if was_verified && reply.ciphertext_crc32c == Checksum::of(&wrapped) {
            Ok(wrapped)
        } else {
            Err(self.rest.changed())
        }
    }

    async fn decrypt(&self, wrapped: &[u8], context: Context) -> Result<DataKey, KekError> {
        let bound = context.text();
        let body = to_json(&Decrypt {
            ciphertext: &STANDARD.encode(wrapped),
            ciphertext_crc32c: Checksum::of(wrapped),
            additional_authenticated_data: &STANDARD.encode(&bound),
            additional_authenticated_data_crc32c: Checksum::of(bound.as_bytes()),
        })?;
        let answer = self.ask("decrypt", body).await?;
        let reply: Plaintext<'_> = self.rest.read(&answer)?;
        let bytes = STANDARD.decode(reply.plaintext).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| self.rest.unreadable())?;
        if reply.plaintext_crc32c != Checksum::of(&bytes) {
            return Err(self.rest.changed());
        }
        DataKey::from_bytes(&bytes).ok_or_else(|| self.refused("it is no data key"))
    }

    async fn ask(&self, verb: &str, body: Zeroizing<Vec<u8>>) -> Result<Answer, KekError> {
        let token = Secret::from_file(&self.settings.token_file);
        let token = token.map_err(KekError::misconfigured)?;
        let question = Question {
            path: format!("/v1/{}:{verb}", self.settings.key),
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

    /// Only the status is read of an error: its message may quote what was sent.
    fn explain(&self, verb: &str, answer: &Answer) -> KekError {
        let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
        let (key, shown) = (&self.settings.key, self.rest.shown());
        let said = quoted(&refusal.error.status);
        let denied = |what: &str| {
            let status = answer.status.as_u16();
            let message = format!("{shown} answered {status} {said}: {what}");
            KekError::new(KekFailure::Denied, message)
        };
        match answer.status {
            StatusCode::UNAUTHORIZED => denied(&format!(
                "the access token in {} is not valid or has expired",
                self.settings.token_file.display()
            )),
            StatusCode::FORBIDDEN => denied(&format!(
                "grant roles/cloudkms.cryptoKeyEncrypterDecrypter on {key}"
            )),
            StatusCode::BAD_REQUEST if said == "INVALID_ARGUMENT" && verb == "decrypt" => {
                self.refused(&said)
            }
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => KekError::misconfigured(format!(
                "{shown} answered {} {said}: the key {key} is not there, disabled, or no symmetric \
                 key",
                answer.status.as_u16()
            )),
            status => self.rest.unexpected(status, &said),
        }
    }

    fn refused(&self, said: &str) -> KekError {
        KekError::not_opened(&self.settings.key, self.rest.shown(), said)
    }
}

impl Kek for GcpKmsKek {
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

/// Whether `name` is a key's full name, each part of which can stand in a path as it is.
fn is_full_name(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    let is_plain = |part: &&str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_plain)
    };
    match parts.as_slice() {
        [
            "projects",
            project,
            "locations",
            location,
            "keyRings",
            ring,
            "cryptoKeys",
            key,
        ] => [project, location, ring, key].into_iter().all(is_plain),
        _ => false,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Encrypt<'a> {
    plaintext: &'a str,
    plaintext_crc32c: Checksum,
    additional_authenticated_data: &'a str,
    additional_authenticated_data_crc32c: Checksum,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Decrypt<'a> {
    ciphertext: &'a str,
    ciphertext_crc32c: Checksum,
    additional_authenticated_data: &'a str,
    additional_authenticated_data_crc32c: Checksum,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ciphertext<'a> {
    ciphertext: &'a str,
    ciphertext_crc32c: Checksum,
    /// Left out when it is false.
    #[serde(default)]
    verified_plaintext_crc32c: bool,
    #[serde(default)]
    verified_additional_authenticated_data_crc32c: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Plaintext<'a> {
    plaintext: &'a str,
    plaintext_crc32c: Checksum,
}

#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    error: RefusalStatus,
}

#[derive(Deserialize, Default)]
struct RefusalStatus {
    #[serde(default)]
    status: String,
}

#[cfg(test)]
mod tests {
    use super::is_full_name;

    #[test]
    fn a_key_is_named_in_full() {
        let full = "projects/p-1/locations/europe-west3/keyRings/gateway/cryptoKeys/kek";
        assert!(is_full_name(full));
        assert!(is_full_name(&full.replace("p-1", "example.com:p-1")));
        for wrong in [
            "",
            "kek",
            &full.replace("gateway", ""),
            &full.replace("gateway", ".."),
            &full.replace("gateway", "a?b"),
            &format!("{full}/cryptoKeyVersions/1"),
        ] {
            assert!(!is_full_name(wrong), "{wrong}");
        }
    }
}
