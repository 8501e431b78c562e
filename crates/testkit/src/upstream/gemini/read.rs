use serde_json::Value;

use super::proto::{camel, check_schema, known};
use super::{count_input, model_of};
use crate::upstream::ask::{Ask, Choice, Format, Tool};
use crate::upstream::record::RecordedCall;
use crate::upstream::refusal::Refusal;

/// Reads a `generateContent` request and checks what Gemini checks.
pub(super) fn ask(call: &RecordedCall, body: &Value) -> Result<Ask, Refusal> {
    let body = &camel(body);
    known(body, "", FIELDS)?;
    let config = &body["generationConfig"];
    known(config, "generation_config", CONFIG_FIELDS)?;
    let stream = call.path.ends_with(":streamGenerateContent");
    if stream && !call.query.split('&').any(|pair| pair == "alt=sse") {
        // Without it the stream is one JSON array, which no client of this upstream wants.
        return Err(Refusal::field(
            "alt",
            "this upstream streams with ?alt=sse only",
        ));
    }
    let mode = &body["toolConfig"]["functionCallingConfig"];
    let mut ask = Ask {
        model: model_of(call).to_owned(),
        tools: tools(body)?,
        choice: choice(mode),
        format: format(config)?,
        stream,
        thinking: config["thinkingConfig"]["includeThoughts"] == true,
        stop: config["stopSequences"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|stop| Some(stop.as_str()?.to_owned()))
            .collect(),
        max_tokens: config["maxOutputTokens"]
            .as_u64()
            .and_then(|n| usize::try_from(n).ok()),
        input_tokens: count_input(body),
        ..Ask::default()
    };
    let allowed = mode["allowedFunctionNames"].as_array();
    if let Some(allowed) = allowed.filter(|names| !names.is_empty()) {
        ask.tools
            .retain(|tool| allowed.iter().any(|name| *name == tool.name.as_str()));
    }
    read_contents(body, &mut ask)?;
    Ok(ask)
}

fn format(config: &Value) -> Result<Format, Refusal> {
    if let Some(schema) = config.get("responseSchema") {
        check_schema(schema, "generation_config.response_schema")?;
        return Ok(Format::Schema(schema.clone()));
    }
    Ok(match config.get("responseJsonSchema") {
        Some(schema) => Format::Schema(schema.clone()),
        None if config["responseMimeType"] == "application/json" => Format::Json,
        None => Format::Text,
    })
}

fn tools(body: &Value) -> Result<Vec<Tool>, Refusal> {
    let mut tools = Vec::new();
    for (group, tool) in body["tools"].as_array().into_iter().flatten().enumerate() {
        let declarations = tool["functionDeclarations"].as_array();
        for (at, function) in declarations.into_iter().flatten().enumerate() {
            let place = format!("tools[{group}].function_declarations[{at}]");
            known(function, &place, FUNCTION_FIELDS)?;
            let parameters = &function["parameters"];
            if !parameters.is_null() {
                check_schema(parameters, &format!("{place}.parameters"))?;
            }
            let either = if parameters.is_null() {
                &function["parametersJsonSchema"]
            } else {
                parameters
            };
            let schema = either.clone();
            let name = function["name"].as_str().unwrap_or_default();
            if name.is_empty() || name.len() > 64 {
                return Err(Refusal::field(place, "Invalid function name."));
            }
            tools.push(Tool {
                name: name.to_owned(),
                schema,
            });
        }
    }
    Ok(tools)
}

fn choice(mode: &Value) -> Choice {
    match mode["mode"].as_str() {
        Some("ANY") => Choice::Required,
        Some("NONE") => Choice::None,
        _ => Choice::Auto,
    }
}

