//! Azure OpenAI, by key.
//! <https://learn.microsoft.com/en-us/azure/ai-foundry/openai/reference>
//!
//! Quirks:
//! - A model is a deployment of the operator's, named in the path; `api-version` is a query.
//! - With the versions `v1`, `latest` and `preview` the path is that of OpenAI below `/openai/v1`,
//!   and the model is named in the body only.
//!   <https://learn.microsoft.com/en-us/azure/ai-foundry/openai/api-version-lifecycle>
//! - The key is the header `api-key`.
//! - `stream_options` came with the version 2024-09-01-preview and is an error before it.
//! - The content filter answers with the status 400 and `innererror.code`.
//! - Signing in by Microsoft Entra ID is not here: it needs a credential that is renewed.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode};
use ironward_core::{AuthScheme, Fault, UpstreamRequest};
use ironward_wire::{Call, Dialect, Reply, StreamDecoder};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::compatible::{self, Compatible, Endpoints, Quirk};
use crate::{Local, Provider, Target, Vendor, openai};

pub(crate) const VENDOR: Vendor = Vendor {
    provider: &Azure,
    ..AZURE.vendor()
};

/// LiteLLM's default.
const DEFAULT_VERSION: &str = "2025-02-01-preview";

/// The first version that knows `stream_options`.
const STREAM_OPTIONS_SINCE: &str = "2024-09-01";

const AZURE: Compatible = Compatible {
    name: "azure",
    aliases: &["azure_text"],
    key_variables: &["AZURE_API_KEY", "AZURE_OPENAI_API_KEY"],
    base_variables: &["AZURE_API_BASE", "AZURE_OPENAI_ENDPOINT"],
    key_header: Some("api-key"),
    endpoints: Endpoints::ALL,
    renames: &[],
    refused: &["top_k"],
    strips: &["reasoning_content"],
    quirks: openai::QUIRKS,
    ..Compatible::ROW
};

/// For a version that does not know `stream_options`: usage is then unknown for streams.
const OLD_AZURE: Compatible = Compatible {
    quirks: &[
        Quirk::ReasoningModels,
        Quirk::Developer,
        Quirk::NoStreamOptions,
    ],
    ..AZURE
};

struct Azure;

impl Provider for Azure {
    fn name(&self) -> &'static str {
        AZURE.name
    }

    fn speaks(&self, dialect: Dialect) -> bool {
        AZURE.speaks(dialect)
    }

    fn encode(&self, call: &Call, target: &Target<'_>) -> Result<UpstreamRequest, Fault> {
        // An escape does not help here: URLs are normalised after `%2E%2E` is decoded.
        if target.model.bytes().all(|byte| byte == b'.') {
            return Err(Fault::invalid(
                "model",
                "the model has no name that azure could have",
            ));
        }
        let version = target.deployment.api_version.as_deref();
        let version = version.unwrap_or(DEFAULT_VERSION);
        let surface = Surface::of(version);
        let row = match surface {
            Surface::Deployments if version < STREAM_OPTIONS_SINCE => &OLD_AZURE,
            _ => &AZURE,
        };
        let (endpoint, body) = compatible::body(row, call, target)?;
        let path = surface.path(target.model, endpoint, version);
        let auth = AuthScheme::Header(HeaderName::from_static("api-key"));
        Ok(compatible::request(path, auth, body, call, target))
    }

    fn decode(&self, call: &Call, body: &Bytes) -> Result<Reply, Fault> {
        AZURE.decode(call, body)
    }

    fn stream(&self, call: &Call) -> Result<Box<dyn StreamDecoder>, Fault> {
        AZURE.stream(call)
    }

    fn classify(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Fault {
        AZURE.classify(status, headers, body)
    }

    fn base_path<'a>(&self, written: &'a str) -> &'a str {
        // People copy `/openai/v1` and `/openai/deployments/...` from the portal.
        let base = match written.rfind("/openai") {
            Some(at) => written.get(..at).unwrap_or(written),
            None => written,
        };
        base.trim_end_matches('/')
    }

    fn local(&self, dialect: Dialect) -> Option<Local> {
        AZURE.local(dialect)
    }
}

/// Azure's two families of paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    /// `/openai/deployments/{deployment}/...?api-version=`.
    Deployments,
    /// `/openai/v1/...`.
    V1,
    /// `/openai/v1/...?api-version=preview`.
    V1Preview,
}

impl Surface {
    pub(crate) fn of(version: &str) -> Self {
        match version {
            "v1" | "latest" => Self::V1,
            "preview" => Self::V1Preview,
            _ => Self::Deployments,
        }
    }

    pub(crate) fn path(self, model: &str, endpoint: &str, version: &str) -> String {
        match self {
            Self::Deployments => format!(
                "/openai/deployments/{}{endpoint}?api-version={}",
                utf8_percent_encode(model, ESCAPED),
                utf8_percent_encode(version, ESCAPED)
            ),
            Self::V1 => format!("/openai/v1{endpoint}"),
            Self::V1Preview => format!("/openai/v1{endpoint}?api-version=preview"),
        }
    }
}

/// For one segment of a path, so that a name with `/` is no other path: all but what RFC 3986 calls unreserved.
pub(crate) const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[cfg(test)]
mod tests;
