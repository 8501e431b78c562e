use ironward_core::Fault;

use crate::anthropic_messages::content::{read_cache, read_content};
use crate::anthropic_messages::object::{Object, Path, keep, read_list};
use crate::anthropic_messages::thinking::read_reasoning;
use crate::{Body, Chat, Json, Message, OutputFormat, Part, Role, Sampling, Tool, ToolChoice};

/// Reads a client's call.
///
/// # Errors
/// A bad-request fault naming the field.
pub fn decode_call(body: &Body) -> Result<Chat, Fault> {
    let chat = decode_count_call(body)?;
    if chat.max_output_tokens.is_none() {
        return Err(Fault::invalid(
            "max_tokens",
            "'max_tokens' is missing; say how long the reply may be",
        ));
    }
    Ok(chat)
}

/// Reads a client's call of `count_tokens`, which is the same without the limit.
///
/// # Errors
/// A bad-request fault naming the field.
pub fn decode_count_call(body: &Body) -> Result<Chat, Fault> {
    let root = Object::of_body(body);
    let mut messages = Vec::new();
    if let Some(system) = root.get("system") {
        let parts = read_content(system, &Path::ROOT.field("system"))?;
        messages.push(message(Role::System, parts));
    }
    read_messages(&root, &mut messages)?;
    let (tool_choice, parallel_tool_calls) = read_tool_choice(&root)?;
    let user = match root.get("metadata") {
        Some(text) => Object::read(text, &Path::ROOT.field("metadata"))?.text("user_id")?,
        None => None,
    };
    Ok(Chat {
        messages,
        tools: read_tools(&root)?,
        tool_choice,
        parallel_tool_calls,
        output: read_output(&root)?,
        max_output_tokens: root.unsigned("max_tokens")?,
        sampling: Sampling {
            temperature: root.number("temperature")?,
            top_p: root.number("top_p")?,
            top_k: root.unsigned("top_k")?,
            stop: read_stop(&root)?,
            ..Sampling::default()
        },
        reasoning: read_reasoning(&root)?,
        user,
        service_tier: root.text("service_tier")?,
        extra: read_extra(&root)?,
    })
}

fn read_messages(root: &Object<'_, '_>, messages: &mut Vec<Message>) -> Result<(), Fault> {
    let path = Path::ROOT.field("messages");
    let items = root.list("messages")?.ok_or_else(|| path.is_missing())?;
    for (index, item) in items.into_iter().enumerate() {
        let path = path.item(index);
        let turn = Object::read(item, &path)?;
        let role = match turn.required_text("role")?.as_str() {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            _ => {
                return Err(path
                    .field("role")
                    .has_to_be("'user', 'assistant' or 'system'"));
            }
        };
        let parts = read_content(turn.required("content")?, &path.field("content"))?;
        messages.push(message(role, parts));
    }
    Ok(())
}

const fn message(role: Role, parts: Vec<Part>) -> Message {
    Message {
        role,
        parts,
        name: None,
    }
}

fn read_tools(root: &Object<'_, '_>) -> Result<Vec<Tool>, Fault> {
    let path = Path::ROOT.field("tools");
    let items = root.list("tools")?.unwrap_or_default();
    items
        .into_iter()
        .enumerate()
        .map(|(index, item)| read_tool(item, &path.item(index)))
        .collect()
}

fn read_tool(text: &str, path: &Path<'_>) -> Result<Tool, Fault> {
    let tool = Object::read(text, path)?;
    let cache = read_cache(&tool, path)?;
    let description = tool.text("description")?;
    let is_function = matches!(tool.text("type")?.as_deref(), None | Some("custom"));
    if is_function {
        let parameters = tool.json("input_schema")?;
        let parameters = parameters.ok_or_else(|| path.field("input_schema").is_missing())?;
        if !parameters.is_object() {
            return Err(path.field("input_schema").has_to_be("an object"));
        }
        return Ok(Tool {
            name: tool.required_text("name")?,
            description,
            parameters,
            strict: tool.boolean("strict")?,
            cache,
            builtin: None,
        });
    }
    // A set of MCP tools has no name of its own.
    Ok(Tool {
        name: tool.text("name")?.unwrap_or_default(),
        description,
        parameters: Json::empty_object(),
        strict: None,
        cache,
        builtin: Some(keep(text, path)?),
    })
}

/// Reads `tool_choice`: the choice, and whether several calls may be made in one reply.
fn read_tool_choice(root: &Object<'_, '_>) -> Result<(Option<ToolChoice>, Option<bool>), Fault> {
    let Some(text) = root.get("tool_choice") else {
        return Ok((None, None));
    };
    let path = Path::ROOT.field("tool_choice");
    let choice = Object::read(text, &path)?;
    let parallel = choice
        .boolean("disable_parallel_tool_use")?
        .map(|is_disabled| !is_disabled);
    let choice = match choice.required_text("type")?.as_str() {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Tool(choice.required_text("name")?),
        _ => {
            return Err(path
                .field("type")
                .has_to_be("'auto', 'any', 'tool' or 'none'"));
        }
    };
    Ok((Some(choice), parallel))
}

/// Reads `output_config.format`, or `output_format`, its name while it was new.
fn read_output(root: &Object<'_, '_>) -> Result<OutputFormat, Fault> {
    let config = Path::ROOT.field("output_config");
    let (text, path) = match root.get("output_config") {
        Some(text) => (
            Object::read(text, &config)?.get("format"),
            config.field("format"),
        ),
        None => (None, Path::ROOT.field("output_format")),
    };
    let Some(text) = text.or_else(|| root.get("output_format")) else {
        return Ok(OutputFormat::Text);
    };
    let format = Object::read(text, &path)?;
    if format.required_text("type")? != "json_schema" {
        return Err(path.field("type").has_to_be("'json_schema'"));
    }
    let schema = format.json("schema")?;
    Ok(OutputFormat::JsonSchema {
        name: SCHEMA_NAME.to_owned(),
        description: None,
        schema: schema.ok_or_else(|| path.field("schema").is_missing())?,
        strict: None,
    })
}

fn read_stop(root: &Object<'_, '_>) -> Result<Vec<String>, Fault> {
    let Some(text) = root.get("stop_sequences") else {
        return Ok(Vec::new());
    };
    let path = Path::ROOT.field("stop_sequences");
    read_list(text, &path)?
        .into_iter()
        .enumerate()
        .map(|(index, item)| {
            serde_json::from_str(item).map_err(|_| path.item(index).has_to_be("text"))
        })
        .collect()
}

fn read_extra(root: &Object<'_, '_>) -> Result<Vec<(String, Json)>, Fault> {
    root.fields()
        .filter(|(name, text)| !KNOWN.contains(name) && *text != "null")
        .map(|(name, text)| Ok((name.to_owned(), keep(text, &Path::ROOT.field(name))?)))
        .collect()
}

/// Other dialects want a name for a schema; Anthropic has none.
const SCHEMA_NAME: &str = "response";

const KNOWN: [&str; 16] = [
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "output_config",
    "output_format",
    "service_tier",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];
