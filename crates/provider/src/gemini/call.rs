//! Calls as Gemini takes them.

use bytes::Bytes;
use ironward_core::{Fault, FaultKind};
use ironward_wire::{Call, Chat, EmbeddingsInput, mistyped};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::contents::{Contents, Turn};
use super::generation::Generation;
use super::tools::{self, ToolConfig, ToolSet};
use super::{NAME, model_name};
use crate::Target;
use crate::params::{self, Field, Forms, Passed};

const CHAT: Forms = Forms {
    provider: NAME,
    fields: &[
        Field::TopK,
        Field::Seed,
        Field::FrequencyPenalty,
        Field::PresencePenalty,
        Field::Several,
        Field::Logprobs,
        Field::TopLogprobs,
        Field::JsonObject,
        Field::JsonSchema,
        Field::Tools,
        Field::ToolChoice,
        // Refused below, where it could make a difference.
        Field::ParallelToolCalls,
        Field::Reasoning,
    ],
    native: &[
        "audio",
        "cachedContent",
        "cached_content",
        "modalities",
        "safetySettings",
        "safety_settings",
        "web_search_options",
    ],
};

const EMBEDDINGS: Forms = Forms {
    provider: NAME,
    fields: &[],
    native: &["dimensions", "task_type", "taskType", "title"],
};

/// Writes a conversation to continue.
pub(super) fn encode_chat(call: &Call, target: &Target<'_>) -> Result<Bytes, Fault> {
    let prepared = params::prepare(call, target)?;
    let call = prepared.call();
    let chat = call.chat()?;
    if chat.parallel_tool_calls == Some(false) && chat.tools.len() > 1 {
        target.unsupported(NAME, "parallel_tool_calls")?;
    }
    let natives = Natives(params::check(call, chat, target, &CHAT)?);
    let request = Request {
        generation_config: Generation::new(chat, &natives, target)?,
        safety_settings: natives.text(&["safety_settings", "safetySettings"])?,
        cached_content: natives.text(&["cached_content", "cachedContent"])?,
        service_tier: chat.service_tier.as_deref().and_then(service_tier),
        ..Request::new(chat, &natives, target)?
    };
    let passed = natives.others(&CHAT);
    params::finish(written(&request)?, &passed, &target.deployment.params)
}

/// Writes a conversation to count. What a fitting call would be refused for does not matter here.
pub(super) fn encode_count(call: &Call, target: &Target<'_>) -> Result<Bytes, Fault> {
    let target = Target {
        drop_unsupported: true,
        ..*target
    };
    let prepared = params::prepare(call, &target)?;
    let call = prepared.call();
    let chat = call.chat()?;
    let natives = Natives(params::check(call, chat, &target, &CHAT)?);
    written(&CountRequest {
        generate_content_request: Request {
            model: Some(resource(target.model)),
            ..Request::new(chat, &natives, &target)?
        },
    })
}

/// Writes texts to embed: always as a batch, which one text is too.
pub(super) fn encode_embeddings(call: &Call, target: &Target<'_>) -> Result<Bytes, Fault> {
    let prepared = params::prepare(call, target)?;
    let embeddings = prepared.call().embeddings()?;
    let natives = Natives(params::check_embeddings(embeddings, target, &EMBEDDINGS)?);
    let task_type = natives.text(&["task_type", "taskType"])?;
    let title = natives.text(&["title"])?;
    let requests = embeddings.input.iter().map(|input| match input {
        EmbeddingsInput::Text(text) => Ok(EmbedRequest {
            model: resource(target.model),
            content: Turn::text(text),
            output_dimensionality: embeddings.dimensions,
            task_type,
            title,
        }),
        EmbeddingsInput::Tokens(_) => Err(Fault::invalid(
            "input",
            format!("'input' holds tokens of another vendor's model; {NAME} takes texts"),
        )),
    });
    let batch = EmbedBatch {
        requests: requests.collect::<Result<_, _>>()?,
    };
    let passed = natives.others(&EMBEDDINGS);
    params::finish(written(&batch)?, &passed, &target.deployment.params)
}

/// Fields of the client's that have a place in Gemini's body.
pub(super) struct Natives<'a>(Vec<Passed<'a>>);

impl<'a> Natives<'a> {
    /// The value of `name`.
    pub(super) fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Fault> {
        let Some(text) = self.find(&[name]) else {
            return Ok(None);
        };
        serde_json::from_str(text).map_err(|error| mistyped(name, &error))
    }

    /// The value of the first of `names` that is present, as it was written.
    fn text(&self, names: &[&str]) -> Result<Option<&'a RawValue>, Fault> {
        self.find(names)
            .map(serde_json::from_str)
            .transpose()
            .map_err(internal)
    }

    fn find(&self, names: &[&str]) -> Option<&'a str> {
        let found = self.0.iter().find(|(name, _)| names.contains(name))?;
        Some(found.1)
    }

    /// Those that the operator allowed although they have no place.
    fn others(&self, forms: &Forms) -> Vec<Passed<'a>> {
        let passed = self.0.iter().copied();
        passed
            .filter(|(name, _)| !forms.native.contains(name))
            .collect()
    }
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    contents: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Turn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolSet<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_config: Option<Generation<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    safety_settings: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_content: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
}

impl<'a> Request<'a> {
    fn new(chat: &'a Chat, natives: &Natives<'_>, target: &Target<'_>) -> Result<Self, Fault> {
        let Contents { turns, system } = Contents::new(chat, target)?;
        // OpenAI's way to ask for a search; how large it may be is not Gemini's to know.
        let search = natives.find(&["web_search_options"]).is_some();
        Ok(Self {
            contents: turns,
            system_instruction: system,
            tool_config: tools::config(chat),
            tools: tools::sets(&chat.tools, search, target)?,
            ..Self::default()
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CountRequest<'a> {
    generate_content_request: Request<'a>,
}

#[derive(Serialize)]
struct EmbedBatch<'a> {
    requests: Vec<EmbedRequest<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EmbedRequest<'a> {
    model: String,
    content: Turn<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimensionality: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_type: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a RawValue>,
}

/// OpenAI's and Anthropic's words for a tier in Gemini's; its own choice where there is none.
fn service_tier(written: &str) -> Option<&'static str> {
    match written {
        "default" | "standard" | "standard_only" => Some("standard"),
        "flex" => Some("flex"),
        "priority" => Some("priority"),
        _ => None,
    }
}

fn resource(model: &str) -> String {
    format!("models/{}", model_name(model))
}

fn written<T: Serialize>(body: &T) -> Result<Bytes, Fault> {
    serde_json::to_vec(body).map(Bytes::from).map_err(internal)
}

fn internal(error: serde_json::Error) -> Fault {
    Fault::gateway(
        FaultKind::Internal,
        "the call could not be written for the provider",
    )
    .with_cause(error)
}
