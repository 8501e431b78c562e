//! The request side: what a vendor took from the recorded client, the gateway takes and sends on.

use ironward_provider::{Target, find};
use ironward_wire::{Body, Call, Content, Dialect, anthropic_messages, openai_chat};
use serde_json::Value;

use crate::exchange::{Exchange, deployment};

/// One provider of each codec, and the vendors with the most quirks.
const CROSS: [&str; 8] = [
    "anthropic",
    "gemini",
    "ollama",
    "openai",
    "azure",
    "mistral",
    "publicai",
    "openrouter",
];

/// Fields that the gateway sets, renames or takes out by intent.
const CHANGED: [&str; 8] = [
    "max_completion_tokens",
    "max_tokens",
    "metadata",
    "model",
    "n",
    "seed",
    "stream_options",
    "messages",
];

pub(crate) fn check(exchange: &Exchange) -> Result<(), String> {
    let Some(call) = exchange.call() else {
        return Ok(());
    };
    let accepted = exchange.is_success();
    let (call, written) = match call {
        Ok(call) => call,
        Err(reason) if accepted => return Err(reason),
        Err(_) => return Ok(()),
    };
    if accepted {
        forwarded(exchange, &call, &written)?;
    }
    match call.content() {
        Ok(Content::Chat(_)) => written_again(&call)?,
        Ok(Content::Embeddings(_)) => {}
        Err(fault) if accepted => return Err(format!("decode_call: {fault}")),
        Err(_) => {}
    }
    CROSS.iter().try_for_each(|vendor| cross(&call, vendor))
}

/// The vendor that took the call has to get it again, but for what is changed by intent.
fn forwarded(exchange: &Exchange, call: &Call, written: &Value) -> Result<(), String> {
    if !exchange.provider().speaks(call.dialect) {
        return Err(format!(
            "{} does not speak {}",
            exchange.vendor,
            call.dialect.label()
        ));
    }
    let sent = encode(exchange.vendor, call, false)?;
    for (name, value) in written.as_object().into_iter().flatten() {
        let is_changed = CHANGED.contains(&name.as_str()) || value.is_null();
        if !is_changed && sent.get(name) != Some(value) {
            return Err(format!("'{name}' is sent as {:?}", sent.get(name)));
        }
    }
    let texts = |body: &Value| {
        let messages = body.get("messages").and_then(Value::as_array);
        let said = |message: &Value| {
            ["role", "content", "tool_calls", "tool_call_id"]
                .map(|field| message.get(field).cloned())
        };
        messages.map(|list| list.iter().map(said).collect::<Vec<_>>())
    };
    let (sent, written) = (without_markers(sent), without_markers(written.clone()));
    if texts(&sent) != texts(&written) {
        return Err(format!("messages were changed: {:?}", texts(&sent)));
    }
    Ok(())
}

/// `body` without what is taken out or written otherwise for most vendors by intent.
fn without_markers(body: Value) -> Value {
    match body {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, _)| name != "cache_control")
            .map(|(name, value)| (name, without_markers(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_markers).collect(),
        other => other,
    }
}

/// Any conversation can be written in both dialects, and reads the same again.
fn written_again(call: &Call) -> Result<(), String> {
    let chat = call.chat().map_err(|fault| fault.to_string())?;
    if call.dialect == Dialect::OpenAiChat {
        let body = openai_chat::encode_call(chat, "model", call.stream);
        let body = body.map_err(|fault| format!("openai_chat::encode_call: {fault}"))?;
        let body = Body::read(body).map_err(|fault| fault.to_string())?;
        let again = openai_chat::decode_call(&body)
            .map_err(|fault| format!("our own call is refused: {fault}"))?;
        same("messages", &chat.messages, &again.messages)?;
        same("tools", &chat.tools, &again.tools)?;
        same("tool_choice", &chat.tool_choice, &again.tool_choice)?;
        same("output", &chat.output, &again.output)?;
        same("sampling", &chat.sampling, &again.sampling)?;
    }
    if call.dialect == Dialect::AnthropicMessages {
        let body = anthropic_messages::encode_call(chat, "model", call.stream);
        let body = body.map_err(|fault| format!("anthropic_messages::encode_call: {fault}"))?;
        let body = Body::read(body).map_err(|fault| fault.to_string())?;
        let again = anthropic_messages::decode_call(&body)
            .map_err(|fault| format!("our own call is refused: {fault}"))?;
        same("messages", &chat.messages, &again.messages)?;
        same("tools", &chat.tools, &again.tools)?;
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, one: &T, two: &T) -> Result<(), String> {
    if one == two {
        return Ok(());
    }
    Err(format!(
        "{what} read differently again:\n  {one:?}\n  {two:?}"
    ))
}

/// Every other provider writes the call or refuses it by name; what it writes is sound.
fn cross(call: &Call, vendor: &'static str) -> Result<(), String> {
    let provider = find(vendor).unwrap().provider;
    let deployment = deployment(provider.name());
    for drop_unsupported in [true, false] {
        let target = Target {
            deployment: &deployment,
            model: "model",
            drop_unsupported,
        };
        let Ok(request) = provider.encode(call, &target) else {
            continue;
        };
        if !request.path.starts_with('/') {
            return Err(format!("{vendor}: the path is {}", request.path));
        }
        let body = Body::read(request.body);
        let body = body.map_err(|fault| format!("{vendor} sends what is not sound: {fault}"))?;
        let is_chat = matches!(call.content(), Ok(Content::Chat(_)));
        if is_chat
            && !matches!(vendor, "anthropic" | "gemini" | "ollama")
            && body.field("messages").is_some()
        {
            openai_chat::decode_call(&body)
                .map_err(|fault| format!("{vendor}: our own call is refused: {fault}"))?;
        }
        if is_chat && vendor == "anthropic" {
            anthropic_messages::decode_call(&body)
                .map_err(|fault| format!("{vendor}: our own call is refused: {fault}"))?;
        }
    }
    Ok(())
}

fn encode(vendor: &'static str, call: &Call, drop_unsupported: bool) -> Result<Value, String> {
    let provider = find(vendor).unwrap().provider;
    let deployment = deployment(provider.name());
    let target = Target {
        deployment: &deployment,
        model: &call.model,
        drop_unsupported,
    };
    let request = provider
        .encode(call, &target)
        .map_err(|fault| format!("encode: {fault}"))?;
    serde_json::from_slice(&request.body).map_err(|error| format!("the sent body: {error}"))
}
