//! Anthropic: `POST /v1/messages` and `/v1/messages/count_tokens`.
//! <https://docs.anthropic.com/en/api/messages>
//!
//! - The limit of output tokens is required; a call of another dialect without one gets 4096.
//! - `anthropic-version` names the format, `anthropic-beta` switches features on; a client of this
//!   dialect chooses both, and a call of another dialect may bring the latter.
//! - There is no form for a seed, penalties, log-probabilities, several replies or a JSON object
//!   without a schema, and there are no embeddings.
//! - A bad request, a prompt that is too long, refused content and an empty account are all
//!   `invalid_request_error`; only the message tells them apart.
//! - Overload is status 529.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use ironward_core::{AuthScheme, Fault, ParamPolicy, Pieces, Retry, UpstreamRequest};
use ironward_wire::{
    Call, Chat, Dialect, PartBody, Reply, Source, StreamDecoder, anthropic_messages,
};

use crate::params::{self, Field, Forms};
use crate::{Provider, Target, Vendor, status};

pub(crate) const VENDOR: Vendor = Vendor {
    provider: &Anthropic,
    aliases: &[],
    base_url: Some("https://api.anthropic.com"),
    key_variables: &["ANTHROPIC_API_KEY"],
    base_variables: &["ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL"],
    keyless: false,
};

struct Anthropic;

const NAME: &str = "anthropic";

/// What a conversation in another dialect may ask for. The native fields are those that LiteLLM's
/// users write beside OpenAI's.
const FORMS: Forms = Forms {
    provider: NAME,
    fields: &[
        Field::TopK,
        Field::JsonSchema,
        Field::Tools,
        Field::ToolChoice,
        Field::ParallelToolCalls,
        Field::Reasoning,
    ],
    native: &[
        "cache_control",
        "container",
        "context_management",
        "inference_geo",
        "mcp_servers",
        "output_config",
        "speed",
    ],
};

/// The fields that a deployment's defaults may set on a call in this dialect.
const MESSAGES_FIELDS: [&str; 19] = [
    "cache_control",
    "container",
    "context_management",
    "inference_geo",
    "max_tokens",
    "mcp_servers",
    "metadata",
    "output_config",
    "output_format",
    "service_tier",
    "speed",
    "stop_sequences",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];

/// Those of them that `count_tokens` knows; it refuses the others.
const COUNT_FIELDS: [&str; 5] = [
    "system",
    "thinking",
    "tool_choice",
    "tools",
    "output_config",
];

const VERSION: HeaderName = HeaderName::from_static("anthropic-version");
const BETA: HeaderName = HeaderName::from_static("anthropic-beta");
const WRITTEN_VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");
const FILES_BETA: HeaderValue = HeaderValue::from_static("files-api-2025-04-14");

impl Provider for Anthropic {
    fn name(&self) -> &'static str {
        NAME
    }

    fn speaks(&self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::AnthropicMessages | Dialect::AnthropicCountTokens => true,
            Dialect::OpenAiChat | Dialect::OpenAiCompletions | Dialect::OpenAiEmbeddings => false,
        }
    }

    fn encode(&self, call: &Call, target: &Target<'_>) -> Result<UpstreamRequest, Fault> {
        match call.dialect {
            Dialect::AnthropicMessages | Dialect::AnthropicCountTokens => Ok(forward(call, target)),
            Dialect::OpenAiChat | Dialect::OpenAiCompletions => translate(call, target),
            Dialect::OpenAiEmbeddings => Err(Fault::invalid(
                "model",
                "anthropic has no embeddings; name a model group of another provider",
            )),
        }
    }

    fn decode(&self, _: &Call, body: &Bytes) -> Result<Reply, Fault> {
        anthropic_messages::decode_reply(body).map(Reply::Chat)
    }

    fn stream(&self, _: &Call) -> Result<Box<dyn StreamDecoder>, Fault> {
        Ok(Box::new(anthropic_messages::Decoder::default()))
    }

    fn classify(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Fault {
        classify(status, headers, body)
    }

    fn base_path<'a>(&self, written: &'a str) -> &'a str {
        let path = written.trim_end_matches('/');
        let path = path.strip_suffix("/messages").unwrap_or(path);
        path.strip_suffix("/v1").unwrap_or(path)
    }
}

