use serde_json::Value;

use super::{REDACTED, SIGNATURE};
use crate::upstream::ask::{Ask, text_of};
use crate::upstream::refusal::Refusal;

/// Reads the messages: what was said last, and whether calls and results pair up.
pub(super) fn read(body: &Value, ask: &mut Ask) -> Result<(), Refusal> {
    let messages = body["messages"].as_array().filter(|all| !all.is_empty());
    let messages =
        messages.ok_or_else(|| Refusal::field("messages", "at least one message is required"))?;
    let mut open: Vec<String> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let param = format!("messages.{at}");
        let blocks = blocks(message, &param, at + 1 == messages.len())?;
        match message["role"].as_str() {
            Some("user") => {
                results(&blocks, &mut open, &param)?;
                read_user(&blocks, ask, &param)?;
            }
            Some("assistant") if at > 0 => {
                unanswered(&open, &param)?;
                open = read_assistant(&blocks, ask, &param)?;
            }
            Some("assistant") => {
                let message = "first message must use the \"user\" role";
                return Err(Refusal::field("messages", message));
            }
            // Instructions may also come between the turns since the version of October 2026.
            Some("system") if at > 0 => {}
            _ => {
                let message = "Input should be 'user' or 'assistant'";
                return Err(Refusal::field(format!("{param}.role"), message));
            }
        }
    }
    unanswered(&open, "messages")
}

/// The blocks of a message; a string is one text block.
fn blocks(message: &Value, param: &str, last: bool) -> Result<Vec<Value>, Refusal> {
    let blocks = match &message["content"] {
        Value::String(text) => vec![serde_json::json!({"type": "text", "text": text})],
        Value::Array(blocks) => blocks.clone(),
        _ => return Err(Refusal::field(format!("{param}.content"), "Field required")),
    };
    let is_blank = |block: &Value| block["type"] == "text" && block["text"] == "";
    let may_be_empty = last && message["role"] == "assistant";
    if !may_be_empty && (blocks.is_empty() || blocks.iter().any(is_blank)) {
        return Err(Refusal::field(
            param,
            "all messages must have non-empty content except for the optional final assistant \
             message",
        ));
    }
    Ok(blocks)
}

fn results(blocks: &[Value], open: &mut Vec<String>, param: &str) -> Result<(), Refusal> {
    for (at, block) in blocks.iter().enumerate() {
        if block["type"] != "tool_result" {
            continue;
        }
        let id = block["tool_use_id"].as_str().unwrap_or_default();
        let Some(known) = open.iter().position(|open| open == id) else {
            let param = format!("{param}.content.{at}");
            let message = format!(
                "unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` \
                 block must have a corresponding `tool_use` block in the previous message."
            );
            return Err(Refusal::field(param, message));
        };
        open.remove(known);
    }
    unanswered(open, param)
}

fn unanswered(open: &[String], param: &str) -> Result<(), Refusal> {
    if open.is_empty() {
        return Ok(());
    }
    let message = format!(
        "`tool_use` ids were found without `tool_result` blocks immediately after: {}.",
        open.join(", ")
    );
    Err(Refusal::field(param, message))
}

fn read_user(blocks: &[Value], ask: &mut Ask, param: &str) -> Result<(), Refusal> {
    let (mut texts, mut notes, mut result) = (Vec::new(), String::new(), None);
    for (at, block) in blocks.iter().enumerate() {
        match block["type"].as_str().unwrap_or_default() {
            "text" => texts.push(block["text"].as_str().unwrap_or_default()),
            "tool_result" => result = Some(text_of(&block["content"])),
            "image" | "document" => {
                notes.push_str(&format!(" [{}]", describe(&block["source"])));
            }
            "search_result" | "container_upload" | "web_search_tool_result" => {}
            other => {
                let param = format!("{param}.content.{at}");
                return Err(Refusal::field(
                    param,
                    format!("Input tag '{other}' is unknown"),
                ));
            }
        }
    }
    ask.tool_result = result;
    // A turn of nothing but results leaves the question as it was.
    if !texts.is_empty() || !notes.is_empty() {
        ask.text = texts.join("\n") + &notes;
    }
    Ok(())
}

fn read_assistant(blocks: &[Value], ask: &mut Ask, param: &str) -> Result<Vec<String>, Refusal> {
    let mut open = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        let param = format!("{param}.content.{at}");
        match block["type"].as_str().unwrap_or_default() {
            "tool_use" => {
                if !block["input"].is_object() {
                    let param = format!("{param}.tool_use.input");
                    return Err(Refusal::field(param, "Input should be a valid dictionary"));
                }
                open.push(block["id"].as_str().unwrap_or_default().to_owned());
                ask.called
                    .push(block["name"].as_str().unwrap_or_default().to_owned());
            }
            "thinking" if block["signature"] != SIGNATURE => {
                return Err(Refusal::field(
                    param,
                    "Invalid `signature` in `thinking` block",
                ));
            }
            "redacted_thinking" if block["data"] != REDACTED => {
                return Err(Refusal::field(
                    param,
                    "Invalid `data` in `redacted_thinking` block",
                ));
            }
            _ => {}
        }
    }
    Ok(open)
}

fn describe(source: &Value) -> &str {
    let fields = ["media_type", "url", "file_id"];
    fields
        .iter()
        .find_map(|field| source[*field].as_str())
        .unwrap_or("nothing")
}
