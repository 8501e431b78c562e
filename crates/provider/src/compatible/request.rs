//! Writes the upstream request of a call: a patch of the client's own body, or of the one that the
//! chat codec wrote.

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method};
use ironward_core::{AuthScheme, Fault, FaultKind, Pieces, UpstreamRequest};
use ironward_wire::openai_chat::{self, Additions};
use ironward_wire::{Body, Call, Dialect, Patch};
use serde_json::{Map, Value};

use super::{Compatible, Quirk, messages};
use crate::params::{self, Field, Forms};
use crate::{Target, openai};

/// The upstream request with `body`.
pub(crate) fn request(
    path: String,
    auth: AuthScheme,
    body: Pieces,
    call: &Call,
    target: &Target<'_>,
) -> UpstreamRequest {
    let mut headers = target.deployment.extra_headers.clone();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let accept = if call.stream {
        "text/event-stream"
    } else {
        "application/json"
    };
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    UpstreamRequest {
        method: Method::POST,
        path,
        headers,
        body,
        auth,
        stream: call.stream,
    }
}

/// The endpoint for `call`, and its body as `vendor` takes it.
pub(crate) fn body(
    vendor: &Compatible,
    call: &Call,
    target: &Target<'_>,
) -> Result<(&'static str, Pieces), Fault> {
    if let Some(endpoint) = vendor.endpoints.native(call.dialect) {
        let body = patched(vendor, call, &call.body, target)?;
        return Ok((endpoint, body));
    }
    let missing = match call.dialect {
        Dialect::OpenAiEmbeddings => "embeddings",
        Dialect::AnthropicCountTokens => "count_tokens",
        Dialect::OpenAiChat | Dialect::OpenAiCompletions | Dialect::AnthropicMessages => {
            match vendor.endpoints.chat {
                Some(endpoint) => return Ok((endpoint, converted(vendor, call, target)?)),
                None => "chat completions",
            }
        }
    };
    Err(Fault::downstream(
        FaultKind::NotFound,
        format!("{missing} is not available for {} models", vendor.name),
    ))
}

/// The body of a call in another dialect.
fn converted(vendor: &Compatible, call: &Call, target: &Target<'_>) -> Result<Pieces, Fault> {
    let forms = Forms {
        provider: vendor.name,
        fields: &FIELDS,
        native: &[],
    };
    let prepared = params::prepare(call, target)?;
    let call = prepared.call();
    let chat = call.chat()?;
    let passed = params::check(call, chat, target, &forms)?;
    let additions = Additions {
        reasoning_content: vendor.has(Quirk::ReasoningContent),
        cache_control: vendor.has(Quirk::CacheControl),
        thought_signatures: false,
    };
    let written = openai_chat::encode_call_with(chat, target.model, call.stream, additions)?;
    let written = params::finish(written, &passed, &target.deployment.params)?;
    let mut written = Body::read(written)?;
    // Claude Code's ids of users are longer than OpenAI takes, and only a hint to it.
    let user = chat.user.as_deref().unwrap_or_default();
    if user.chars().count() > LONGEST_USER {
        let mut patch = written.patch();
        patch.remove("user");
        written = Body::read(patch.into_bytes())?;
    }
    patched(vendor, call, &written, target)
}

/// <https://platform.openai.com/docs/api-reference/chat/create#chat-create-safety_identifier>
const LONGEST_USER: usize = 64;

fn patched(
    vendor: &Compatible,
    call: &Call,
    body: &Body,
    target: &Target<'_>,
) -> Result<Pieces, Fault> {
    let policy = &target.deployment.params;
    let mut patch = body.patch();
    patch.set_str("model", target.model);
    if !vendor.has(Quirk::Gateway) {
        take_out_gateway_fields(vendor, &mut patch);
    }
    params::set_defaults(&mut patch, policy, |name| !vendor.refused.contains(&name));
    for name in &policy.always_drop {
        patch.remove(name);
    }
    for (from, to) in vendor.renames {
        patch.rename(from, to);
    }
    for field in vendor.refused {
        refuse(vendor, &mut patch, target, field)?;
    }
    for quirk in vendor.quirks {
        apply(*quirk, vendor, &mut patch, target)?;
    }
    rewrite_messages(vendor, &mut patch);
    if call.stream && !vendor.has(Quirk::NoStreamOptions) {
        ask_for_usage(&mut patch);
    }
    for (name, json) in &policy.extra_body {
        patch.set(name, &**json);
    }
    Ok(patch.into_pieces())
}

/// Refuses or removes `field` where the call has it; an operator may have allowed it.
fn refuse(
    vendor: &Compatible,
    patch: &mut Patch<'_>,
    target: &Target<'_>,
    field: &str,
) -> Result<(), Fault> {
    let allow = &target.deployment.params.allow;
    if allow.iter().any(|allowed| &**allowed == field) {
        return Ok(());
    }
    if patch.get(field).is_some() && !params::HINTS.contains(&field) {
        target.unsupported(vendor.name, field)?;
    }
    patch.remove(field);
    Ok(())
}

