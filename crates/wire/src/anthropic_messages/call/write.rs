use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use ironward_core::{Fault, FaultKind};
use serde::Serialize;

use crate::anthropic_messages::PROVIDER;
use crate::anthropic_messages::content::{
    Block, Cache, Content, KnownBlock, write_blocks, write_content,
};
use crate::anthropic_messages::error::append;
use crate::anthropic_messages::object::{Object, Path};
use crate::anthropic_messages::thinking::{ThinkingWritten, plan, takes_strict_tools};
use crate::{Chat, Json, Message, OutputFormat, Role, Tool, ToolChoice};

/// Writes a call for an upstream that speaks this dialect, as `model`.
///
/// What has no form here and was not refused before is left out. A call without a limit gets 4096
/// tokens beside its thinking.
///
/// # Errors
/// When the conversation has something that the dialect has no form for.
pub fn encode_call(chat: &Chat, model: &str, stream: bool) -> Result<Bytes, Fault> {
    let head = chat
        .messages
        .iter()
        .take_while(|message| matches!(message.role, Role::System | Role::Developer))
        .count();
    let (system, rest) = chat.messages.split_at_checked(head).unwrap_or_default();
    let turns = write_turns(rest, head)?;
    if turns.is_empty() {
        return Err(Fault::invalid(
            "messages",
            "'messages' has to hold a message of the user's; anthropic takes no system message alone",
        ));
    }
    let plan = plan(chat, model);
    let sampling = &chat.sampling;
    let thinks = plan.thinks();
    let format = match &chat.output {
        OutputFormat::Text | OutputFormat::JsonObject => None,
        OutputFormat::JsonSchema { schema, .. } => Some(Format {
            kind: "json_schema",
            schema,
        }),
    };
    let output_config = (format.is_some() || plan.effort.is_some()).then_some(OutputConfig {
        effort: plan.effort,
        format,
    });
    let call = CallWritten {
        model,
        system: write_system(system)?,
        messages: turns,
        max_tokens: plan.max_tokens,
        stream,
        // Thinking rules out all but a wide nucleus.
        temperature: sampling.temperature.filter(|_| !thinks),
        top_p: sampling.top_p.filter(|top| !thinks || *top >= 0.95),
        top_k: sampling.top_k.filter(|_| !thinks),
        stop_sequences: &sampling.stop,
        tools: write_tools(&chat.tools, model)?,
        tool_choice: write_tool_choice(chat),
        thinking: plan.thinking,
        output_config,
        metadata: chat
            .user
            .as_deref()
            .filter(|user| is_no_address(user))
            .map(|user_id| Metadata { user_id }),
        service_tier: chat.service_tier.as_deref().and_then(service_tier),
    };
    let mut out = BytesMut::new();
    append(&mut out, &call);
    Ok(out.freeze())
}

#[derive(Serialize)]
struct CallWritten<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<Content<'a>>,
    messages: Vec<Turn<'a>>,
    max_tokens: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolWritten<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ToolChoiceWritten<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<ThinkingWritten>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'static str,
    content: Content<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ToolWritten<'a> {
    Function {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        input_schema: Cow<'a, Json>,
        #[serde(skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Cache>,
    },
    Builtin(&'a Json),
}

#[derive(Serialize)]
struct ToolChoiceWritten<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_parallel_tool_use: Option<bool>,
}

#[derive(Serialize)]
struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
}

#[derive(Serialize)]
struct Format<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    schema: &'a Json,
}

#[derive(Serialize)]
struct Metadata<'a> {
    user_id: &'a str,
}

fn write_system(messages: &[Message]) -> Result<Option<Content<'_>>, Fault> {
    let path = Path::ROOT.field("messages");
    let mut blocks = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        write_blocks(&message.parts, &path.item(index), &mut blocks)?;
    }
    Ok((!blocks.is_empty()).then(|| write_content(blocks)))
}

/// Writes the turns: neighbours of the same role become one, and in a user's turn the tool results
/// come first, as Anthropic wants them.
fn write_turns(messages: &[Message], head: usize) -> Result<Vec<Turn<'_>>, Fault> {
    let path = Path::ROOT.field("messages");
    let mut turns: Vec<(&'static str, Vec<Block<'_>>)> = Vec::with_capacity(messages.len());
    for (index, message) in messages.iter().enumerate() {
        let role = match message.role {
            Role::Assistant => "assistant",
            Role::User | Role::System | Role::Developer => "user",
        };
        let path = path.item(head + index);
        match turns.last_mut() {
            Some((last, blocks)) if *last == role => write_blocks(&message.parts, &path, blocks)?,
            _ => {
                let mut blocks = Vec::with_capacity(message.parts.len());
                write_blocks(&message.parts, &path, &mut blocks)?;
                if !blocks.is_empty() {
                    turns.push((role, blocks));
                }
            }
        }
    }
    if let Some(("assistant", blocks)) = turns.last_mut() {
        trim_prefill(blocks);
    }
    let turns = turns.into_iter().map(|(role, mut blocks)| {
        if role == "user" {
            blocks.sort_by_key(|block| !is_tool_result(block));
        }
        Turn {
            role,
            content: write_content(blocks),
        }
    });
    Ok(turns.collect())
}

