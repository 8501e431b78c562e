use ironward_core::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient;
use crate::writer::JsonWriter;

/// Reads a `usage` object, in any vendor's variant of it.
pub(crate) fn read(json: &RawValue) -> Option<Usage> {
    read_usage(json.get())
}

/// Reads the text of a `usage` object, in any vendor's variant of it.
#[must_use]
pub fn read_usage(json: &str) -> Option<Usage> {
    let fields: UsageFields = serde_json::from_str(json).ok()?;
    fields.usage()
}

/// The fields that are counted. What vendors do differently:
///
/// - `DeepSeek` tells cached input as `prompt_cache_hit_tokens`
///   (<https://api-docs.deepseek.com/guides/kv_cache>), Moonshot as `cached_tokens`, Mistral as
///   `num_cached_tokens`, LiteLLM and Venice as Anthropic's `cache_read_input_tokens`;
/// - cache writes are `cache_creation_input_tokens` (LiteLLM) or `cache_write_tokens` among the
///   details (`OpenRouter`);
/// - xAI does not count reasoning among `completion_tokens`, only in the total
///   (<https://docs.x.ai/docs/models>), and others tell `reasoning_tokens` outside the details;
/// - names of the Responses API stand in for the older ones.
#[derive(Deserialize, Default)]
#[serde(default)]
struct UsageFields {
    #[serde(deserialize_with = "lenient::optional_count")]
    prompt_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient::optional_count")]
    completion_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient::optional_count")]
    input_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient::optional_count")]
    output_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient::optional_count")]
    total_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient::optional")]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(deserialize_with = "lenient::optional")]
    completion_tokens_details: Option<CompletionDetails>,
    #[serde(deserialize_with = "lenient::count")]
    reasoning_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    prompt_cache_hit_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    cached_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    num_cached_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    cache_read_input_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    cache_creation_input_tokens: u64,
    #[serde(deserialize_with = "lenient::optional")]
    cache_creation: Option<CacheCreation>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PromptDetails {
    #[serde(deserialize_with = "lenient::count")]
    cached_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    audio_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    cache_write_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    cache_creation_tokens: u64,
    #[serde(deserialize_with = "lenient::optional")]
    cache_creation_token_details: Option<CacheCreation>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CacheCreation {
    #[serde(deserialize_with = "lenient::count")]
    ephemeral_1h_input_tokens: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CompletionDetails {
    #[serde(deserialize_with = "lenient::count")]
    reasoning_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    audio_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    accepted_prediction_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    rejected_prediction_tokens: u64,
}

impl UsageFields {
    fn usage(self) -> Option<Usage> {
        let input = self.prompt_tokens.or(self.input_tokens);
        let output = self.completion_tokens.or(self.output_tokens);
        // `{}` says nothing.
        input.or(output).or(self.total_tokens)?;
        let prompt = self.prompt_tokens_details.unwrap_or_default();
        let completion = self.completion_tokens_details.unwrap_or_default();
        let reasoning = completion.reasoning_tokens.max(self.reasoning_tokens);
        let input = input.unwrap_or_default();
        let mut output =
            output.unwrap_or_else(|| self.total_tokens.unwrap_or_default().saturating_sub(input));
        let sum = input.saturating_add(output);
        if reasoning > 0 && self.total_tokens == Some(sum.saturating_add(reasoning)) {
            output = output.saturating_add(reasoning);
        }
        let hour = [self.cache_creation, prompt.cache_creation_token_details];
        Some(Usage {
            input,
            input_cached: [
                prompt.cached_tokens,
                self.prompt_cache_hit_tokens,
                self.cached_tokens,
                self.num_cached_tokens,
                self.cache_read_input_tokens,
            ]
            .into_iter()
            .fold(0, u64::max),
            input_cache_write: self
                .cache_creation_input_tokens
                .max(prompt.cache_write_tokens)
                .max(prompt.cache_creation_tokens),
            input_cache_write_1h: hour
                .into_iter()
                .flatten()
                .fold(0, |most, each| most.max(each.ephemeral_1h_input_tokens)),
            input_audio: prompt.audio_tokens,
            output,
            output_reasoning: reasoning,
            output_audio: completion.audio_tokens,
            output_accepted_prediction: completion.accepted_prediction_tokens,
            output_rejected_prediction: completion.rejected_prediction_tokens,
        })
    }
}

/// Writes a `usage` object as OpenAI does, with LiteLLM's additions about the cache where there is
/// something to say.
pub(crate) fn write(json: &mut JsonWriter<'_>, usage: &Usage) {
    json.begin_object();
    json.key("prompt_tokens").number(usage.input);
    json.key("completion_tokens").number(usage.output);
    json.key("total_tokens").number(usage.total());
    json.key("prompt_tokens_details").begin_object();
    json.key("cached_tokens").number(usage.input_cached);
    json.key("audio_tokens").number(usage.input_audio);
    if usage.input_cache_write_1h > 0 {
        let short = usage
            .input_cache_write
            .saturating_sub(usage.input_cache_write_1h);
        json.key("cache_creation_token_details").begin_object();
        json.key("ephemeral_5m_input_tokens").number(short);
        json.key("ephemeral_1h_input_tokens")
            .number(usage.input_cache_write_1h);
        json.end_object();
    }
    json.end_object();
    json.key("completion_tokens_details").begin_object();
    json.key("reasoning_tokens").number(usage.output_reasoning);
    json.key("audio_tokens").number(usage.output_audio);
    json.key("accepted_prediction_tokens")
        .number(usage.output_accepted_prediction);
    json.key("rejected_prediction_tokens")
        .number(usage.output_rejected_prediction);
    json.end_object();
    json.count("cache_read_input_tokens", usage.input_cached);
    json.count("cache_creation_input_tokens", usage.input_cache_write);
    json.end_object();
}

#[cfg(test)]
mod tests;
