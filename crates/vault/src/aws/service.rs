use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ironward_core::{Clock, Origin, Timeouts};
use ironward_egress::Dialler;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::sigv4::{Scope, Signed, authorization, stamp};
use super::{AwsAuth, AwsKeys};
use crate::rest::{Answer, Question, Rest, quoted};
use crate::{KekError, KekFailure};

/// A service of AWS that speaks JSON: signed requests, and what its errors mean.
pub(crate) struct AwsService {
    rest: Rest,
    id: &'static str,
    region: Box<str>,
    auth: AwsAuth,
    clock: Arc<dyn Clock>,
}

/// Which service, and where.
pub(crate) struct Named {
    /// What messages call it.
    pub(crate) title: &'static str,
    /// What signatures and addresses call it.
    pub(crate) id: &'static str,
    pub(crate) region: Box<str>,
    /// Another address than the region's own.
    pub(crate) endpoint: Option<Origin>,
    pub(crate) timeouts: Timeouts,
}

impl AwsService {
    /// Nothing is dialled yet.
    pub(crate) fn new(
        named: Named,
        auth: AwsAuth,
        dialler: Arc<Dialler>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KekError> {
        let Named {
            title,
            id,
            region,
            endpoint,
            timeouts,
        } = named;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if region.is_empty() || !region.bytes().all(is_plain) {
            let message =
                format!("{region:?} is not an AWS region; write one such as eu-central-1");
            return Err(KekError::misconfigured(message));
        }
        let origin = match endpoint {
            Some(endpoint) => endpoint,
            None => Origin::parse(&own_address(id, &region))
                .map_err(|error| KekError::misconfigured(format!("{region}: {error}")))?,
        };
        Ok(Self {
            rest: Rest::new(title, origin, dialler, timeouts)?,
            id,
            region,
            auth,
            clock,
        })
    }

    /// Takes answers of up to so many bytes.
    pub(crate) fn answers_up_to(self, limit: usize) -> Self {
        Self {
            rest: self.rest.answers_up_to(limit),
            ..self
        }
    }

    /// The service and where it is.
    pub(crate) fn shown(&self) -> &str {
        self.rest.shown()
    }

    /// The body of a success.
    pub(crate) fn read<'a, T: Deserialize<'a>>(&self, answer: &'a Answer) -> Result<T, KekError> {
        self.rest.read(answer)
    }

    /// A success whose body is none of the service's.
    pub(crate) fn unreadable(&self) -> KekError {
        self.rest.unreadable()
    }

    /// Sends one signed request.
    pub(crate) async fn ask(
        &self,
        target: &str,
        body: Zeroizing<Vec<u8>>,
    ) -> Result<Answer, KekError> {
        let headers = self.auth.with(|keys| self.sign(keys, target, &body))?;
        let question = Question {
            path: "/".to_owned(),
            headers,
            body,
        };
        self.rest.post(None, question).await
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
            region: &self.region,
            service: self.id,
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

    /// The type of an error. Nothing else is read of it: the message may quote what was sent.
    pub(crate) fn kind(answer: &Answer) -> String {
        let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
        quoted(refusal.kind.rsplit('#').next().unwrap_or_default())
    }

    /// Whoever asks may not.
    pub(crate) fn denied(shown: &str, answer: &Answer, what: &str) -> KekError {
        let (status, kind) = (answer.status.as_u16(), Self::kind(answer));
        let message = format!("{shown} answered {status} {kind}: {what}");
        KekError::new(KekFailure::Denied, message)
    }

    /// An error that every service gives:
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>.
    pub(crate) fn refusal(&self, answer: &Answer, kind: &str) -> KekError {
        let denied = |what| Self::denied(self.shown(), answer, what);
        match kind {
            "ExpiredTokenException" | "ExpiredToken" => denied("the session token has expired"),
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken" => {
                denied("check the access key, and this machine's clock")
            }
            _ if answer.status == StatusCode::FORBIDDEN => {
                denied("check the access key, its policy, and this machine's clock")
            }
            _ => self.rest.unexpected(answer.status, kind),
        }
    }
}

const JSON: &str = "application/x-amz-json-1.1";

/// The region's address; China has a domain of its own.
fn own_address(id: &str, region: &str) -> String {
    let domain = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("https://{id}.{region}.{domain}")
}

fn header(value: &str) -> Result<HeaderValue, KekError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| unsendable())?;
    value.set_sensitive(true);
    Ok(value)
}

fn unsendable() -> KekError {
    KekError::misconfigured("an AWS key holds characters that a header cannot carry")
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
            own_address("kms", "eu-central-1"),
            "https://kms.eu-central-1.amazonaws.com"
        );
        assert!(own_address("secretsmanager", "cn-north-1").ends_with(".com.cn"));
    }
}