/// The client's own body, with what the deployment says about it.
fn forward(call: &Call, target: &Target<'_>) -> UpstreamRequest {
    let policy = &target.deployment.params;
    let (path, fields, policy): (_, &[&str], _) = match call.dialect {
        Dialect::AnthropicCountTokens => {
            let counting = ParamPolicy {
                extra_body: Vec::new(),
                ..policy.clone()
            };
            (COUNT_PATH, &COUNT_FIELDS, Cow::Owned(counting))
        }
        _ => (MESSAGES_PATH, &MESSAGES_FIELDS, Cow::Borrowed(policy)),
    };
    let mut patch = call.body.patch();
    patch.set_str("model", target.model);
    params::apply(&mut patch, &policy, |name| fields.contains(&name));
    let version = call.forwarded.get(VERSION).cloned();
    let headers = headers(call, version.unwrap_or(WRITTEN_VERSION));
    request(path, headers, patch.into_pieces(), call.stream)
}

/// A new body from a call in another dialect.
fn translate(call: &Call, target: &Target<'_>) -> Result<UpstreamRequest, Fault> {
    let prepared = params::prepare(call, target)?;
    let call = prepared.call();
    let chat = without_foreign_tools(call.chat()?, target)?;
    let passed = params::check(call, call.chat()?, target, &FORMS)?;
    let body = anthropic_messages::encode_call(&chat, target.model, call.stream)?;
    let body = params::finish(body, &passed, &target.deployment.params)?;
    let mut headers = headers(call, WRITTEN_VERSION);
    if names_a_file(&chat) {
        headers.append(BETA, FILES_BETA);
    }
    Ok(request(MESSAGES_PATH, headers, body.into(), call.stream))
}

const MESSAGES_PATH: &str = "/v1/messages";
const COUNT_PATH: &str = "/v1/messages/count_tokens";

fn request(path: &str, headers: HeaderMap, body: Pieces, stream: bool) -> UpstreamRequest {
    UpstreamRequest {
        method: Method::POST,
        path: path.to_owned(),
        headers,
        body,
        auth: AuthScheme::Header(HeaderName::from_static("x-api-key")),
        stream,
    }
}

fn headers(call: &Call, version: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(VERSION, version);
    for beta in call.forwarded.get_all(BETA) {
        headers.append(BETA, beta.clone());
    }
    headers
}

/// The conversation without the tools that another vendor runs.
fn without_foreign_tools<'a>(chat: &'a Chat, target: &Target<'_>) -> Result<Cow<'a, Chat>, Fault> {
    let is_foreign = |tool: &ironward_wire::Tool| {
        let builtin = tool.builtin.as_ref();
        builtin.is_some_and(|tool| !anthropic_messages::is_own_tool(tool))
    };
    let Some(first) = chat.tools.iter().position(is_foreign) else {
        return Ok(Cow::Borrowed(chat));
    };
    target.unsupported(NAME, &format!("tools[{first}]"))?;
    let mut chat = chat.clone();
    chat.tools.retain(|tool| !is_foreign(tool));
    Ok(Cow::Owned(chat))
}

/// Whether the conversation points to an uploaded file, which is a feature to switch on.
/// <https://docs.anthropic.com/en/docs/build-with-claude/files>
fn names_a_file(chat: &Chat) -> bool {
    let parts = chat.messages.iter().flat_map(|message| &message.parts);
    parts.into_iter().any(|part| match &part.body {
        PartBody::Image(image) => matches!(image.source, Source::File(_)),
        PartBody::Document { source, .. } => matches!(source, Source::File(_)),
        _ => false,
    })
}

fn classify(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Fault {
    let by_status = status::fault(
        status,
        headers,
        format!("anthropic answered with status {}", status.as_u16()),
    );
    let Some(error) = anthropic_messages::UpstreamError::read(body) else {
        return by_status;
    };
    // A type that is not known yet, or that says no more than that it failed: the status knows
    // better.
    let is_vague = error.error_type == "api_error" && status != StatusCode::INTERNAL_SERVER_ERROR;
    if is_vague || error.kind().is_none() {
        return by_status
            .with_code(error.error_type)
            .with_cause(error.message);
    }
    let mut fault = error.into_fault().with_upstream_status(status.as_u16());
    if let Some(after) = by_status.retry_after() {
        fault.retry = match fault.retry {
            Retry::Never => Retry::Never,
            Retry::Elsewhere(_) => Retry::Elsewhere(Some(after)),
            Retry::Again(_) => Retry::Again(Some(after)),
        };
    }
    fault
}
