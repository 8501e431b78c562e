//! One fetch of an issuer's keys.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use ironward_config::{Issuer, KeySource};
use ironward_core::{AuthScheme, Clock, Fault, Location, Pieces, Timeouts, UpstreamRequest};
use ironward_egress::{Credential, Credentials, InvalidCredential, Lease, Upstream};
use serde::Deserialize;

use crate::json::read_object;
use crate::key_set::KeySet;

/// The largest document that is read. A key set of ten RSA keys with certificates has 40 KiB.
const MOST_BYTES: usize = 256 << 10;

/// An issuer that is slower than this is down.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    first_byte: Duration::from_secs(15),
    idle: Duration::from_secs(10),
    total: Duration::from_secs(30),
};

/// How long keys are used before they are fetched again, where the issuer does not say.
const USUAL_AGE: Duration = Duration::from_secs(15 * 60);

/// Issuers that say less are asked no more often.
const LEAST_AGE: Duration = Duration::from_secs(5 * 60);

/// A key that an issuer takes back is not used for longer than this while the issuer is up.
const MOST_AGE: Duration = Duration::from_secs(3600);

/// Fetches the keys of one issuer, from its own origin or the one that the operator wrote.
pub(crate) struct Fetcher {
    issuer: Issuer,
    upstream: Arc<dyn Upstream>,
    clock: Arc<dyn Clock>,
    /// No secret is behind it: it stands for the origin, the only one that is dialled.
    origin: Lease,
}

/// Keys, and for how long they are fresh.
pub(crate) struct Fetched {
    pub(crate) keys: KeySet,
    pub(crate) max_age: Duration,
}

/// Why keys could not be had: one line for the log.
#[derive(Debug)]
pub(crate) struct Failed(String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `OpenID` Connect Discovery 1.0, section 3.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Fetcher {
    pub(crate) fn new(
        issuer: Issuer,
        upstream: Arc<dyn Upstream>,
        credentials: &Arc<Credentials>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InvalidCredential> {
        let origin = issuer.keys.location().origin.clone();
        Ok(Self {
            origin: credentials.add(Credential::new(None, origin)?),
            issuer,
            upstream,
            clock,
        })
    }

    pub(crate) async fn fetch(&self) -> Result<Fetched, Failed> {
        let location = match &self.issuer.keys {
            KeySource::Configured(location) => location.clone(),
            KeySource::Discovery(location) => self.discover(location).await?,
        };
        let (body, headers) = self.read(&location).await?;
        let keys = KeySet::read(&body, self.clock.wall()).map_err(|what| {
            self.failed(&location, &format!("the key set cannot be used: {what}"))
        })?;
        Ok(Fetched {
            keys,
            max_age: max_age(&headers),
        })
    }

    /// Where the discovery document has the keys.
    async fn discover(&self, location: &Location) -> Result<Location, Failed> {
        let failed = |what: &str| self.failed(location, what);
        let (body, _) = self.read(location).await?;
        let discovery: Discovery = read_object(&body).ok_or_else(|| {
            failed("the discovery document is not a JSON object with issuer and jwks_uri")
        })?;
        if discovery.issuer != self.issuer.issuer {
            return Err(failed(
                "the discovery document is that of another issuer; compare its 'issuer' with \
                 ironward.issuers[].issuer to the letter",
            ));
        }
        let mut keys = Location::parse(&discovery.jwks_uri)
            .map_err(|error| failed(&format!("the discovery document's jwks_uri is {error}")))?;
        // How far the operator lets this origin reach is not for the document to say.
        keys.origin.reach = location.origin.reach;
        if keys.origin != location.origin {
            return Err(failed(
                "the discovery document has the keys on another host; if that is right, write it \
                 as ironward.issuers[].jwks_uri",
            ));
        }
        Ok(keys)
    }

    async fn read(&self, location: &Location) -> Result<(Bytes, HeaderMap), Failed> {
        let mut headers = HeaderMap::new();
        let accepted = HeaderValue::from_static("application/json, application/jwk-set+json");
        headers.insert(ACCEPT, accepted);
        let request = UpstreamRequest {
            method: Method::GET,
            path: location.path.to_string(),
            headers,
            body: Pieces::new(),
            auth: AuthScheme::None,
            stream: false,
        };
        let failed = |fault: Fault| self.failed(location, &told(&fault));
        let sent = self.upstream.send(self.origin.id(), request, &TIMEOUTS);
        let reply = sent.await.map_err(failed)?;
        if reply.status != StatusCode::OK {
            let status = format!("the answer has the status {}", reply.status.as_u16());
            return Err(self.failed(location, &status));
        }
        let body = reply.body.collect(MOST_BYTES).await.map_err(failed)?;
        Ok((body, reply.headers))
    }

    fn failed(&self, location: &Location, what: &str) -> Failed {
        let Location { origin, path } = location;
        Failed(format!(
            "no keys of {}: {origin}{path}: {what}",
            self.issuer.issuer
        ))
    }
}

fn told(fault: &Fault) -> String {
    match &fault.cause {
        Some(cause) => format!("{} ({cause})", fault.message),
        None => fault.message.to_string(),
    }
}

/// How long the reply says it is fresh (RFC 9111, section 5.2.2.1), within bounds.
fn max_age(headers: &HeaderMap) -> Duration {
    let values = headers.get_all(CACHE_CONTROL).into_iter();
    let directives = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    directives
        .filter_map(|directive| directive.trim().split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("max-age"))
        .and_then(|(_, seconds)| seconds.trim().trim_matches('"').parse().ok())
        .map_or(USUAL_AGE, Duration::from_secs)
        .clamp(LEAST_AGE, MOST_AGE)
}

#[cfg(test)]
mod tests;
