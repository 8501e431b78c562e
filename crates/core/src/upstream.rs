use http::{HeaderMap, HeaderName, Method};

use crate::Pieces;

/// How a credential is presented. A provider names the scheme; only egress applies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthScheme {
    /// No credential is sent.
    None,
    /// `Authorization: Bearer <secret>`.
    Bearer,
    /// `<name>: <secret>`.
    Header(HeaderName),
}

/// One request to a provider, without its host and without its credential: both are added by
/// egress from the deployment's stored credential.
#[derive(Debug, Clone)]
pub struct UpstreamRequest {
    /// The method.
    pub method: Method,
    /// Path and query below the origin's base path; starts with `/`.
    pub path: String,
    /// Headers without `host`, `content-length` and authentication.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Pieces,
    /// How the credential is to be presented.
    pub auth: AuthScheme,
    /// Whether the reply is a stream: decides which timeouts hold.
    pub stream: bool,
}
