use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use http_body::Body as HttpBody;
use http_body_util::BodyExt as _;
use ironward_core::{Fault, FaultKind, Turn};
use ironward_wire::{Body, Call, Dialect};

mod blocks;

use self::blocks::Blocks;
use super::asks;
use crate::side_pool::{SidePool, Work};
use crate::{Buffers, Settings};

/// Fields by which a caller of other gateways names where a call goes or with which key: refused by
/// name, at the top and inside the objects that such fields were hidden in.
const CONTROL_FIELDS: [&str; 30] = [
    "api_base",
    "base_url",
    "api_key",
    "user_config",
    "model_list",
    "litellm_params",
    "extra_body",
    "extra_headers",
    "extra_query",
    "headers",
    "custom_llm_provider",
    "litellm_credential_name",
    "azure_ad_token",
    "vertex_credentials",
    "vertex_ai_credentials",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_sts_endpoint",
    "aws_web_identity_token",
    "aws_role_name",
    "aws_profile_name",
    "aws_bedrock_runtime_endpoint",
    "s3_endpoint_url",
    "sagemaker_base_url",
    "deployment_url",
    "proxy_server_request",
    "secret_fields",
    "mock_response",
    "mock_tool_calls",
];

/// Objects in whose top level those fields are refused too.
const CONTAINERS: [&str; 3] = ["metadata", "litellm_metadata", "fallbacks"];

/// Headers that belong to a dialect and go on to a provider that speaks it.
const FORWARDED: [HeaderName; 2] = [
    HeaderName::from_static("anthropic-beta"),
    HeaderName::from_static("anthropic-version"),
];

/// A call, and what its body says that is no provider's business.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) call: Arc<Call>,
    /// The end user whom it is for.
    pub(crate) customer: Option<String>,
}

/// bytes -> Call: bounded in size and time, strict JSON; what is authorised is what is sent.
pub(crate) async fn read_call<B>(
    (settings, (side_pool, buffers)): (&Settings, (&SidePool, &Arc<Buffers>)),
    head: &Parts,
    body: B,
    dialect: Dialect,
    path_model: Option<String>,
) -> Result<Arrived, Fault>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    check_head(&head.headers, settings.body_limit)?;
    let read = read_body(body, settings.body_limit, buffers);
    let blocks = tokio::time::timeout(settings.body_timeout, read)
        .await
        .map_err(|_| {
            let limit = settings.body_timeout.as_secs();
            Fault::downstream(
                FaultKind::Timeout,
                format!("the request's body did not arrive within {limit} s"),
            )
        })??;
    let (size, forwarded) = (blocks.size(), forwarded_headers(&head.headers));
    let customer = asks::customer_in(&head.headers);
    let read = move || {
        let body = Body::read(blocks.joined())?;
        refuse_control_fields(&body)?;
        let customer = customer.or_else(|| asks::customer_of(&body));
        Ok((Call::read(dialect, body, path_model.as_deref())?, customer))
    };
    let (mut call, customer) = side_pool.run(Work::Pass, size, read).await?;
    call.forwarded = forwarded;
    if call.model.contains("://") {
        return Err(Fault::invalid(
            "model",
            "'model' is a URL; name a model group of the gateway",
        ));
    }
    if call.model.split('/').any(|part| matches!(part, "." | "..")) {
        return Err(Fault::invalid(
            "model",
            "'model' is a path; name a model group of the gateway",
        ));
    }
    let call = Arc::new(call);
    Ok(Arrived { call, customer })
}

/// Claude Code and Codex send parameters that only their own vendor takes; LiteLLM drops them for
/// these clients unasked, and so do we.
pub(crate) fn is_tolerant_client(headers: &HeaderMap) -> bool {
    let agent = headers
        .get(USER_AGENT)
        .map_or(&b""[..], |value| value.as_bytes());
    [&b"claude-cli/"[..], b"codex_cli_rs/", b"codex_exec/"]
        .iter()
        .any(|known| agent.starts_with(known))
}

