use serde_json::Value;

use super::{count_input, thread};
use crate::upstream::ask::{Ask, Choice, Format, Tool};
use crate::upstream::refusal::Refusal;
use crate::upstream::route::unknown_field;

/// Reads a Messages request and checks what Anthropic checks.
pub(super) fn ask(body: &Value) -> Result<Ask, Refusal> {
    if let Some(name) = unknown_field(body, FIELDS) {
        return Err(Refusal::field(name, "Extra inputs are not permitted"));
    }
    for field in ["model", "max_tokens", "messages"] {
        if body[field].is_null() {
            return Err(Refusal::field(field, "Field required"));
        }
    }
    check_sampling(body)?;
    check_thinking(body)?;
    let formats = [&body["output_config"]["format"], &body["output_format"]];
    let schema = formats
        .iter()
        .find_map(|format| format.get("schema"))
        .cloned();
    let choice = &body["tool_choice"];
    let mut ask = Ask {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        tools: tools(body)?,
        choice: read_choice(choice),
        one_call: choice["disable_parallel_tool_use"] == true,
        format: schema.map_or(Format::Text, Format::Schema),
        stream: body["stream"] == true,
        thinking: matches!(
            body["thinking"]["type"].as_str(),
            Some("enabled" | "adaptive" | "between_tools")
        ),
        stop: body["stop_sequences"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|stop| Some(stop.as_str()?.to_owned()))
            .collect(),
        max_tokens: body["max_tokens"]
            .as_u64()
            .and_then(|n| usize::try_from(n).ok()),
        input_tokens: count_input(body),
        ..Ask::default()
    };
    if matches!(ask.choice, Choice::Required | Choice::Named(_)) && ask.thinking {
        return Err(Refusal::field(
            "tool_choice",
            "Thinking may not be enabled when tool_choice forces tool use.",
        ));
    }
    if !choice.is_null() && ask.tools.is_empty() {
        return Err(Refusal::field(
            "tool_choice",
            "may only be specified while providing tools.",
        ));
    }
    thread::read(body, &mut ask)?;
    Ok(ask)
}

fn check_sampling(body: &Value) -> Result<(), Refusal> {
    let temperature = body["temperature"].as_f64().unwrap_or(1.0);
    if !(0.0..=1.0).contains(&temperature) {
        return Err(Refusal::field("temperature", "range: 0..1"));
    }
    for stop in body["stop_sequences"].as_array().into_iter().flatten() {
        if stop.as_str().is_none_or(|stop| stop.trim().is_empty()) {
            return Err(Refusal::field(
                "stop_sequences",
                "each stop sequence must contain non-whitespace",
            ));
        }
    }
    for (at, block) in body["system"].as_array().into_iter().flatten().enumerate() {
        if block["type"] != "text" {
            return Err(Refusal::field(
                format!("system.{at}.type"),
                "Input should be 'text'",
            ));
        }
    }
    Ok(())
}

fn check_thinking(body: &Value) -> Result<(), Refusal> {
    let thinking = &body["thinking"];
    match thinking["type"].as_str() {
        None if thinking.is_null() => return Ok(()),
        Some("disabled" | "adaptive" | "between_tools") => return Ok(()),
        Some("enabled") => {}
        _ => {
            return Err(Refusal::field(
                "thinking.type",
                "Input tag found does not match",
            ));
        }
    }
    let budget = thinking["budget_tokens"].as_u64().unwrap_or(0);
    if budget < 1024 {
        return Err(Refusal::field(
            "thinking.enabled.budget_tokens",
            "Input should be greater than or equal to 1024",
        ));
    }
    if body["max_tokens"].as_u64().unwrap_or(0) <= budget {
        return Err(Refusal::field(
            "max_tokens",
            "`max_tokens` must be greater than `thinking.budget_tokens`.",
        ));
    }
    if body["temperature"]
        .as_f64()
        .is_some_and(|temperature| temperature < 1.0)
    {
        return Err(Refusal::field(
            "temperature",
            "`temperature` may only be set to 1 when thinking is enabled.",
        ));
    }
    Ok(())
}

fn tools(body: &Value) -> Result<Vec<Tool>, Refusal> {
    let mut tools = Vec::new();
    for (at, tool) in body["tools"].as_array().into_iter().flatten().enumerate() {
        // Anthropic's own tools (`web_search_…`) have a dated type and no schema.
        if tool["type"].as_str().is_some_and(|kind| kind != "custom") {
            continue;
        }
        if let Some(name) = unknown_field(tool, TOOL_FIELDS) {
            let param = format!("tools.{at}.custom.{name}");
            return Err(Refusal::field(param, "Extra inputs are not permitted"));
        }
        if tool["input_schema"]["type"] != "object" {
            let param = format!("tools.{at}.custom.input_schema.type");
            return Err(Refusal::field(param, "Field required"));
        }
        let name = tool["name"].as_str().unwrap_or_default();
        if name.is_empty() || name.len() > 128 {
            let param = format!("tools.{at}.custom.name");
            return Err(Refusal::field(param, "String should match pattern"));
        }
        tools.push(Tool {
            name: name.to_owned(),
            schema: tool["input_schema"].clone(),
        });
    }
    Ok(tools)
}

fn read_choice(choice: &Value) -> Choice {
    match choice["type"].as_str() {
        Some("any") => Choice::Required,
        Some("none") => Choice::None,
        Some("tool") => Choice::Named(choice["name"].as_str().unwrap_or_default().to_owned()),
        _ => Choice::Auto,
    }
}

/// The request's fields as of November 2026, beta ones included.
const FIELDS: &[&str] = &[
    "betas",
    "cache_control",
    "container",
    "context_management",
    "diagnostics",
    "inference_geo",
    "max_tokens",
    "mcp_servers",
    "messages",
    "metadata",
    "model",
    "output_config",
    "output_format",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
    "user_profile_id",
    "workspace_id",
];

const TOOL_FIELDS: &[&str] = &[
    "allowed_callers",
    "cache_control",
    "defer_loading",
    "description",
    "eager_input_streaming",
    "input_examples",
    "input_schema",
    "name",
    "strict",
    "type",
];
