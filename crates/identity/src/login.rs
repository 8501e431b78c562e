//! Logging in: the issuer's side of an authorisation code with PKCE (`OpenID` Connect Core 1.0,
//! section 3.1; RFC 7636).
//!
//! Nothing that a browser brings decides what is dialled or believed: endpoints come from the
//! configured issuer's discovery document, on its own origin or where the operator wrote, and what
//! its token endpoint answers is verified as any other token is.

mod client;
mod failed;
mod id_token;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ironward_config::Login;
use ironward_core::{Clock, Location};
use ironward_egress::{Credentials, InvalidCredential, Lease, Upstream};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::sync::{Mutex, Semaphore};

use crate::Identity;
use crate::fetch::Fetcher;
use crate::json::read_object;
use client::Client;
use id_token::IdToken;

pub use failed::LoginFailed;

/// How long a discovery document is used. Issuers change it once in years.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// How long an issuer that does not answer is left alone, whoever wants to log in.
const PAUSE: Duration = Duration::from_secs(5);

/// The most codes that are exchanged at once.
const AT_ONCE: usize = 8;

/// What stands in a query or a form as it is (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The issuer that people log in with.
pub struct LoginIssuer {
    settings: Login,
    client: Client,
    keys: Fetcher,
    clock: Arc<dyn Clock>,
    found: Mutex<Option<Found>>,
    places: Semaphore,
}

/// What ties an answer of the issuer to the login that asked for it.
#[derive(Clone)]
pub struct Asked {
    /// Comes back beside the code.
    pub state: String,
    /// Comes back within the token.
    pub nonce: String,
    /// Proves that whoever exchanges the code is who asked for it.
    pub verifier: String,
}

/// The outcome of the last look at the discovery document.
struct Found {
    at: Instant,
    /// `None`: there was no answer that says.
    endpoints: Option<Arc<Endpoints>>,
}

/// Where the issuer wants to be asked.
struct Endpoints {
    /// Where browsers go; it is never dialled here.
    authorization: String,
    token: Location,
    /// The gateway's secret, for the token endpoint's origin alone.
    credential: Lease,
}

/// `OpenID` Connect Discovery 1.0, section 3.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: Option<String>,
}

impl LoginIssuer {
    /// The issuer of `settings`, asked through `upstream`.
    ///
    /// # Errors
    /// When it cannot be dialled, or its secret cannot be sent.
    pub fn new(
        settings: &Login,
        upstream: &Arc<dyn Upstream>,
        credentials: &Arc<Credentials>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, InvalidCredential> {
        Ok(Self {
            client: Client::new(settings, upstream, credentials)?,
            keys: Fetcher::new(
                settings.issuer.clone(),
                Arc::clone(upstream),
                credentials,
                Arc::clone(clock),
            )?,
            settings: settings.clone(),
            clock: Arc::clone(clock),
            found: Mutex::new(None),
            places: Semaphore::new(AT_ONCE),
        })
    }

    /// The exact name of the issuer.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.issuer.issuer
    }

    /// Where to send a browser that logs in.
    ///
    /// # Errors
    /// When the issuer does not say where.
    pub async fn authorise(&self, asked: &Asked) -> Result<String, LoginFailed> {
        let endpoints = self.endpoints().await?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, asked.verifier.as_bytes()));
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &self.settings.redirect_url),
            ("scope", &self.settings.scopes.join(" ")),
            ("state", &asked.state),
            ("nonce", &asked.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let at = &endpoints.authorization;
        let separator = if at.contains('?') { '&' } else { '?' };
        Ok(format!("{at}{separator}{query}"))
    }

    /// Who has logged in, by the code that the issuer sent along.
    ///
    /// # Errors
    /// When the issuer does not answer, takes the code for none of its own, or answers with what is
    /// no token of its own for this login.
    pub async fn redeem(&self, code: &str, asked: &Asked) -> Result<Identity, LoginFailed> {
        let place = self.places.try_acquire();
        let _place = place.map_err(|_| {
            LoginFailed::Unavailable("too many people log in at this moment; try again".to_owned())
        })?;
        let endpoints = self.endpoints().await?;
        let form = form(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.settings.redirect_url),
            ("client_id", &self.settings.client_id),
            ("code_verifier", &asked.verifier),
        ]);
        let token = self
            .client
            .exchange(&endpoints.token, &endpoints.credential, form)
            .await?;
        let fetched = self.keys.fetch().await;
        let keys = fetched.map_err(|failed| LoginFailed::Unavailable(failed.to_string()))?;
        IdToken {
            settings: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce: &asked.nonce,
        }
        .verify(token.as_bytes(), keys.keys, self.clock.wall())
    }

    /// The endpoints; one login at a time looks for them, and the others wait for what it finds.
    async fn endpoints(&self) -> Result<Arc<Endpoints>, LoginFailed> {
        let mut found = self.found.lock().await;
        if let Some(found) = &*found {
            let age = self.clock.now().saturating_duration_since(found.at);
            match &found.endpoints {
                Some(endpoints) if age < FRESH => return Ok(Arc::clone(endpoints)),
                None if age < PAUSE => return Err(LoginFailed::Paused),
                _ => {}
            }
        }
        let endpoints = self.discover().await.map(Arc::new);
        *found = Some(Found {
            at: self.clock.now(),
            endpoints: endpoints.as_ref().ok().map(Arc::clone),
        });
        endpoints
    }

    async fn discover(&self) -> Result<Endpoints, LoginFailed> {
        let at = &self.settings.discovery;
        let failed = |what: &str| self.client.failed(at, what);
        let body = self.client.read(at).await?;
        let discovery: Discovery = read_object(&body).ok_or_else(|| {
            failed(
                "the discovery document is not a JSON object with issuer and authorization_endpoint",
            )
        })?;
        if discovery.issuer != self.settings.issuer.issuer {
            return Err(failed(
                "the discovery document is that of another issuer; compare its 'issuer' with \
                 ironward.login.issuer to the letter",
            ));
        }
        let named = |name: &str, url: &str| {
            Location::parse(url)
                .map_err(|error| failed(&format!("the discovery document's {name} is {error}")))
        };
        let browser = named("authorization_endpoint", &discovery.authorization_endpoint)?;
        let token = match &self.settings.token_endpoint {
            Some(token) => token.clone(),
            None => {
                let url = discovery.token_endpoint.as_deref();
                let url = url.ok_or_else(|| failed("it names no token_endpoint"))?;
                let mut token = named("token_endpoint", url)?;
                // How far the operator lets this origin reach is not for the document to say.
                token.origin.reach = at.origin.reach;
                if token.origin != at.origin {
                    return Err(failed(
                        "the discovery document has the token_endpoint on another host; if that is \
                         right, write it as ironward.login.token_endpoint",
                    ));
                }
                token
            }
        };
        Ok(Endpoints {
            authorization: format!("{}{}", browser.origin, browser.path),
            credential: self.client.credential(&token)?,
            token,
        })
    }
}

/// A query or a form.
fn form(fields: &[(&str, &str)]) -> String {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    fields.join("&")
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

impl fmt::Debug for LoginIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginIssuer")
            .field("issuer", &self.settings.issuer.issuer)
            .finish_non_exhaustive()
    }
}