fn read_contents(body: &Value, ask: &mut Ask) -> Result<(), Refusal> {
    let contents = body["contents"].as_array().filter(|all| !all.is_empty());
    let contents = contents.ok_or_else(|| {
        Refusal::field(
            "contents",
            "* GenerateContentRequest.contents: contents is not specified",
        )
    })?;
    for (at, content) in contents.iter().enumerate() {
        let place = format!("contents[{at}]");
        known(content, &place, &["parts", "role"])?;
        let role = content["role"].as_str().unwrap_or("user");
        if !["user", "model", "function"].contains(&role) {
            return Err(Refusal::field(
                place,
                "Please use a valid role: user, model.",
            ));
        }
        let parts = content["parts"].as_array().filter(|all| !all.is_empty());
        let parts = parts.ok_or_else(|| {
            let message = format!(
                "* GenerateContentRequest.{place}.parts: contents.parts must not be empty."
            );
            Refusal::field(place.clone(), message)
        })?;
        if role == "model" {
            let calls = parts
                .iter()
                .filter_map(|part| part["functionCall"]["name"].as_str());
            ask.called.extend(calls.map(str::to_owned));
        } else {
            read_user(parts, ask, &place)?;
        }
    }
    Ok(())
}

fn read_user(parts: &[Value], ask: &mut Ask, place: &str) -> Result<(), Refusal> {
    let (mut texts, mut notes, mut result) = (Vec::new(), String::new(), None);
    for (at, part) in parts.iter().enumerate() {
        let place = format!("{place}.parts[{at}]");
        known(part, &place, PART_FIELDS)?;
        if let Some(text) = part["text"].as_str() {
            texts.push(text);
        } else if let Some(response) = part.get("functionResponse") {
            let name = response["name"].as_str().unwrap_or_default();
            if !response["response"].is_object() || !ask.called.iter().any(|known| known == name) {
                return Err(Refusal::field(
                    place,
                    "Please ensure that function response turn comes immediately after a function \
                     call turn.",
                ));
            }
            result = Some(result_text(&response["response"]));
        } else {
            let media = part["inlineData"]["mimeType"]
                .as_str()
                .or_else(|| part["fileData"]["fileUri"].as_str());
            notes.push_str(&format!(" [{}]", media.unwrap_or("nothing")));
        }
    }
    ask.tool_result = result;
    if !texts.is_empty() || !notes.is_empty() {
        ask.text = texts.join("\n") + &notes;
    }
    Ok(())
}

/// The one string of a result, whatever its field is called, or the whole of it.
fn result_text(response: &Value) -> String {
    let mut fields = response
        .as_object()
        .into_iter()
        .flat_map(|fields| fields.values());
    match (fields.next(), fields.next()) {
        (Some(Value::String(text)), None) => text.clone(),
        _ => response.to_string(),
    }
}

const FIELDS: &[&str] = &[
    "cachedContent",
    "contents",
    "generationConfig",
    "model",
    "safetySettings",
    "serviceTier",
    "store",
    "systemInstruction",
    "toolConfig",
    "tools",
];

/// <https://ai.google.dev/api/generate-content#generationconfig>
const CONFIG_FIELDS: &[&str] = &[
    "candidateCount",
    "enableEnhancedCivicAnswers",
    "frequencyPenalty",
    "imageConfig",
    "logprobs",
    "maxOutputTokens",
    "mediaResolution",
    "presencePenalty",
    "responseJsonSchema",
    "responseLogprobs",
    "responseMimeType",
    "responseModalities",
    "responseSchema",
    "seed",
    "speechConfig",
    "stopSequences",
    "temperature",
    "thinkingConfig",
    "topK",
    "topP",
];

const FUNCTION_FIELDS: &[&str] = &[
    "behavior",
    "description",
    "name",
    "parameters",
    "parametersJsonSchema",
    "response",
    "responseJsonSchema",
];

const PART_FIELDS: &[&str] = &[
    "codeExecutionResult",
    "executableCode",
    "fileData",
    "functionCall",
    "functionResponse",
    "inlineData",
    "mediaResolution",
    "partMetadata",
    "text",
    "thought",
    "thoughtSignature",
    "videoMetadata",
];
