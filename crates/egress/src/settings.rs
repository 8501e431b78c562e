use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// What an operator may set about the way out.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The certificate authorities that are trusted.
    pub roots: Roots,
    /// PEM certificates of further authorities.
    pub extra_ca_pem: Vec<u8>,
    /// What is shown to a server that asks who is there; without it nothing is. The gateway shows
    /// providers none (LiteLLM's `ssl_certificate` is read and has no effect yet): only commands
    /// set it (`--certificate`), to be let in by an admin port that asks for one.
    pub client_certificate: Option<Arc<ClientCertificate>>,
    /// Accepts any certificate of any host. Every key that is sent can then be read by whoever
    /// sits on the wire.
    pub danger_skip_certificate_checks: bool,
    /// Offers HTTP/2 to TLS origins.
    pub http2: bool,
    /// The largest body of a reply that is not a stream, in bytes after decoding, until
    /// [`Dialler::limit_replies`](crate::Dialler::limit_replies) says another.
    pub reply_limit: u64,
    /// Unused HTTP/1.1 connections kept for one origin, per [`Egress`](crate::Egress).
    pub idle_per_origin: usize,
    /// How long an unused connection is kept.
    pub idle_keep_alive: Duration,
    /// The proxies on the way out.
    pub proxy: ProxySettings,
    /// `user-agent` of requests that don't bring one.
    pub user_agent: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            roots: Roots::default(),
            extra_ca_pem: Vec::new(),
            client_certificate: None,
            danger_skip_certificate_checks: false,
            http2: true,
            reply_limit: 64 << 20,
            idle_per_origin: 256,
            idle_keep_alive: Duration::from_secs(60),
            proxy: ProxySettings::default(),
            user_agent: concat!("ironward/", env!("CARGO_PKG_VERSION")).into(),
        }
    }
}

/// Where trusted certificate authorities come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Roots {
    /// Mozilla's list, compiled in: the same everywhere.
    #[default]
    Bundled,
    /// The machine's own store.
    System,
    /// None but those of `extra_ca_pem`.
    OnlyExtra,
}

/// A certificate with its chain and its private key.
pub struct ClientCertificate {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl ClientCertificate {
    /// Reads both from the text of one PEM file.
    ///
    /// # Errors
    /// When either is not in it.
    pub fn from_pem(pem: &[u8]) -> Result<Self, InvalidSettings> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let key = PrivateKeyDer::from_pem_slice(pem).ok();
        let both = chain.zip(key).ok_or_else(|| {
            InvalidSettings(
                "the client certificate's file has to hold it and its private key, both as PEM"
                    .into(),
            )
        });
        both.map(|(chain, key)| Self { chain, key })
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

/// The values of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`; reading the environment is the
/// caller's part.
///
/// The proxy is told the origin's name and resolves it itself, so the check of the resolved
/// address is its job too: behind a proxy, only origins written as an address are checked here.
#[derive(Clone, Default)]
pub struct ProxySettings {
    /// The proxy of `http` origins: `http://[user:password@]host[:port]`.
    pub http: Option<String>,
    /// The proxy of `https` origins, which is asked for a tunnel (`CONNECT`).
    pub https: Option<String>,
    /// Origins that are dialled directly, separated by commas: `*`, a host (its subdomains
    /// included), an address, or a network as `10.0.0.0/8`; a host or address may end in `:port`.
    /// This machine (`localhost`, loopback addresses) is always dialled directly.
    pub no_proxy: Option<String>,
}

impl fmt::Debug for ProxySettings {
    /// The URLs may hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxySettings")
            .field("http", &self.http.is_some())
            .field("https", &self.https.is_some())
            .field("no_proxy", &self.no_proxy)
            .finish()
    }
}

/// Why the settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSettings(pub(crate) String);

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidSettings {}
