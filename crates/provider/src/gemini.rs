//! Google's Gemini API with an API key: `generateContent`, `streamGenerateContent`,
//! `batchEmbedContents`, `countTokens`. <https://ai.google.dev/api/generate-content>
//!
//! Quirks:
//! - Function results are matched by the function's *name*; the id is optional, and many models
//!   give none, so ids are made from the reply's own.
//! - A model that thinks signs its function calls; Gemini 3 refuses a history whose calls are not
//!   signed, except by a value that says so (see `call`).
//! - `finishReason` may come before the last parts, so a choice is closed when the stream ends.
//! - Offsets of citations count bytes.
//! - A key that is not valid is a 400.
//! - There are two schema fields: an OpenAPI subset that refuses what it does not know, and JSON
//!   Schema, which ignores it. This provider writes the latter.

mod call;
mod citations;
mod contents;
mod fault;
mod generation;
mod logprobs;
mod reply;
mod schema;
mod stream;
mod tools;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use ironward_core::{AuthScheme, Fault, UpstreamRequest};
use ironward_wire::{Call, Content, Dialect, Reply, StreamDecoder};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{Provider, Target, Vendor};

pub(crate) const VENDOR: Vendor = Vendor {
    provider: &Gemini,
    aliases: &[],
    base_url: Some("https://generativelanguage.googleapis.com"),
    key_variables: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
    base_variables: &["GEMINI_API_BASE"],
    keyless: false,
};

const NAME: &str = "gemini";

struct Gemini;

impl Provider for Gemini {
    fn name(&self) -> &'static str {
        NAME
    }

    fn speaks(&self, _dialect: Dialect) -> bool {
        false
    }

    fn encode(&self, call: &Call, target: &Target<'_>) -> Result<UpstreamRequest, Fault> {
        let (method, body) = match (call.dialect, call.content()?) {
            (_, Content::Embeddings(_)) => {
                ("batchEmbedContents", call::encode_embeddings(call, target)?)
            }
            (Dialect::AnthropicCountTokens, Content::Chat(_)) => {
                ("countTokens", call::encode_count(call, target)?)
            }
            (_, Content::Chat(_)) if call.stream => (
                "streamGenerateContent?alt=sse",
                call::encode_chat(call, target)?,
            ),
            (_, Content::Chat(_)) => ("generateContent", call::encode_chat(call, target)?),
        };
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        Ok(UpstreamRequest {
            method: Method::POST,
            path: format!(
                "/v1beta/models/{}:{method}",
                utf8_percent_encode(model_name(target.model), SEGMENT)
            ),
            headers,
            body: body.into(),
            auth: AuthScheme::Header(HeaderName::from_static("x-goog-api-key")),
            stream: call.stream,
        })
    }

    fn decode(&self, call: &Call, body: &Bytes) -> Result<Reply, Fault> {
        match (call.dialect, call.content()?) {
            (_, Content::Embeddings(_)) => reply::decode_embeddings(body).map(Reply::Embeddings),
            (Dialect::AnthropicCountTokens, Content::Chat(_)) => {
                reply::decode_count(body).map(Reply::TokenCount)
            }
            (_, Content::Chat(_)) => reply::decode_chat(body).map(Reply::Chat),
        }
    }

    fn stream(&self, _call: &Call) -> Result<Box<dyn StreamDecoder>, Fault> {
        Ok(Box::new(stream::Decoder::default()))
    }

    fn classify(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Fault {
        fault::classify(status, headers, body)
    }

    fn base_path<'a>(&self, written: &'a str) -> &'a str {
        ["/v1beta/models", "/v1beta", "/v1"]
            .iter()
            .find_map(|path| written.strip_suffix(path))
            .unwrap_or(written)
    }
}

/// Everything but what RFC 3986 calls unreserved: a model's name stays one path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The model without the `models/` that people copy with it.
fn model_name(written: &str) -> &str {
    written.strip_prefix("models/").unwrap_or(written)
}
