//! The gateway as the issuer's client: what is sent, and what is read of the answers.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use ironward_config::Login;
use ironward_core::{AuthScheme, Fault, Location, Pieces, Timeouts, UpstreamRequest};
use ironward_egress::{Credential, Credentials, InvalidCredential, Lease, Upstream};
use ironward_secret::Secret;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{LoginFailed, encoded};
use crate::json::read_object;
use crate::token;

/// The largest document that is read.
const MOST_BYTES: usize = 256 << 10;

/// Somebody waits in front of a browser.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    first_byte: Duration::from_secs(10),
    idle: Duration::from_secs(5),
    total: Duration::from_secs(15),
};

pub(super) struct Client {
    upstream: Arc<dyn Upstream>,
    credentials: Arc<Credentials>,
    issuer: Box<str>,
    client_id: Box<str>,
    secret: Option<Arc<Secret>>,
    /// No secret is behind it: it stands for the issuer's origin.
    origin: Lease,
}

/// RFC 6749, section 5.1, and `OpenID` Connect Core 1.0, section 3.1.3.3. The access token is for the
/// issuer's own services and is not kept.
#[derive(Deserialize)]
struct Granted {
    id_token: Option<String>,
}

/// RFC 6749, section 5.2.
#[derive(Deserialize)]
struct Denied {
    error: String,
}

impl Client {
    pub(super) fn new(
        settings: &Login,
        upstream: &Arc<dyn Upstream>,
        credentials: &Arc<Credentials>,
    ) -> Result<Self, InvalidCredential> {
        let origin = settings.discovery.origin.clone();
        let client = Self {
            upstream: Arc::clone(upstream),
            credentials: Arc::clone(credentials),
            issuer: settings.issuer.issuer.as_str().into(),
            client_id: settings.client_id.as_str().into(),
            secret: settings.client_secret.clone(),
            origin: credentials.add(Credential::new(None, origin.clone())?),
        };
        // A secret that cannot be sent ends the start, not the first login.
        Credential::new(client.basic(), origin)?;
        Ok(client)
    }

    /// The gateway's secret, for the token endpoint's origin alone.
    pub(super) fn credential(&self, token: &Location) -> Result<Lease, LoginFailed> {
        let credential = Credential::new(self.basic(), token.origin.clone());
        let credential = credential.map_err(|error| self.failed(token, &error.to_string()))?;
        Ok(self.credentials.add(credential))
    }

    /// The value of `Authorization` (RFC 6749, section 2.3.1).
    fn basic(&self) -> Option<Secret> {
        let secret = self.secret.as_ref()?;
        let exposed = secret.expose();
        // It was read as text.
        let text = std::str::from_utf8(exposed.bytes()).unwrap_or_default();
        let secret = Zeroizing::new(encoded(text));
        let pair = Zeroizing::new(format!("{}:{}", encoded(&self.client_id), *secret));
        let pair = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        Some(Secret::new(format!("Basic {}", *pair)))
    }

    /// A document of the issuer's own origin.
    pub(super) async fn read(&self, at: &Location) -> Result<Bytes, LoginFailed> {
        let request = request(Method::GET, at, String::new());
        let (status, body) = self.send(&self.origin, at, request).await?;
        if status != StatusCode::OK {
            let status = format!("the answer has the status {}", status.as_u16());
            return Err(self.failed(at, &status));
        }
        Ok(body)
    }

    /// The token that the issuer gives for a code.
    pub(super) async fn exchange(
        &self,
        at: &Location,
        credential: &Lease,
        form: String,
    ) -> Result<String, LoginFailed> {
        let mut request = request(Method::POST, at, form);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers.insert(CONTENT_TYPE, form);
        request.auth = AuthScheme::Header(AUTHORIZATION);
        let (status, body) = self.send(credential, at, request).await?;
        if status.is_client_error() {
            return Err(LoginFailed::Refused(self.denied(&body)));
        }
        if status != StatusCode::OK {
            let status = format!("the answer has the status {}", status.as_u16());
            return Err(self.failed(at, &status));
        }
        let granted = read_object::<Granted>(&body).and_then(|granted| granted.id_token);
        granted
            .filter(|token| token.len() <= token::MOST_BYTES)
            .ok_or_else(|| self.failed(at, "the answer holds no id_token, or one over 16 KiB"))
    }

    /// Why the issuer gives no token. Only its code of the error is told: the description may repeat
    /// what was sent.
    fn denied(&self, body: &[u8]) -> String {
        let error = read_object::<Denied>(body).map(|denied| denied.error);
        let code = match error.as_deref() {
            Some(code) if is_code(code) => code,
            _ => "it does not say why",
        };
        let remedy = match code {
            "invalid_client" | "unauthorized_client" => {
                "; compare ironward.login.client_id and client_secret with what is registered there"
            }
            _ => "",
        };
        format!(
            "{} gives no token for the code: {code}{remedy}",
            self.issuer
        )
    }

    async fn send(
        &self,
        credential: &Lease,
        at: &Location,
        request: UpstreamRequest,
    ) -> Result<(StatusCode, Bytes), LoginFailed> {
        let failed = |fault: Fault| {
            let told = match &fault.cause {
                Some(cause) => format!("{} ({cause})", fault.message),
                None => fault.message.to_string(),
            };
            self.failed(at, &told)
        };
        let sent = self.upstream.send(credential.id(), request, &TIMEOUTS);
        let reply = sent.await.map_err(failed)?;
        let body = reply.body.collect(MOST_BYTES).await.map_err(failed)?;
        Ok((reply.status, body))
    }

    pub(super) fn failed(&self, at: &Location, what: &str) -> LoginFailed {
        let Location { origin, path } = at;
        let issuer = &self.issuer;
        LoginFailed::Unavailable(format!("no login with {issuer}: {origin}{path}: {what}"))
    }
}

/// What RFC 6749 lets an error be, as far as it is a code that people know.
pub(super) fn is_code(code: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    !code.is_empty() && code.len() <= 64 && code.bytes().all(is_plain)
}

fn request(method: Method, at: &Location, body: String) -> UpstreamRequest {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let mut pieces = Pieces::new();
    pieces.push(body);
    UpstreamRequest {
        method,
        path: at.path.to_string(),
        headers,
        body: pieces,
        auth: AuthScheme::None,
        stream: false,
    }
}