const fn is_tool_result(block: &Block<'_>) -> bool {
    matches!(block, Block::Known(KnownBlock::ToolResult { .. }))
}

/// The last turn of the assistant's is one to go on with; Anthropic refuses white space at its end.
fn trim_prefill(blocks: &mut [Block<'_>]) {
    if let Some(Block::Known(KnownBlock::Text { text, .. })) = blocks.last_mut() {
        let trimmed = text.trim_end().len();
        if trimmed < text.len() {
            text.to_mut().truncate(trimmed);
        }
    }
}

fn write_tools<'a>(tools: &'a [Tool], model: &str) -> Result<Vec<ToolWritten<'a>>, Fault> {
    let path = Path::ROOT.field("tools");
    tools
        .iter()
        .enumerate()
        .map(|(index, tool)| {
            let path = path.item(index);
            match &tool.builtin {
                Some(json) if is_own_tool(json) => Ok(ToolWritten::Builtin(json)),
                Some(_) => Err(unsupported(&path)),
                None => Ok(ToolWritten::Function {
                    name: &tool.name,
                    description: tool.description.as_deref(),
                    input_schema: object_schema(&tool.parameters, &path)?,
                    strict: tool.strict.filter(|_| takes_strict_tools(model)),
                    cache_control: Cache::of(tool.cache),
                }),
            }
        })
        .collect()
}

/// Whether a tool of a vendor's is one that Anthropic runs: the types of those end in the day of
/// their version.
#[must_use]
pub fn is_own_tool(tool: &Json) -> bool {
    let Ok(tool) = Object::read(tool.text(), &Path::ROOT) else {
        return false;
    };
    let kind = tool.text("type").ok().flatten().unwrap_or_default();
    let is_dated = kind
        .rsplit_once('_')
        .is_some_and(|(_, day)| day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit()));
    is_dated || kind == "mcp_toolset"
}

/// A schema with `"type":"object"`, which Anthropic insists on and OpenAI's clients leave out for
/// a function without parameters.
fn object_schema<'a>(schema: &'a Json, path: &Path<'_>) -> Result<Cow<'a, Json>, Fault> {
    let path = path.field("parameters");
    let object = Object::read(schema.text(), &path)?;
    if object.fields().any(|(name, _)| name == "type") {
        return Ok(Cow::Borrowed(schema));
    }
    let inner = schema.text().trim_start_matches('{').trim_start();
    let separator = if inner == "}" { "" } else { "," };
    let text = format!("{{\"type\":\"object\"{separator}{inner}");
    let json = Json::from_text(text).map_err(|_| path.has_to_be("an object"))?;
    Ok(Cow::Owned(json))
}

fn write_tool_choice(chat: &Chat) -> Option<ToolChoiceWritten<'_>> {
    if chat.tools.is_empty() || (chat.tool_choice.is_none() && chat.parallel_tool_calls.is_none()) {
        return None;
    }
    let (kind, name) = match chat.tool_choice.as_ref().unwrap_or(&ToolChoice::Auto) {
        ToolChoice::Auto => ("auto", None),
        ToolChoice::None => ("none", None),
        ToolChoice::Required => ("any", None),
        ToolChoice::Tool(name) => ("tool", Some(name.as_str())),
    };
    Some(ToolChoiceWritten {
        kind,
        name,
        disable_parallel_tool_use: chat
            .parallel_tool_calls
            .filter(|_| kind != "none")
            .map(|is_parallel| !is_parallel),
    })
}

/// Anthropic asks for ids that are no addresses; OpenAI's clients often send one.
fn is_no_address(user: &str) -> bool {
    !user.contains('@') && !user.starts_with('+')
}

/// Anthropic's word for a tier: OpenAI's `default` is what Anthropic calls `standard_only`.
fn service_tier(tier: &str) -> Option<&'static str> {
    match tier {
        "auto" | "priority" => Some("auto"),
        "default" | "standard_only" => Some("standard_only"),
        _ => None,
    }
}

fn unsupported(path: &Path<'_>) -> Fault {
    let path = path.to_string();
    let message = format!("'{path}' is a tool of another vendor, which {PROVIDER} can't run");
    Fault::downstream(FaultKind::UnsupportedParam, message).with_param(path)
}
