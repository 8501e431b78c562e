//! JSON over HTTP to a service that keeps keys or secrets.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use ironward_core::{
    AuthScheme, Fault, FaultKind, Origin, Pieces, Reach, Scheme, Timeouts, UpstreamRequest,
};
use ironward_egress::{Credential, Credentials, Dialler, Egress, Upstream as _};
use ironward_secret::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{KekError, KekFailure};

/// A service at one origin.
pub(crate) struct Rest {
    credentials: Arc<Credentials>,
    egress: Egress,
    origin: Origin,
    timeouts: Timeouts,
    answer_limit: usize,
    /// The service and its origin, for messages.
    shown: Box<str>,
}

/// One request.
pub(crate) struct Question {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// What the service said.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// How long a key management service may take: a start, and a rotation, wait for it.
pub(crate) const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    first_byte: Duration::from_secs(10),
    idle: Duration::from_secs(10),
    total: Duration::from_secs(15),
};

/// The largest answer about a key: a wrapped one has a few hundred bytes.
const ANSWER_LIMIT: usize = 64 << 10;

impl Rest {
    /// `service` is what messages call it.
    pub(crate) fn new(
        service: &str,
        mut origin: Origin,
        dialler: Arc<Dialler>,
        timeouts: Timeouts,
    ) -> Result<Self, KekError> {
        if origin.scheme == Scheme::Http && !is_this_machine(&origin.host) {
            return Err(KekError::misconfigured(format!(
                "{service} at {origin} would be asked in the clear, for anybody to read: use https"
            )));
        }
        // The operator wrote it, and such services are inside the network.
        origin.reach = Reach::Private;
        let credentials = Credentials::new();
        Ok(Self {
            egress: Egress::new(Arc::clone(&credentials), dialler),
            credentials,
            shown: format!("{service} at {origin}").into(),
            origin,
            timeouts,
            answer_limit: ANSWER_LIMIT,
        })
    }

    /// Takes answers of up to so many bytes.
    pub(crate) fn answers_up_to(self, answer_limit: usize) -> Self {
        Self {
            answer_limit,
            ..self
        }
    }

    /// The service and where it is.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// `host[:port]` as egress sends it.
    pub(crate) fn host(&self) -> String {
        let host = &self.origin.host;
        let host = match host.parse() {
            Ok(IpAddr::V6(_)) => format!("[{host}]"),
            _ => host.to_string(),
        };
        if self.origin.port == self.origin.scheme.default_port() {
            host
        } else {
            format!("{host}:{}", self.origin.port)
        }
    }

    /// Posts JSON, with a secret presented as the scheme says.
    pub(crate) async fn post(
        &self,
        secret: Option<(AuthScheme, Secret)>,
        question: Question,
    ) -> Result<Answer, KekError> {
        let Question {
            path,
            mut headers,
            body,
        } = question;
        headers
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static("application/json"));
        let request = UpstreamRequest {
            method: Method::POST,
            path,
            headers,
            // The buffer is wiped when the last reference to it goes.
            body: Bytes::from_owner(body).into(),
            auth: AuthScheme::None,
            stream: false,
        };
        self.send(secret, request).await
    }

    /// Gets JSON, with a secret presented as the scheme says.
    pub(crate) async fn get(
        &self,
        secret: Option<(AuthScheme, Secret)>,
        path: String,
        headers: HeaderMap,
    ) -> Result<Answer, KekError> {
        let request = UpstreamRequest {
            method: Method::GET,
            path,
            headers,
            body: Pieces::new(),
            auth: AuthScheme::None,
            stream: false,
        };
        self.send(secret, request).await
    }

    async fn send(
        &self,
        secret: Option<(AuthScheme, Secret)>,
        mut request: UpstreamRequest,
    ) -> Result<Answer, KekError> {
        let secret = secret.map(|(scheme, secret)| {
            request.auth = scheme;
            secret
        });
        let credential = Credential::new(secret, self.origin.clone())
            .map_err(|error| KekError::misconfigured(format!("{}: {error}", self.shown)))?;
        let lease = self.credentials.add(credential);
        let sent = self.egress.send(lease.id(), request, &self.timeouts).await;
        let reply = sent.map_err(|fault| self.no_answer(&fault))?;
        let body = reply.body.collect(self.answer_limit).await;
        let body = body.map_err(|fault| self.no_answer(&fault))?;
        Ok(Answer {
            status: reply.status,
            body,
        })
    }

    fn no_answer(&self, fault: &Fault) -> KekError {
        // Egress speaks of providers, which is what it dials otherwise.
        let mut what = fault.message.replace("the provider", "the service");
        if let Some(cause) = &fault.cause {
            what = format!("{what} ({cause})");
        }
        let kind = match fault.kind {
            FaultKind::Internal => KekFailure::Misconfigured,
            _ => KekFailure::Unreachable,
        };
        KekError::new(
            kind,
            format!(
                "{} cannot be reached: {what}; check that it runs and that this machine may \
                 connect to it",
                self.shown
            ),
        )
    }

    /// An answer with a status that the service's own page does not explain.
    pub(crate) fn unexpected(&self, status: StatusCode, said: &str) -> KekError {
        let said = if said.is_empty() {
            String::new()
        } else {
            format!(" ({said})")
        };
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return KekError::new(
                KekFailure::Unreachable,
                format!(
                    "{} answered {}{said}: it cannot serve now; look at its own log",
                    self.shown,
                    status.as_u16()
                ),
            );
        }
        KekError::misconfigured(format!(
            "{} answered {}{said}, which it does not do when it is configured as this gateway \
             expects; check the address",
            self.shown,
            status.as_u16()
        ))
    }

    /// The body of a success.
    pub(crate) fn read<'a, T: Deserialize<'a>>(&self, answer: &'a Answer) -> Result<T, KekError> {
        serde_json::from_slice(&answer.body).map_err(|_| self.unreadable())
    }

    /// What was sent or answered does not have the checksum that came with it: asked again, it may.
    pub(crate) fn changed(&self) -> KekError {
        KekError::new(
            KekFailure::Unreachable,
            format!(
                "{} and this gateway do not see the same bytes: a checksum (CRC-32C) is not that of \
                 what it was sent with; try again, and if that does not help, look at what stands \
                 between the two",
                self.shown
            ),
        )
    }

    /// A success whose body is none of the service's.
    pub(crate) fn unreadable(&self) -> KekError {
        KekError::misconfigured(format!(
            "{} answered with something else than its API does; check the address",
            self.shown
        ))
    }
}

/// The body of a request. It holds a data key: the buffer is large enough from the start, because
/// one that grew would leave copies behind.
pub(crate) fn to_json(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, KekError> {
    let mut body = Zeroizing::new(Vec::with_capacity(4096));
    serde_json::to_writer(&mut *body, value)
        .map_err(|_| KekError::misconfigured("a request cannot be written as JSON"))?;
    Ok(body)
}

/// Text of a service for a message: one line, no control characters, not long.
pub(crate) fn quoted(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(200).collect()
}

fn is_this_machine(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost",
    }
}
