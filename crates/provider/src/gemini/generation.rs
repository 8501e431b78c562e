//! `generationConfig`: how the reply is drawn, its form, and how much the model thinks.
//! <https://ai.google.dev/api/generate-content#generationconfig>

use ironward_core::Fault;
use ironward_wire::{Chat, Effort, Json, OutputFormat, Reasoning};
use serde::{Deserialize, Serialize};

use super::{NAME, call::Natives, schema};
use crate::Target;

#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Generation<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<ThinkingConfig>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    response_modalities: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speech_config: Option<SpeechConfig>,
}

/// One of the two amounts, or neither, which leaves it to the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ThinkingConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_budget: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    include_thoughts: Option<bool>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct SpeechConfig {
    voice_config: VoiceConfig,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct VoiceConfig {
    prebuilt_voice_config: PrebuiltVoice,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct PrebuiltVoice {
    voice_name: String,
}

impl<'a> Generation<'a> {
    /// What `chat` asks for; `None` where it asks for nothing.
    pub(super) fn new(
        chat: &'a Chat,
        natives: &Natives<'_>,
        target: &Target<'_>,
    ) -> Result<Option<Self>, Fault> {
        const MOST_STOPS: usize = 5;
        let sampling = &chat.sampling;
        if sampling.stop.len() > MOST_STOPS {
            return Err(Fault::invalid(
                "stop",
                format!("'stop' has more than the {MOST_STOPS} texts that {NAME} takes"),
            ));
        }
        let (response_mime_type, response_json_schema) = match &chat.output {
            OutputFormat::Text => (None, None),
            OutputFormat::JsonObject => (Some("application/json"), None),
            OutputFormat::JsonSchema { schema, .. } => (
                Some("application/json"),
                Some(schema::adapt(schema, "response_format")?),
            ),
        };
        let logprobs = sampling.logprobs.filter(|wanted| *wanted);
        let generation = Self {
            max_output_tokens: chat.max_output_tokens,
            temperature: sampling.temperature,
            top_p: sampling.top_p,
            top_k: sampling.top_k,
            stop_sequences: &sampling.stop,
            candidate_count: sampling.n.filter(|n| *n != 1),
            seed: sampling.seed.map(seed).transpose()?,
            presence_penalty: sampling.presence_penalty,
            frequency_penalty: sampling.frequency_penalty,
            response_logprobs: logprobs,
            logprobs: logprobs.and(sampling.top_logprobs).filter(|top| *top != 0),
            response_mime_type,
            response_json_schema,
            thinking_config: match &chat.reasoning {
                Some(reasoning) => Thinks::by_name(target.model).config(reasoning, target)?,
                None => None,
            },
            response_modalities: natives.read("modalities")?.map_or_else(Vec::new, uppercase),
            speech_config: natives.read::<Audio>("audio")?.map(SpeechConfig::from),
        };
        Ok((generation != Self::default()).then_some(generation))
    }
}

/// OpenAI's `audio`; its `format` says nothing, since Gemini speaks 24 kHz PCM only.
#[derive(Deserialize)]
struct Audio {
    voice: String,
}

impl From<Audio> for SpeechConfig {
    fn from(audio: Audio) -> Self {
        Self {
            voice_config: VoiceConfig {
                prebuilt_voice_config: PrebuiltVoice {
                    voice_name: audio.voice,
                },
            },
        }
    }
}

fn uppercase(words: Vec<String>) -> Vec<String> {
    words
        .into_iter()
        .map(|word| word.to_ascii_uppercase())
        .collect()
}

fn seed(seed: i64) -> Result<i32, Fault> {
    i32::try_from(seed).map_err(|_| {
        Fault::invalid(
            "seed",
            format!("'seed' is outside the 32-bit range that {NAME} takes"),
        )
    })
}

/// How the amount of thinking is told to a model.
/// <https://ai.google.dev/gemini-api/docs/thinking>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinks {
    /// Not at all: Gemini 1 and 2.0, Gemma.
    Never,
    /// In tokens, 2.5: the smallest and the largest budget, and the one that means the least.
    Budget { least: i64, from: i64, to: i64 },
    /// In levels, since 3.
    Level { pro: bool },
}

impl Thinks {
    /// By the model's name: the API has no way to ask that does not cost a request.
    pub(super) fn by_name(model: &str) -> Self {
        let model = super::model_name(model);
        let pro = model.contains("pro");
        if ["gemini-1", "gemini-2.0", "gemma", "learnlm"]
            .iter()
            .any(|old| model.starts_with(old))
        {
            Self::Never
        } else if !model.starts_with("gemini-2.5") {
            Self::Level { pro }
        } else if pro {
            // It cannot stop thinking.
            Self::Budget {
                least: 128,
                from: 128,
                to: 32_768,
            }
        } else {
            let from = if model.contains("lite") { 512 } else { 1 };
            Self::Budget {
                least: 0,
                from,
                to: 24_576,
            }
        }
    }

    fn config(
        self,
        reasoning: &Reasoning,
        target: &Target<'_>,
    ) -> Result<Option<ThinkingConfig>, Fault> {
        let off = reasoning.enabled == Some(false)
            || (reasoning.effort == Some(Effort::None) && reasoning.budget_tokens.is_none())
            || reasoning.budget_tokens == Some(0);
        let asked = reasoning.effort.is_some()
            || reasoning.budget_tokens.is_some()
            || reasoning.enabled.is_some();
        let mut config = ThinkingConfig {
            // Who asks for thinking is shown it, unless it says otherwise, as with LiteLLM.
            include_thoughts: reasoning.visible.or_else(|| asked.then_some(!off)),
            ..ThinkingConfig::default()
        };
        match self {
            Self::Never => {
                if !off && asked {
                    target.unsupported(NAME, "reasoning_effort")?;
                }
                return Ok(None);
            }
            Self::Budget { least, .. } if off => config.thinking_budget = Some(least),
            Self::Budget { from, to, .. } => {
                let budget = reasoning
                    .budget_tokens
                    .or_else(|| reasoning.effort.map(Effort::budget_tokens));
                config.thinking_budget = match budget {
                    Some(tokens) => Some(i64::try_from(tokens).unwrap_or(to).clamp(from, to)),
                    // The model decides; `flash-lite` would not think at all without it.
                    None => reasoning.enabled.map(|_| -1),
                };
            }
            Self::Level { pro } if off => config.thinking_level = Some(least_level(pro)),
            Self::Level { pro } => {
                let effort = reasoning
                    .effort
                    .or_else(|| reasoning.budget_tokens.map(Effort::from_budget));
                config.thinking_level = effort.map(|effort| level(effort, pro, target.model));
            }
        }
        Ok((config != ThinkingConfig::default()).then_some(config))
    }
}

/// Since Gemini 3 thinking cannot be switched off.
const fn least_level(pro: bool) -> &'static str {
    if pro { "low" } else { "minimal" }
}

fn level(effort: Effort, pro: bool, model: &str) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal => least_level(pro),
        Effort::Low => "low",
        // The first Pro of the generation knows two levels only.
        Effort::Medium if super::model_name(model).starts_with("gemini-3-pro") => "high",
        Effort::Medium => "medium",
        Effort::High | Effort::ExtraHigh | Effort::Max => "high",
    }
}

#[cfg(test)]
mod tests;
