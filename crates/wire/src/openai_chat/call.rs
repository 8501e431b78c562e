//! Calls: [`decode_call`] reads a client's, [`encode_call`] writes one for an upstream.

mod message;
mod part;
mod tool;
mod write;
mod write_message;

use ironward_core::Fault;
use serde::Deserialize;
use serde_json::value::RawValue;

pub use write::{Additions, encode_call, encode_call_with};

use crate::node::Node;
use crate::{Body, CacheMarker, Chat, Effort, Json, OutputFormat, Reasoning, Sampling};

/// Reads a client's call.
///
/// LiteLLM's additions are understood: `thinking` and `cache_control` as Anthropic writes them,
/// `thinking_blocks` and `reasoning_content` on assistant messages, `top_k`. A top-level field
/// without a neutral form, or with a value that has none, is kept in [`Chat::extra`].
///
/// # Errors
/// A bad-request fault naming the field.
pub fn decode_call(body: &Body) -> Result<Chat, Fault> {
    let top = |name| Node::top(body, name);
    let mut extra = Vec::new();
    let messages = top("messages").ok_or_else(|| {
        Fault::invalid("messages", "'messages' is missing; give the conversation")
    })?;
    let mut tools = tool::decode_all(top("tools"), top("functions"))?;
    let choice = top("tool_choice").or_else(|| top("function_call"));
    let choice = choice
        .map(|node| tool::decode_choice(&node, &mut tools, &mut extra))
        .transpose()?;
    Ok(Chat {
        messages: message::decode_all(&messages)?,
        tool_choice: choice.flatten(),
        tools,
        parallel_tool_calls: read(top("parallel_tool_calls"), Node::boolean)?,
        output: output(top("response_format"), &mut extra)?,
        max_output_tokens: read(
            top("max_completion_tokens").or_else(|| top("max_tokens")),
            Node::count,
        )?,
        sampling: sampling(body)?,
        reasoning: reasoning(top("reasoning_effort"), top("thinking"), &mut extra)?,
        user: read(top("user"), Node::string)?,
        service_tier: read(top("service_tier"), Node::string)?,
        extra: with_unmodelled(extra, body)?,
    })
}

/// How tokens are drawn; legacy completions have the same fields, but for `logprobs`.
pub(crate) fn sampling(body: &Body) -> Result<Sampling, Fault> {
    let top = |name| Node::top(body, name);
    Ok(Sampling {
        temperature: read(top("temperature"), Node::float)?,
        top_p: read(top("top_p"), Node::float)?,
        top_k: read(top("top_k"), Node::count)?,
        seed: read(top("seed"), Node::integer)?,
        stop: stop(top("stop"))?,
        frequency_penalty: read(top("frequency_penalty"), Node::float)?,
        presence_penalty: read(top("presence_penalty"), Node::float)?,
        logit_bias: read(top("logit_bias"), Node::json_object)?,
        n: read(top("n"), Node::count)?,
        logprobs: read(top("logprobs"), Node::boolean)?,
        top_logprobs: read(top("top_logprobs"), Node::count)?,
    })
}

/// What `read` makes of a field that is there.
pub(crate) fn read<'a, 'p, T>(
    node: Option<Node<'a, 'p>>,
    read: impl FnOnce(&Node<'a, 'p>) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    node.as_ref().map(read).transpose()
}

fn stop(node: Option<Node<'_, '_>>) -> Result<Vec<String>, Fault> {
    let Some(node) = node else {
        return Ok(Vec::new());
    };
    if node.is_string() {
        return Ok(vec![node.string()?]);
    }
    if !node.is_array() {
        return Err(node.fault("a string or a list of strings"));
    }
    let mut texts = Vec::new();
    node.items(|item| {
        texts.push(item.string()?);
        Ok(())
    })?;
    Ok(texts)
}

#[derive(Deserialize)]
struct FormatFields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    json_schema: Option<&'a RawValue>,
    schema: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct SchemaFields<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    description: Option<&'a RawValue>,
    schema: Option<&'a RawValue>,
    strict: Option<&'a RawValue>,
}

