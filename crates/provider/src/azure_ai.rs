//! Models in Azure AI Foundry, by key.
//! <https://learn.microsoft.com/en-us/rest/api/aifoundry/modelinference/>
//!
//! Quirks:
//! - Paths are below `/models`, with `api-version` as a query; the body names the model.
//! - The key is the header `api-key`.
//! - With the versions `v1`, `latest` and `preview` the paths are those of `azure`.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode};
use ironward_core::{AuthScheme, Fault, UpstreamRequest};
use ironward_wire::{Call, Dialect, Reply, StreamDecoder};
use percent_encoding::utf8_percent_encode;

use crate::azure::{ESCAPED, Surface};
use crate::compatible::{self, Compatible, Endpoints};
use crate::{Local, Provider, Target, Vendor, openai};

pub(crate) const VENDOR: Vendor = Vendor {
    provider: &AzureAi,
    ..AZURE_AI.vendor()
};

/// The only version that was published beside previews; LiteLLM's default too.
const DEFAULT_VERSION: &str = "2024-05-01-preview";

const AZURE_AI: Compatible = Compatible {
    name: "azure_ai",
    key_variables: &["AZURE_AI_API_KEY"],
    base_variables: &["AZURE_AI_API_BASE"],
    key_header: Some("api-key"),
    endpoints: Endpoints::CHAT_EMBEDDINGS,
    renames: &[],
    strips: &["reasoning_content"],
    quirks: openai::QUIRKS,
    ..Compatible::ROW
};

struct AzureAi;

impl Provider for AzureAi {
    fn name(&self) -> &'static str {
        AZURE_AI.name
    }

    fn speaks(&self, dialect: Dialect) -> bool {
        AZURE_AI.speaks(dialect)
    }

    fn encode(&self, call: &Call, target: &Target<'_>) -> Result<UpstreamRequest, Fault> {
        let version = target.deployment.api_version.as_deref();
        let version = version.unwrap_or(DEFAULT_VERSION);
        let (endpoint, body) = compatible::body(&AZURE_AI, call, target)?;
        let path = match Surface::of(version) {
            Surface::Deployments => format!(
                "/models{endpoint}?api-version={}",
                utf8_percent_encode(version, ESCAPED)
            ),
            surface => surface.path(target.model, endpoint, version),
        };
        let auth = AuthScheme::Header(HeaderName::from_static("api-key"));
        Ok(compatible::request(path, auth, body, call, target))
    }

    fn decode(&self, call: &Call, body: &Bytes) -> Result<Reply, Fault> {
        AZURE_AI.decode(call, body)
    }

    fn stream(&self, call: &Call) -> Result<Box<dyn StreamDecoder>, Fault> {
        AZURE_AI.stream(call)
    }

    fn classify(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Fault {
        AZURE_AI.classify(status, headers, body)
    }

    fn base_path<'a>(&self, written: &'a str) -> &'a str {
        let base = AZURE_AI.base_path(written);
        ["/models", "/openai/v1"]
            .iter()
            .find_map(|tail| base.strip_suffix(tail))
            .unwrap_or(base)
    }

    fn local(&self, dialect: Dialect) -> Option<Local> {
        AZURE_AI.local(dialect)
    }
}

#[cfg(test)]
mod tests;
