use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use ironward_core::{Deployment, Fault, UpstreamRequest};
use ironward_wire::{Call, Dialect, Reply, StreamDecoder};

use crate::{anthropic, azure, azure_ai, compatible, echo, gemini, ollama, openai};

/// A vendor's wire format.
///
/// For a call in a dialect that the provider [`speaks`](Self::speaks), `encode` patches the
/// client's own body, and the reply is forwarded without `decode` or `stream`. For any other call
/// `encode` writes a new body from the neutral form, and the reply is decoded.
pub trait Provider: Send + Sync {
    /// Its name, as in `provider/model`.
    fn name(&self) -> &'static str;

    /// Whether calls in `dialect` can be forwarded to it.
    fn speaks(&self, dialect: Dialect) -> bool;

    /// Writes the upstream request of `call`.
    ///
    /// # Errors
    /// A bad-request fault naming the field that the vendor has no form for, unless the target says
    /// that such fields are dropped.
    fn encode(&self, call: &Call, target: &Target<'_>) -> Result<UpstreamRequest, Fault>;

    /// Reads a whole reply to a call that was not forwarded.
    ///
    /// # Errors
    /// A bad-gateway fault when the body is not what the vendor documents.
    fn decode(&self, call: &Call, body: &Bytes) -> Result<Reply, Fault>;

    /// Reads a streamed reply to a call that was not forwarded.
    ///
    /// # Errors
    /// When the vendor has no streams for such a call.
    fn stream(&self, call: &Call) -> Result<Box<dyn StreamDecoder>, Fault>;

    /// Reads an error reply: what happened, on whose side, and whether another try can help.
    fn classify(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Fault;

    /// The part of a configured base path that is kept: people write `api_base` with and without
    /// the vendor's own path.
    fn base_path<'a>(&self, written: &'a str) -> &'a str {
        written
    }

    /// What answers calls in `dialect` without any upstream: the built-in echo does, and counts of
    /// tokens are estimated for vendors that have none.
    fn local(&self, dialect: Dialect) -> Option<Local> {
        let _ = dialect;
        None
    }
}

/// Answers a call without any upstream.
pub type Local = fn(&Call) -> Result<Reply, Fault>;

/// What a call is encoded for.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The deployment.
    pub deployment: &'a Deployment,
    /// The vendor's model name, `*` already replaced.
    pub model: &'a str,
    /// Drop what the vendor has no form for instead of refusing the call.
    pub drop_unsupported: bool,
}

/// A provider and how it is reached when the configuration says nothing else.
#[derive(Clone, Copy)]
pub struct Vendor {
    /// The wire format.
    pub provider: &'static dyn Provider,
    /// Further names that LiteLLM knows it by.
    pub aliases: &'static [&'static str],
    /// The base URL; `None` when the operator has to give `api_base`.
    pub base_url: Option<&'static str>,
    /// The environment variables that may hold the key, the first present wins.
    pub key_variables: &'static [&'static str],
    /// The environment variables that may hold the base URL, the first present wins.
    pub base_variables: &'static [&'static str],
    /// Whether it needs no key (local servers).
    pub keyless: bool,
}

/// The providers with a file of their own.
pub const PROVIDERS: &[Vendor] = &[
    openai::VENDOR,
    azure::VENDOR,
    azure_ai::VENDOR,
    anthropic::VENDOR,
    gemini::VENDOR,
    ollama::VENDOR,
    echo::VENDOR,
];

/// Every vendor: those with a file, then the OpenAI-compatible table.
pub fn vendors() -> impl Iterator<Item = Vendor> {
    PROVIDERS.iter().copied().chain(compatible::vendors())
}

/// The vendor called `name`, or known by it as an alias.
#[must_use]
pub fn find(name: &str) -> Option<Vendor> {
    vendors().find(|vendor| vendor.provider.name() == name || vendor.aliases.contains(&name))
}

impl Target<'_> {
    /// What to do about `field`, which `provider` has no form for: nothing when it is to be
    /// dropped.
    ///
    /// # Errors
    /// A bad-request fault naming the field otherwise.
    pub fn unsupported(&self, provider: &str, field: &str) -> Result<(), Fault> {
        if self.drop_unsupported {
            Ok(())
        } else {
            Err(Fault::unsupported(provider, field))
        }
    }
}

#[cfg(test)]
mod tests;
