//! Ollama's own API: `/api/chat` and `/api/embed`. <https://docs.ollama.com/api>
//!
//! Quirks:
//! - A stream is JSON lines; an error may be one of them, under status 200.
//! - Tool arguments are objects; results are matched by the tool's *name* and by their order.
//! - Pictures are base64 only, beside the text.
//! - There is no `tool_choice`: `none` is kept by not sending the tools.
//! - Only gpt-oss knows levels of thinking; every other model takes yes or no.
//! - Nothing counts tokens without a reply.

mod call;
mod messages;
mod reply;
mod stream;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ironward_core::{AuthScheme, Fault, FaultKind, Retry, Side, UpstreamRequest};
use ironward_wire::{Call, Content, Dialect, Reply, StreamDecoder};
use serde::Deserialize;

use crate::{Local, Provider, Target, Vendor, estimate, status};

pub(crate) const VENDOR: Vendor = Vendor {
    provider: &Ollama,
    aliases: &["ollama_chat"],
    base_url: Some("http://localhost:11434"),
    key_variables: &["OLLAMA_API_KEY"],
    // Not OLLAMA_HOST: that is where a server listens, often `0.0.0.0` and without a scheme.
    base_variables: &["OLLAMA_API_BASE"],
    keyless: true,
};

const NAME: &str = "ollama";

struct Ollama;

impl Provider for Ollama {
    fn name(&self) -> &'static str {
        NAME
    }

    fn speaks(&self, _dialect: Dialect) -> bool {
        false
    }

    fn encode(&self, call: &Call, target: &Target<'_>) -> Result<UpstreamRequest, Fault> {
        let (path, body) = match (call.dialect, call.content()?) {
            (Dialect::AnthropicCountTokens, _) => return Err(cannot_count()),
            (_, Content::Embeddings(_)) => ("/api/embed", call::encode_embeddings(call, target)?),
            (_, Content::Chat(_)) => ("/api/chat", call::encode_chat(call, target)?),
        };
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        Ok(UpstreamRequest {
            method: Method::POST,
            path: path.to_owned(),
            headers,
            body: body.into(),
            // A local server has no key, and egress sends none then; Ollama's cloud has one.
            auth: AuthScheme::Bearer,
            stream: call.stream,
        })
    }

    fn decode(&self, call: &Call, body: &Bytes) -> Result<Reply, Fault> {
        match (call.dialect, call.content()?) {
            (Dialect::AnthropicCountTokens, _) => Err(cannot_count()),
            (_, Content::Embeddings(_)) => reply::decode_embeddings(body).map(Reply::Embeddings),
            (_, Content::Chat(_)) => reply::decode_chat(body).map(Reply::Chat),
        }
    }

    fn stream(&self, _call: &Call) -> Result<Box<dyn StreamDecoder>, Fault> {
        Ok(Box::new(stream::Decoder::default()))
    }

    fn classify(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Fault {
        #[derive(Deserialize)]
        struct Body {
            error: String,
        }
        match serde_json::from_slice::<Body>(body) {
            Ok(body) => fault(status, headers, &body.error),
            Err(_) => status::fault(
                status,
                headers,
                format!("the provider answered with status {}", status.as_u16()),
            )
            .with_cause(String::from_utf8_lossy(body)),
        }
    }

    fn base_path<'a>(&self, written: &'a str) -> &'a str {
        ["/api", "/v1"]
            .iter()
            .find_map(|path| written.strip_suffix(path))
            .unwrap_or(written)
    }

    fn local(&self, dialect: Dialect) -> Option<Local> {
        estimate::local(dialect)
    }
}

fn cannot_count() -> Fault {
    Fault::downstream(
        FaultKind::BadRequest,
        "ollama cannot count tokens before it replies",
    )
}

/// The fault of an error's text, which is all that Ollama gives beside the status.
fn fault(status: StatusCode, headers: &HeaderMap, error: &str) -> Fault {
    let message = error.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut fault = status::fault(status, headers, message);
    if error.contains("exceeds the context length") || error.contains("exceeded max context length")
    {
        fault.kind = FaultKind::ContextWindowExceeded;
        fault.side = Side::Downstream;
        fault.retry = Retry::Never;
    }
    if fault.kind == FaultKind::UpstreamAuthentication {
        fault.cause = Some(std::mem::replace(
            &mut fault.message,
            "ollama refused the gateway's API key".into(),
        ));
    }
    fault
}
