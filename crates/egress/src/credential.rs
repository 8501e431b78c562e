use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::UNIX_EPOCH;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use ironward_core::{AuthScheme, Clock, LastUse, Origin};
use ironward_secret::Secret;

use crate::endpoint::Endpoint;
use crate::redact::Redactor;

/// A secret and the one origin that it may be sent to.
///
/// Neither can be read back; only this crate presents the secret.
pub struct Credential {
    secret: Option<Held>,
    base_path: Box<str>,
    endpoint: Arc<Endpoint>,
    last_use: Option<Arc<LastUse>>,
}

/// A secret with the header values made of it, once, so that a request only counts a reference up.
struct Held {
    secret: Secret,
    bearer: HeaderValue,
    plain: HeaderValue,
    redactor: OnceLock<Redactor>,
}

/// Why a secret and an origin are not a credential; says nothing of the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidCredential(pub(crate) &'static str);

impl fmt::Display for InvalidCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidCredential {}

impl Credential {
    /// Binds `secret` to `origin`. Without a secret, or with an empty one, requests go out without
    /// authentication, whatever scheme they name: self-hosted servers often want none.
    ///
    /// # Errors
    /// When the secret cannot be sent in a header, or the host is not one that can be dialled.
    pub fn new(secret: Option<Secret>, origin: Origin) -> Result<Self, InvalidCredential> {
        let secret = match secret.filter(|secret| !secret.is_empty()) {
            Some(secret) => Some(Held::new(secret)?),
            None => None,
        };
        Ok(Self {
            secret,
            base_path: origin.base_path.clone(),
            endpoint: Arc::new(Endpoint::new(origin)?),
            last_use: None,
        })
    }

    /// The same, whose uses are noted in `last_use`.
    #[must_use]
    pub fn noted_in(mut self, last_use: Arc<LastUse>) -> Self {
        self.last_use = Some(last_use);
        self
    }

    /// That a request with it goes out. Those of the configuration file are not noted, and the clock
    /// is not read for them.
    pub(crate) fn note_use(&self, clock: &dyn Clock) {
        let Some(last_use) = &self.last_use else {
            return;
        };
        let since = clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default();
        last_use.note(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    }

    pub(crate) fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    pub(crate) fn base_path(&self) -> &str {
        &self.base_path
    }

    /// The header that presents the secret.
    pub(crate) fn header(&self, scheme: &AuthScheme) -> Option<(HeaderName, HeaderValue)> {
        let held = self.secret.as_ref()?;
        match scheme {
            AuthScheme::None => None,
            AuthScheme::Bearer => Some((AUTHORIZATION, held.bearer.clone())),
            AuthScheme::Header(name) => Some((name.clone(), held.plain.clone())),
        }
    }

    /// What takes the secret out of a reply. Made when the first reply needs it: most never do.
    pub(crate) fn redactor(&self) -> Option<&Redactor> {
        let held = self.secret.as_ref()?;
        Some(held.redactor.get_or_init(|| Redactor::new(&held.secret)))
    }

    /// The secret as it would stand in a header: to look for it without opening it again.
    pub(crate) fn plain(&self) -> Option<&[u8]> {
        self.secret.as_ref().map(|held| held.plain.as_bytes())
    }
}

impl Held {
    fn new(secret: Secret) -> Result<Self, InvalidCredential> {
        let unsendable =
            |_| InvalidCredential("the secret holds bytes that an HTTP header cannot carry");
        Ok(Self {
            bearer: secret.header("Bearer ").map_err(unsendable)?,
            plain: secret.header("").map_err(unsendable)?,
            redactor: OnceLock::new(),
            secret,
        })
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").finish_non_exhaustive()
    }
}