fn output(
    node: Option<Node<'_, '_>>,
    extra: &mut Vec<(String, Json)>,
) -> Result<OutputFormat, Fault> {
    let Some(node) = node else {
        return Ok(OutputFormat::Text);
    };
    let fields: FormatFields<'_> = node.object()?;
    let kind = node.required("type", fields.kind)?.string()?;
    match kind.as_str() {
        "text" => Ok(OutputFormat::Text),
        // Together and llama.cpp take a schema beside `json_object`.
        "json_object" => Ok(match node.field("schema", fields.schema) {
            None => OutputFormat::JsonObject,
            Some(schema) => OutputFormat::JsonSchema {
                name: "response".to_owned(),
                description: None,
                schema: schema.json_object()?,
                strict: None,
            },
        }),
        "json_schema" => {
            let schema = node.required("json_schema", fields.json_schema)?;
            let fields: SchemaFields<'_> = schema.object()?;
            Ok(OutputFormat::JsonSchema {
                name: schema.required("name", fields.name)?.string()?,
                description: read(
                    schema.field("description", fields.description),
                    Node::string,
                )?,
                schema: read(schema.field("schema", fields.schema), Node::json_object)?
                    .unwrap_or_else(Json::empty_object),
                strict: read(schema.field("strict", fields.strict), Node::boolean)?,
            })
        }
        _ => {
            extra.push(("response_format".to_owned(), node.json()?));
            Ok(OutputFormat::Text)
        }
    }
}

#[derive(Deserialize)]
struct ThinkingFields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    budget_tokens: Option<&'a RawValue>,
    display: Option<&'a RawValue>,
}

/// `reasoning_effort`, and `thinking` as Anthropic, DeepSeek, Moonshot and Z.ai write it.
fn reasoning(
    effort: Option<Node<'_, '_>>,
    thinking: Option<Node<'_, '_>>,
    extra: &mut Vec<(String, Json)>,
) -> Result<Option<Reasoning>, Fault> {
    let mut reasoning = Reasoning::default();
    if let Some(effort) = effort {
        reasoning.effort = Effort::read(&effort.string()?);
        if reasoning.effort.is_none() {
            // Groq's `default`, for one.
            extra.push(("reasoning_effort".to_owned(), effort.json()?));
        }
    }
    if let Some(thinking) = thinking {
        let fields: ThinkingFields<'_> = thinking.object()?;
        if let Some(kind) = thinking.field("type", fields.kind) {
            reasoning.enabled = match kind.string()?.as_str() {
                "enabled" | "adaptive" => Some(true),
                "disabled" => Some(false),
                _ => return Err(kind.fault("one of 'enabled', 'disabled' and 'adaptive'")),
            };
        }
        let budget = thinking.field("budget_tokens", fields.budget_tokens);
        reasoning.budget_tokens = read(budget, Node::count)?;
        let display = read(thinking.field("display", fields.display), Node::string)?;
        reasoning.visible = display.map(|display| display != "omitted");
    }
    Ok((reasoning != Reasoning::default()).then_some(reasoning))
}

#[derive(Deserialize)]
struct CacheFields<'a> {
    #[serde(borrow)]
    ttl: Option<&'a RawValue>,
}

/// `cache_control`: `{"type":"ephemeral","ttl":"1h"}`.
fn cache(node: Option<Node<'_, '_>>) -> Result<Option<CacheMarker>, Fault> {
    let Some(node) = node else {
        return Ok(None);
    };
    let fields: CacheFields<'_> = node.object()?;
    let Some(ttl) = node.field("ttl", fields.ttl) else {
        return Ok(Some(CacheMarker::FiveMinutes));
    };
    match ttl.string()?.as_str() {
        "5m" => Ok(Some(CacheMarker::FiveMinutes)),
        "1h" => Ok(Some(CacheMarker::OneHour)),
        _ => Err(ttl.fault("'5m' or '1h'")),
    }
}

fn with_unmodelled(
    mut extra: Vec<(String, Json)>,
    body: &Body,
) -> Result<Vec<(String, Json)>, Fault> {
    for name in body.names() {
        if MODELLED.contains(&name) {
            continue;
        }
        if let Some(node) = Node::top(body, name) {
            extra.push((name.to_owned(), node.json()?));
        }
    }
    Ok(extra)
}

/// Fields that have a neutral form, or that [`crate::Call`] reads.
const MODELLED: [&str; 27] = [
    "model",
    "stream",
    "stream_options",
    "messages",
    "tools",
    "functions",
    "tool_choice",
    "function_call",
    "parallel_tool_calls",
    "response_format",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "stop",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "n",
    "logprobs",
    "top_logprobs",
    "reasoning_effort",
    "thinking",
    "user",
    "service_tier",
];

#[cfg(test)]
mod tests;
