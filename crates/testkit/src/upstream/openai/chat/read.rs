use serde_json::Value;

use crate::upstream::ask::{Ask, Choice, Format, Tool, count_tokens, text_of};
use crate::upstream::refusal::Refusal;
use crate::upstream::route::unknown_field;

/// Reads a chat completion request and checks what `OpenAI` checks.
pub(super) fn ask(body: &Value) -> Result<Ask, Refusal> {
    if let Some(name) = unknown_field(body, FIELDS) {
        let message = format!("Unrecognized request argument supplied: {name}");
        return Err(Refusal::field(name, message));
    }
    let model = body["model"]
        .as_str()
        .ok_or_else(|| Refusal::field("model", "you must provide a model parameter"))?;
    let messages = body["messages"]
        .as_array()
        .filter(|all| !all.is_empty())
        .ok_or_else(|| {
            Refusal::field(
                "messages",
                "Invalid 'messages': empty array. Expected at least one.",
            )
        })?;
    check_options(body)?;
    let mut ask = Ask {
        model: model.to_owned(),
        tools: tools(body)?,
        choice: choice(&body["tool_choice"]),
        one_call: body["parallel_tool_calls"] == false,
        format: format(&body["response_format"]),
        stream: body["stream"] == true,
        stop: stop(&body["stop"]),
        max_tokens: max_tokens(body),
        input_tokens: count_tokens(&body["messages"]) + count_tokens(&body["tools"]),
        ..Ask::default()
    };
    read_messages(messages, &mut ask)?;
    Ok(ask)
}

fn check_options(body: &Value) -> Result<(), Refusal> {
    let has_tools = body["tools"]
        .as_array()
        .is_some_and(|tools| !tools.is_empty());
    for option in ["tool_choice", "parallel_tool_calls"] {
        if !body[option].is_null() && !has_tools {
            let message = format!("'{option}' is only allowed when 'tools' are specified.");
            return Err(Refusal::field(option, message));
        }
    }
    if !body["stream_options"].is_null() && body["stream"] != true {
        return Err(Refusal::field(
            "stream_options",
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        ));
    }
    if !body["top_logprobs"].is_null() && body["logprobs"] != true {
        return Err(Refusal::field(
            "top_logprobs",
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
        ));
    }
    let format = &body["response_format"];
    if format["type"] == "json_schema"
        && !(format["json_schema"]["name"].is_string()
            && format["json_schema"]["schema"].is_object())
    {
        return Err(Refusal::field(
            "response_format.json_schema",
            "Missing required parameter: 'response_format.json_schema'.",
        ));
    }
    Ok(())
}

fn tools(body: &Value) -> Result<Vec<Tool>, Refusal> {
    let mut tools = Vec::new();
    for (at, tool) in body["tools"].as_array().into_iter().flatten().enumerate() {
        let param = format!("tools[{at}].function.name");
        let function = &tool["function"];
        let name = function["name"].as_str().unwrap_or_default();
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if tool["type"] == "function" && (name.is_empty() || !name.chars().all(valid)) {
            let message = format!("Invalid '{param}': string does not match pattern.");
            return Err(Refusal::field(param, message));
        }
        tools.push(Tool {
            name: name.to_owned(),
            schema: function["parameters"].clone(),
        });
    }
    Ok(tools)
}

fn format(format: &Value) -> Format {
    match format["type"].as_str() {
        Some("json_schema") => Format::Schema(format["json_schema"]["schema"].clone()),
        Some("json_object") => Format::Json,
        _ => Format::Text,
    }
}

fn choice(choice: &Value) -> Choice {
    match choice {
        Value::String(word) if word == "none" => Choice::None,
        Value::String(word) if word == "required" => Choice::Required,
        Value::Object(named) => named
            .get("function")
            .and_then(|function| function["name"].as_str())
            .map_or(Choice::Required, |name| Choice::Named(name.to_owned())),
        _ => Choice::Auto,
    }
}

fn read_messages(messages: &[Value], ask: &mut Ask) -> Result<(), Refusal> {
    let mut open: Vec<&str> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let param = format!("messages[{at}]");
        let role = message["role"].as_str().unwrap_or_default();
        if role == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            let Some(known) = open.iter().position(|open| *open == id) else {
                return Err(Refusal::field(
                    param,
                    "Invalid parameter: messages with role 'tool' must be a response to a \
                     preceeding message with 'tool_calls'.",
                ));
            };
            open.remove(known);
            ask.tool_result = Some(text_of(&message["content"]));
            continue;
        }
        unanswered(&open, &param)?;
        ask.tool_result = None;
        match role {
            "user" => ask.text = content(&message["content"], &param)?,
            "assistant" => {
                for call in message["tool_calls"].as_array().into_iter().flatten() {
                    open.push(call["id"].as_str().unwrap_or_default());
                    let name = call["function"]["name"].as_str().unwrap_or_default();
                    ask.called.push(name.to_owned());
                    if !call["function"]["arguments"].is_string() {
                        return Err(Refusal::field(param, "arguments: expected a string"));
                    }
                }
            }
            "system" | "developer" | "function" => {}
            _ => {
                let message = format!("Invalid value: '{role}'.");
                return Err(Refusal::field(format!("{param}.role"), message));
            }
        }
    }
    unanswered(&open, "messages")
}

fn unanswered(open: &[&str], param: &str) -> Result<(), Refusal> {
    let Some(id) = open.first() else {
        return Ok(());
    };
    let message = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to \
         each 'tool_call_id'. Missing: {id}"
    );
    Err(Refusal::field(param, message))
}

/// A user message's text, with a note for each part that is not text.
fn content(content: &Value, param: &str) -> Result<String, Refusal> {
    let mut notes = String::new();
    for part in content.as_array().into_iter().flatten() {
        let note = match part["type"].as_str().unwrap_or_default() {
            "text" => continue,
            "image_url" => describe(part["image_url"]["url"].as_str()),
            "input_audio" => format!(
                "audio/{}",
                part["input_audio"]["format"].as_str().unwrap_or_default()
            ),
            "file" => describe(
                part["file"]["file_data"]
                    .as_str()
                    .or_else(|| part["file"]["file_id"].as_str()),
            ),
            other => {
                let message = format!("Invalid value: '{other}' in '{param}.content'.");
                return Err(Refusal::field(param, message));
            }
        };
        notes.push_str(&format!(" [{note}]"));
    }
    Ok(text_of(content) + &notes)
}

/// The media type of a data URL, or the URL.
fn describe(url: Option<&str>) -> String {
    let url = url.unwrap_or("nothing");
    url.strip_prefix("data:")
        .and_then(|rest| rest.split_once(';'))
        .map_or_else(|| url.to_owned(), |(media, _)| media.to_owned())
}

pub(super) fn stop(stop: &Value) -> Vec<String> {
    match stop {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

fn max_tokens(body: &Value) -> Option<usize> {
    let limit = body["max_completion_tokens"]
        .as_u64()
        .or_else(|| body["max_tokens"].as_u64());
    limit.and_then(|limit| usize::try_from(limit).ok())
}

/// The request's fields as of November 2026.
const FIELDS: &[&str] = &[
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];