fn apply(
    quirk: Quirk,
    vendor: &Compatible,
    patch: &mut Patch<'_>,
    target: &Target<'_>,
) -> Result<(), Fault> {
    match quirk {
        Quirk::ReasoningModels => openai::fit_reasoning_model(vendor, patch, target)?,
        Quirk::NoStreamOptions => {
            patch.remove("stream_options");
        }
        Quirk::RequiredIsAny => {
            if patch.get("tool_choice") == Some("\"required\"") {
                patch.set_str("tool_choice", "any");
            }
        }
        Quirk::NoRequired => {
            if patch.get("tool_choice") == Some("\"required\"") {
                target.unsupported(vendor.name, "tool_choice")?;
                patch.remove("tool_choice");
            }
        }
        Quirk::NoJsonSchema => {
            let format = patch.get("response_format").unwrap_or_default();
            if format_type(format).as_deref() == Some("json_schema") {
                target.unsupported(vendor.name, "response_format")?;
                patch.set("response_format", r#"{"type":"json_object"}"#);
            }
        }
        Quirk::OneReply => {
            if patch.get("n").is_some_and(|n| n != "1") {
                target.unsupported(vendor.name, "n")?;
            }
            patch.remove("n");
        }
        Quirk::TemperatureUpTo(limit) => {
            let written = patch.get("temperature").and_then(|text| text.parse().ok());
            if written.is_some_and(|temperature: f64| temperature > limit) {
                patch.set("temperature", limit.to_string());
            }
        }
        Quirk::ModelPrefix(prefix) => {
            let is_short = !target.model.starts_with("accounts/") && !target.model.contains('#');
            if is_short && patch.get_bytes("messages").is_some() {
                patch.set_str("model", &format!("{prefix}{}", target.model));
            }
        }
        Quirk::StoreFalse => {
            patch.set_default("store", "false");
        }
        Quirk::TextAsString
        | Quirk::Developer
        | Quirk::CacheControl
        | Quirk::ReasoningContent
        | Quirk::StoredMetadata
        | Quirk::Gateway => {}
    }
    Ok(())
}

fn format_type(format: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Format {
        r#type: String,
    }
    serde_json::from_str(format)
        .ok()
        .map(|format: Format| format.r#type)
}

/// Takes out what is meant for the gateway and must not reach a vendor: LiteLLM's own fields, its
/// tags and trace ids in `metadata`, and whatever would name another host or credential.
fn take_out_gateway_fields(vendor: &Compatible, patch: &mut Patch<'_>) {
    while let Some(name) = gateway_field(patch) {
        patch.remove(name);
    }
    let keeps = vendor.has(Quirk::StoredMetadata)
        && patch.get("store") == Some("true")
        && patch.get("metadata").is_some_and(is_map_of_strings);
    if !keeps {
        patch.remove("metadata");
    }
}

fn gateway_field<'a>(patch: &Patch<'a>) -> Option<&'a str> {
    patch.names().find(|name| {
        name.starts_with("litellm_")
            || params::GATEWAY_FIELDS.binary_search(name).is_ok()
            || GATEWAY_FIELDS.binary_search(name).is_ok()
    })
}

fn is_map_of_strings(json: &str) -> bool {
    serde_json::from_str::<Map<String, Value>>(json)
        .is_ok_and(|map| map.values().all(Value::is_string))
}

fn rewrite_messages(vendor: &Compatible, patch: &mut Patch<'_>) {
    let rules = messages::Rules(vendor);
    let may_change = rules.joins_text() || patch.may_hold("messages", rules.words());
    if may_change
        && let Some(rewritten) = patch
            .get_bytes("messages")
            .and_then(|messages| rules.rewrite(messages))
    {
        patch.set("messages", rewritten);
    }
    if patch.may_hold("tools", [messages::CACHE_CONTROL])
        && let Some(rewritten) = patch
            .get_bytes("tools")
            .and_then(|tools| rules.rewrite_tools(tools))
    {
        patch.set("tools", rewritten);
    }
}

/// Asks for the usage chunk: a stream whose cost nobody knows is not sent. A client that did not
/// ask for it never sees it.
fn ask_for_usage(patch: &mut Patch<'_>) {
    let written = patch.get("stream_options").unwrap_or("{}");
    let mut options: Map<String, Value> = serde_json::from_str(written).unwrap_or_default();
    options.insert("include_usage".to_owned(), Value::Bool(true));
    patch.set("stream_options", Value::Object(options).to_string());
}

/// Fields for the gateway that only vendors of this format would see, beside those of `params`;
/// sorted.
const GATEWAY_FIELDS: [&str; 14] = [
    "callbacks",
    "client_side_timeout",
    "deployment_url",
    "disable_global_guardrail",
    "disable_global_guardrails",
    "enable_prompt_caching",
    "input_cost_per_token",
    "mock_delay",
    "model_info",
    "output_cost_per_token",
    "prompt_id",
    "prompt_variables",
    "proxy_server_request",
    "secret_fields",
];

/// What the chat codec has a form for; what a vendor refuses of it is in its row.
const FIELDS: [Field; 14] = [
    Field::TopK,
    Field::Seed,
    Field::FrequencyPenalty,
    Field::PresencePenalty,
    Field::LogitBias,
    Field::Several,
    Field::Logprobs,
    Field::TopLogprobs,
    Field::JsonObject,
    Field::JsonSchema,
    Field::Tools,
    Field::ToolChoice,
    Field::ParallelToolCalls,
    Field::Reasoning,
];

#[cfg(test)]
mod tests {
    #[test]
    fn fields_can_be_searched() {
        assert!(super::GATEWAY_FIELDS.is_sorted());
        assert!(crate::params::GATEWAY_FIELDS.is_sorted());
    }
}
