//! Calls as Ollama takes them. <https://docs.ollama.com/api/chat>

use std::collections::BTreeMap;

use bytes::Bytes;
use ironward_core::{Fault, FaultKind};
use ironward_wire::{
    Call, Chat, Effort, EmbeddingsInput, Json, OutputFormat, Reasoning, Sampling, Tool, ToolChoice,
    mistyped,
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::NAME;
use super::messages::{self, Turn};
use crate::Target;
use crate::params::{self, Field, Forms, Passed};

const CHAT: Forms = Forms {
    provider: NAME,
    fields: &[
        Field::TopK,
        Field::Seed,
        Field::FrequencyPenalty,
        Field::PresencePenalty,
        Field::Logprobs,
        Field::TopLogprobs,
        Field::JsonObject,
        Field::JsonSchema,
        Field::Tools,
        // Refused below where it asks for more than the model's own choice.
        Field::ToolChoice,
        Field::Reasoning,
    ],
    native: NATIVE,
};

const EMBEDDINGS: Forms = Forms {
    provider: NAME,
    fields: &[],
    native: NATIVE,
};

/// Top-level fields of Ollama's own, then its options, which clients of other dialects write at the
/// top level too. <https://docs.ollama.com/modelfile#valid-parameters-and-values>
const NATIVE: &[&str] = &[
    "keep_alive",
    "options",
    "truncate",
    "dimensions",
    "min_p",
    "mirostat",
    "mirostat_eta",
    "mirostat_tau",
    "num_batch",
    "num_ctx",
    "num_gpu",
    "num_keep",
    "num_predict",
    "num_thread",
    "repeat_last_n",
    "repeat_penalty",
    "tfs_z",
    "typical_p",
];
const TOP_LEVEL: &[&str] = &["keep_alive", "options", "truncate", "dimensions"];

/// Writes a conversation to continue.
pub(super) fn encode_chat(call: &Call, target: &Target<'_>) -> Result<Bytes, Fault> {
    let prepared = params::prepare(call, target)?;
    let call = prepared.call();
    let chat = call.chat()?;
    let passed = params::check(call, chat, target, &CHAT)?;
    let format = match &chat.output {
        OutputFormat::Text => None,
        OutputFormat::JsonObject => Some(Format::Json),
        OutputFormat::JsonSchema { schema, .. } => Some(Format::Schema(schema)),
    };
    let logprobs = chat.sampling.logprobs.filter(|wanted| *wanted);
    let request = Request {
        model: target.model,
        messages: messages::written(chat)?,
        tools: tools(chat, target)?,
        format,
        think: chat
            .reasoning
            .as_ref()
            .and_then(|reasoning| think(reasoning, target.model)),
        logprobs,
        top_logprobs: logprobs.and(chat.sampling.top_logprobs),
        keep_alive: text(&passed, "keep_alive")?,
        options: options(chat.max_output_tokens, &chat.sampling, &passed)?,
        stream: call.stream,
    };
    finish(&request, &passed, target)
}

/// Writes texts to embed.
pub(super) fn encode_embeddings(call: &Call, target: &Target<'_>) -> Result<Bytes, Fault> {
    let prepared = params::prepare(call, target)?;
    let embeddings = prepared.call().embeddings()?;
    let passed = params::check_embeddings(embeddings, target, &EMBEDDINGS)?;
    let input = embeddings.input.iter().map(|input| match input {
        EmbeddingsInput::Text(text) => Ok(text.as_str()),
        EmbeddingsInput::Tokens(_) => Err(Fault::invalid(
            "input",
            format!("'input' holds tokens of another vendor's model; {NAME} takes texts"),
        )),
    });
    let request = EmbedRequest {
        model: target.model,
        input: input.collect::<Result<_, _>>()?,
        dimensions: embeddings.dimensions,
        truncate: text(&passed, "truncate")?,
        keep_alive: text(&passed, "keep_alive")?,
        options: options(None, &Sampling::default(), &passed)?,
    };
    finish(&request, &passed, target)
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    think: Option<Think>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_alive: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    options: BTreeMap<String, Json>,
    /// Always said: a stream is Ollama's default.
    stream: bool,
}

#[derive(Serialize)]
struct EmbedRequest<'a> {
    model: &'a str,
    input: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncate: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_alive: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    options: BTreeMap<String, Json>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Format<'a> {
    Json,
    #[serde(untagged)]
    Schema(&'a Json),
}

#[derive(Serialize)]
#[serde(untagged)]
enum Think {
    Whether(bool),
    Level(&'static str),
}

#[derive(Serialize)]
struct ToolEntry<'a> {
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    parameters: Parameters<'a>,
}

/// Ollama's templates expect an object's schema, even of a function that takes nothing.
#[derive(Serialize)]
#[serde(untagged)]
enum Parameters<'a> {
    Written(&'a Json),
    None {
        r#type: &'static str,
        properties: BTreeMap<String, Json>,
    },
}

fn tools<'a>(chat: &'a Chat, target: &Target<'_>) -> Result<Vec<ToolEntry<'a>>, Fault> {
    match &chat.tool_choice {
        Some(ToolChoice::None) => return Ok(Vec::new()),
        Some(ToolChoice::Required | ToolChoice::Tool(_)) if !chat.tools.is_empty() => {
            target.unsupported(NAME, "tool_choice")?;
        }
        _ => {}
    }
    let mut entries = Vec::with_capacity(chat.tools.len());
    for (position, tool) in chat.tools.iter().enumerate() {
        let Tool {
            name,
            description,
            parameters,
            builtin,
            ..
        } = tool;
        if builtin.is_some() {
            target.unsupported(NAME, &format!("tools[{position}]"))?;
            continue;
        }
        entries.push(ToolEntry {
            r#type: "function",
            function: Function {
                name,
                description: description.as_deref(),
                parameters: if parameters.text() == "{}" {
                    Parameters::None {
                        r#type: "object",
                        properties: BTreeMap::new(),
                    }
                } else {
                    Parameters::Written(parameters)
                },
            },
        });
    }
    Ok(entries)
}

/// <https://docs.ollama.com/capabilities/thinking>
fn think(reasoning: &Reasoning, model: &str) -> Option<Think> {
    let effort = reasoning
        .effort
        .or_else(|| reasoning.budget_tokens.map(Effort::from_budget));
    let on = match (reasoning.enabled, effort) {
        (Some(false), _) | (_, Some(Effort::None)) => false,
        (Some(true), _) | (_, Some(_)) => true,
        (None, None) => return None,
    };
    Some(match effort {
        // gpt-oss cannot stop thinking, and ignores `false`.
        Some(effort) if on && model.contains("gpt-oss") => Think::Level(match effort {
            Effort::None | Effort::Minimal | Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High | Effort::ExtraHigh | Effort::Max => "high",
        }),
        _ => Think::Whether(on),
    })
}

/// What clients write in their dialect's words wins over the same in Ollama's.
fn options(
    max_output_tokens: Option<u64>,
    sampling: &Sampling,
    passed: &[Passed<'_>],
) -> Result<BTreeMap<String, Json>, Fault> {
    let mut options = BTreeMap::new();
    for (name, json) in passed {
        if *name == "options" {
            let written: BTreeMap<String, Json> =
                serde_json::from_str(json).map_err(|error| mistyped("options", &error))?;
            options.extend(written);
        } else if NATIVE.contains(name) && !TOP_LEVEL.contains(name) {
            options.insert(
                (*name).to_owned(),
                Json::from_text((*json).to_owned()).map_err(internal)?,
            );
        }
    }
    let mut set = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            options.insert(name.to_owned(), value);
        }
    };
    let number = |value: Option<f64>| value.map(|value| json_of(&value)).transpose();
    let count = |value: Option<u64>| value.map(|value| json_of(&value)).transpose();
    set("num_predict", count(max_output_tokens)?);
    set("temperature", number(sampling.temperature)?);
    set("top_p", number(sampling.top_p)?);
    set("top_k", count(sampling.top_k)?);
    set(
        "seed",
        sampling.seed.map(|seed| json_of(&seed)).transpose()?,
    );
    set("frequency_penalty", number(sampling.frequency_penalty)?);
    set("presence_penalty", number(sampling.presence_penalty)?);
    let stop = (!sampling.stop.is_empty()).then_some(&sampling.stop);
    set("stop", stop.map(json_of).transpose()?);
    Ok(options)
}

fn json_of<T: Serialize + ?Sized>(value: &T) -> Result<Json, Fault> {
    Json::from_value(value).map_err(internal)
}

/// The field `name` as it was written.
fn text<'a>(passed: &[Passed<'a>], name: &str) -> Result<Option<&'a RawValue>, Fault> {
    let found = passed.iter().find(|(passed, _)| *passed == name);
    found
        .map(|(_, json)| serde_json::from_str(json))
        .transpose()
        .map_err(internal)
}

/// Writes a request, with the fields that the operator allowed although they have no place.
fn finish<T: Serialize>(
    request: &T,
    passed: &[Passed<'_>],
    target: &Target<'_>,
) -> Result<Bytes, Fault> {
    let body = serde_json::to_vec(request).map_err(internal)?;
    let others: Vec<_> = passed
        .iter()
        .copied()
        .filter(|(name, _)| !NATIVE.contains(name))
        .collect();
    params::finish(body.into(), &others, &target.deployment.params)
}

fn internal(error: serde_json::Error) -> Fault {
    Fault::gateway(
        FaultKind::Internal,
        "the call could not be written for the provider",
    )
    .with_cause(error)
}
