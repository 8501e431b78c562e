//! The request side: what a vendor took from the recorded client, the gateway takes and sends on.

use std::fmt::Debug;

use ironward_core::{Fault, FaultKind};
use ironward_provider::{Target, find};
use ironward_wire::{
    Body, Call, Chat, Content, Dialect, Part, PartBody, Role, anthropic_messages, openai_chat,
};
use serde_json::Value;

use crate::exchange::{Exchange, deployment};
use crate::report::difference;

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
        // A prompt of tokens goes to vendors with the legacy endpoint only.
        Err(_) if call.dialect == Dialect::OpenAiCompletions => {}
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

/// What the client's own dialect is written as reads the same again, but for what it has no form
/// for by intent (see [`Known`]). A call that needs the vendor's own form is refused by name.
fn written_again(call: &Call) -> Result<(), String> {
    type Decode = fn(&Body) -> Result<Chat, Fault>;
    let chat = call.chat().map_err(|fault| fault.to_string())?;
    let (body, decode): (_, Decode) = match call.dialect {
        Dialect::OpenAiChat => (
            openai_chat::encode_call(chat, "model", call.stream),
            openai_chat::decode_call,
        ),
        Dialect::AnthropicMessages => (
            anthropic_messages::encode_call(chat, "model", call.stream),
            anthropic_messages::decode_call,
        ),
        _ => return Ok(()),
    };
    let body = match body {
        Ok(body) => Body::read(body).map_err(|fault| fault.to_string())?,
        Err(fault) => return refused_by_name(&fault),
    };
    let again = decode(&body).map_err(|fault| format!("our own call is refused: {fault}"))?;
    let (one, two) = (Known::of(chat), Known::of(&again));
    same("messages", &one.messages, &two.messages)?;
    same("tools", &one.tools, &two.tools)?;
    same("output", &chat.output, &again.output)?;
    same("stop", &chat.sampling.stop, &again.sampling.stop)?;
    same("limit", &chat.max_output_tokens, &again.max_output_tokens)
}

fn refused_by_name(fault: &Fault) -> Result<(), String> {
    let is_clear = matches!(
        fault.kind,
        FaultKind::BadRequest | FaultKind::UnsupportedParam
    );
    let names_it = fault.param.is_some() || fault.message.contains('\'');
    if is_clear && names_it {
        return Ok(());
    }
    Err(format!("encode_call: {fault}"))
}

/// A conversation without what is not written again by intent: thinking without its proof, cache
/// markers, and where one message ends and the next of the same speaker begins.
#[derive(Debug)]
struct Known {
    messages: Vec<(Role, PartBody)>,
    tools: Vec<Value>,
}

impl Known {
    fn of(chat: &Chat) -> Self {
        let mut known = Self {
            messages: Vec::new(),
            tools: Vec::new(),
        };
        for message in &chat.messages {
            for part in &message.parts {
                known.part(message.role, &part.body);
            }
        }
        for tool in &chat.tools {
            let mut schema: Value = tool.parameters.read("parameters").unwrap();
            if let Value::Object(fields) = &mut schema {
                fields.entry("type").or_insert_with(|| "object".into());
            }
            let builtin = tool
                .builtin
                .as_ref()
                .map(|json| json.read::<Value>("tool").unwrap());
            known.tools.push(serde_json::json!([
                tool.name,
                tool.description,
                schema,
                builtin.map(|json| json.get("type").cloned())
            ]));
        }
        known
    }

    fn part(&mut self, role: Role, body: &PartBody) {
        // Anthropic has no instructions in the middle of a conversation but by a beta.
        let begins = self.messages.iter().all(|(role, _)| *role == Role::System);
        let role = if role == Role::System && !begins {
            Role::User
        } else {
            role
        };
        let body = match body {
            PartBody::Thinking { .. } | PartBody::RedactedThinking(_) => return,
            PartBody::Text(text) if text.trim().is_empty() => return,
            PartBody::ToolResult {
                call_id,
                content,
                is_error,
            } => PartBody::ToolResult {
                call_id: call_id.clone(),
                content: content
                    .iter()
                    .map(|part| Part::new(part.body.clone()))
                    .collect(),
                is_error: *is_error,
            },
            PartBody::ToolCall {
                id,
                name,
                arguments,
                signature,
            } => PartBody::ToolCall {
                id: id.clone(),
                name: name.clone(),
                arguments: serde_json::from_str::<Value>(arguments)
                    .map_or_else(|_| arguments.clone(), |value| value.to_string()),
                signature: signature.clone(),
            },
            // OpenAI's files have to have a name.
            PartBody::Document { source, .. } => PartBody::Document {
                source: source.clone(),
                title: None,
            },
            other => other.clone(),
        };
        // Texts of one turn may be written as one.
        if let (PartBody::Text(more), Some((last_role, PartBody::Text(last)))) =
            (&body, self.messages.last_mut())
            && *last_role == role
        {
            last.push_str(more);
            return;
        }
        self.messages.push((role, body));
    }
}

fn same<T: PartialEq + Debug>(what: &str, one: &T, two: &T) -> Result<(), String> {
    if one == two {
        return Ok(());
    }
    Err(difference(
        &format!("{what} read differently again"),
        one,
        two,
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
        let body = Body::read(request.body.joined());
        let body = body.map_err(|fault| format!("{vendor} sends what is not sound: {fault}"))?;
        let is_chat = matches!(call.content(), Ok(Content::Chat(_)));
        if is_chat
            && !matches!(vendor, "anthropic" | "gemini" | "ollama")
            && body.field("messages").is_some()
        {
            openai_chat::decode_call(&body)
                .map_err(|fault| format!("{vendor}: our own call is refused: {fault}"))?;
        }
        let counts = call.dialect == Dialect::AnthropicCountTokens;
        if is_chat && vendor == "anthropic" && !counts {
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
    serde_json::from_slice(&request.body.joined())
        .map_err(|error| format!("the sent body: {error}"))
}