fn check_head(headers: &HeaderMap, limit: usize) -> Result<(), Fault> {
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| encoding != "identity")
    {
        return Err(Fault::downstream(
            FaultKind::UnsupportedMediaType,
            "compressed request bodies are not taken; send the body without content-encoding",
        ));
    }
    if headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| !is_json(kind.as_bytes()))
    {
        return Err(Fault::downstream(
            FaultKind::UnsupportedMediaType,
            "the body has to be JSON; send content-type: application/json",
        ));
    }
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    Ok(())
}

fn is_json(content_type: &[u8]) -> bool {
    let kind = content_type
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    kind.eq_ignore_ascii_case(b"application/json") || kind.to_ascii_lowercase().ends_with(b"+json")
}

async fn read_body<B>(mut body: B, limit: usize, buffers: &Arc<Buffers>) -> Result<Blocks, Fault>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let mut blocks = Blocks::new(buffers);
    let mut turn = Turn::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Fault::downstream(FaultKind::BadRequest, "the request's body broke off")
                .with_cause(error)
        })?;
        let Ok(chunk) = frame.into_data() else {
            continue;
        };
        let moved = chunk.len();
        if blocks.size().saturating_add(moved) > limit {
            return Err(too_large(limit));
        }
        blocks.push(chunk, body.size_hint().lower());
        if turn.ends_with(moved) {
            tokio::task::yield_now().await;
        }
    }
    Ok(blocks)
}

fn refuse_control_fields(body: &Body) -> Result<(), Fault> {
    if let Some(name) = body.names().find(|name| is_control_field(name)) {
        return Err(refused(name, name));
    }
    for container in CONTAINERS {
        // `fallbacks` may be a list of objects; everything else that is no object holds no fields.
        let Some(text) = body.field(container) else {
            continue;
        };
        let objects: Vec<Fields<'_>> = if text.starts_with('[') {
            serde_json::from_str::<Vec<MaybeFields<'_>>>(text)
                .unwrap_or_default()
                .into_iter()
                .filter_map(|item| item.0)
                .collect()
        } else {
            serde_json::from_str::<Fields<'_>>(text)
                .into_iter()
                .collect()
        };
        for name in objects.iter().flat_map(|fields| fields.keys()) {
            if is_control_field(name) {
                return Err(refused(&format!("{container}.{name}"), name));
            }
        }
    }
    Ok(())
}

type Fields<'a> =
    std::collections::HashMap<std::borrow::Cow<'a, str>, &'a serde_json::value::RawValue>;

/// An object's fields, or nothing for any other value.
struct MaybeFields<'a>(Option<Fields<'a>>);

impl<'de> serde::Deserialize<'de> for MaybeFields<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&serde_json::value::RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}

/// In any spelling: a lenient reader after us might take `API_BASE` for it.
fn is_control_field(name: &str) -> bool {
    CONTROL_FIELDS
        .iter()
        .any(|field| field.eq_ignore_ascii_case(name))
}

fn refused(path: &str, name: &str) -> Fault {
    let path: String = path.chars().take(64).collect();
    let name = CONTROL_FIELDS
        .iter()
        .find(|field| field.eq_ignore_ascii_case(name))
        .unwrap_or(&"this");
    Fault::invalid(
        path,
        format!(
            "'{name}' cannot be set by a call; upstreams and their keys come from the gateway's configuration"
        ),
    )
}

fn forwarded_headers(headers: &HeaderMap) -> HeaderMap {
    let mut forwarded = HeaderMap::new();
    for name in FORWARDED {
        if let Some(value) = headers.get(&name) {
            forwarded.insert(name, value.clone());
        }
    }
    forwarded
}

fn too_large(limit: usize) -> Fault {
    Fault::downstream(
        FaultKind::TooLarge,
        format!("the request's body is over the limit of {limit} bytes"),
    )
}

#[cfg(test)]
mod tests;
