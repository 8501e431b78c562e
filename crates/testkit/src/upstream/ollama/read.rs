use serde_json::Value;

use crate::upstream::ask::{Ask, Format, Tool, count_tokens};
use crate::upstream::refusal::Refusal;

/// Reads a chat request. Unknown fields are ignored, as Ollama does; wrong types are not.
pub(super) fn ask(body: &Value) -> Result<Ask, Refusal> {
    let model = body["model"].as_str().filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| Refusal::field("model", "model is required"))?;
    let options = &body["options"];
    let stop = match &options["stop"] {
        Value::Null => Vec::new(),
        Value::Array(stops) => stops
            .iter()
            .filter_map(|stop| Some(stop.as_str()?.to_owned()))
            .collect(),
        _ => {
            return Err(Refusal::field(
                "stop",
                "option \"stop\" must be of type array",
            ));
        }
    };
    let tools = body["tools"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tool| Tool {
            name: tool["function"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            schema: tool["function"]["parameters"].clone(),
        });
    let mut ask = Ask {
        model: model.to_owned(),
        tools: tools.collect(),
        format: match &body["format"] {
            Value::Object(_) => Format::Schema(body["format"].clone()),
            Value::String(word) if word == "json" => Format::Json,
            _ => Format::Text,
        },
        // The stream is the default.
        stream: body["stream"] != false,
        thinking: body["think"] == true || body["think"].is_string(),
        stop,
        max_tokens: options["num_predict"]
            .as_u64()
            .and_then(|n| usize::try_from(n).ok()),
        input_tokens: count_tokens(&body["messages"]) + count_tokens(&body["tools"]),
        ..Ask::default()
    };
    for message in body["messages"].as_array().into_iter().flatten() {
        read_message(message, &mut ask)?;
    }
    Ok(ask)
}

fn read_message(message: &Value, ask: &mut Ask) -> Result<(), Refusal> {
    let content = match &message["content"] {
        Value::Null => "",
        Value::String(text) => text.as_str(),
        _ => {
            return Err(go_type_error("messages.content", "string"));
        }
    };
    match message["role"].as_str().unwrap_or_default() {
        "user" => {
            ask.tool_result = None;
            let images = message["images"].as_array().map_or(0, Vec::len);
            ask.text = content.to_owned() + &" [image]".repeat(images);
        }
        "tool" => ask.tool_result = Some(content.to_owned()),
        "assistant" => {
            ask.tool_result = None;
            for call in message["tool_calls"].as_array().into_iter().flatten() {
                if !call["function"]["arguments"].is_object() {
                    return Err(go_type_error(
                        "messages.tool_calls.function.arguments",
                        "api.ToolCallFunctionArguments",
                    ));
                }
                let name = call["function"]["name"].as_str().unwrap_or_default();
                ask.called.push(name.to_owned());
            }
        }
        "system" | "developer" => {}
        other => {
            let message =
                format!("invalid role: {other}, must be one of [system user assistant tool]");
            return Err(Refusal::field("role", message));
        }
    }
    Ok(())
}

fn go_type_error(field: &str, wanted: &str) -> Refusal {
    Refusal::field(
        field,
        format!(
            "json: cannot unmarshal value into Go struct field ChatRequest.{field} of type {wanted}"
        ),
    )
}
