//! Token counts: Anthropic's `input_tokens` leaves out what was read from and written to the
//! prompt cache. <https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching>

use std::borrow::Cow;

use ironward_core::Usage;
use serde::{Deserialize, Serialize};

/// As it is read: of a reply, or of the two events of a stream that have it.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct UsageRead<'a> {
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation: Option<CacheCreation>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
    iterations: Option<Vec<Iteration>>,
    #[serde(borrow)]
    service_tier: Option<Cow<'a, str>>,
}

impl UsageRead<'_> {
    /// The tier that serves the call.
    pub(super) fn tier(&self) -> Option<String> {
        self.service_tier.as_deref().map(|tier| match tier {
            // OpenAI's word for it.
            "standard" => "default".to_owned(),
            tier => tier.to_owned(),
        })
    }
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct CacheCreation {
    ephemeral_1h_input_tokens: Option<u64>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
}

/// One of several inferences behind one reply.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Iteration {
    #[serde(rename = "type")]
    kind: String,
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation: Option<CacheCreation>,
    output_tokens: Option<u64>,
}

/// The counts of a stream, event after event: each event has the sums so far of what it names.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    input: u64,
    cache_write: u64,
    cache_write_1h: u64,
    cache_read: u64,
    output: u64,
    thinking: u64,
    /// Inferences that the sums leave out.
    beside: Usage,
}

impl Counts {
    pub(super) fn update(&mut self, read: &UsageRead<'_>) {
        let set = |count: &mut u64, read: Option<u64>| *count = read.unwrap_or(*count);
        set(&mut self.input, read.input_tokens);
        set(&mut self.cache_write, read.cache_creation_input_tokens);
        set(&mut self.cache_read, read.cache_read_input_tokens);
        set(&mut self.output, read.output_tokens);
        let one_hour = read
            .cache_creation
            .and_then(|creation| creation.ephemeral_1h_input_tokens);
        set(&mut self.cache_write_1h, one_hour);
        let thinking = read
            .output_tokens_details
            .and_then(|details| details.thinking_tokens);
        set(&mut self.thinking, thinking);
        if let Some(iterations) = &read.iterations {
            self.beside = beside(iterations);
        }
    }

    pub(super) const fn usage(&self) -> Usage {
        Usage {
            input: self
                .input
                .saturating_add(self.cache_write)
                .saturating_add(self.cache_read)
                .saturating_add(self.beside.input),
            input_cached: self.cache_read.saturating_add(self.beside.input_cached),
            input_cache_write: self
                .cache_write
                .saturating_add(self.beside.input_cache_write),
            input_cache_write_1h: self
                .cache_write_1h
                .saturating_add(self.beside.input_cache_write_1h),
            input_audio: 0,
            output: self.output.saturating_add(self.beside.output),
            output_reasoning: self.thinking,
            output_audio: 0,
            output_accepted_prediction: 0,
            output_rejected_prediction: 0,
        }
    }
}

/// The sums of a reply count its own inferences (`message`; after a refusal `fallback_message`);
/// others are billed beside them: `compaction`, `advisor_message`.
/// <https://docs.anthropic.com/en/docs/build-with-claude/compaction>
fn beside(iterations: &[Iteration]) -> Usage {
    let mut sum = Usage::default();
    let others = iterations
        .iter()
        .filter(|iteration| !matches!(&*iteration.kind, "message" | "fallback_message"));
    for other in others {
        let count = |count: Option<u64>| count.unwrap_or(0);
        let written = count(other.cache_creation_input_tokens);
        let cached = count(other.cache_read_input_tokens);
        let one_hour = other
            .cache_creation
            .and_then(|creation| creation.ephemeral_1h_input_tokens);
        let input = count(other.input_tokens)
            .saturating_add(written)
            .saturating_add(cached);
        sum.input = sum.input.saturating_add(input);
        sum.input_cached = sum.input_cached.saturating_add(cached);
        sum.input_cache_write = sum.input_cache_write.saturating_add(written);
        sum.input_cache_write_1h = sum.input_cache_write_1h.saturating_add(count(one_hour));
        sum.output = sum.output.saturating_add(count(other.output_tokens));
    }
    sum
}

/// As it is written.
#[derive(Debug, Serialize)]
pub(super) struct UsageWritten {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_creation: Option<CacheWritten>,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_details: Option<DetailsWritten>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct CacheWritten {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

#[derive(Debug, Serialize)]
struct DetailsWritten {
    thinking_tokens: u64,
}

impl UsageWritten {
    /// Of a whole reply, or of the event that begins a stream.
    pub(super) fn of_reply(usage: Option<Usage>, service_tier: Option<&str>) -> Self {
        let usage = usage.unwrap_or_default();
        Self {
            cache_creation: Some(CacheWritten {
                ephemeral_5m_input_tokens: usage
                    .input_cache_write
                    .saturating_sub(usage.input_cache_write_1h),
                ephemeral_1h_input_tokens: usage.input_cache_write_1h,
            }),
            service_tier: match service_tier {
                Some("default" | "standard") => Some("standard"),
                Some("priority") => Some("priority"),
                Some("batch") => Some("batch"),
                _ => None,
            },
            ..Self::of_delta(usage)
        }
    }

    /// Of the event that ends a stream.
    pub(super) fn of_delta(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input_uncached(),
            cache_creation_input_tokens: usage.input_cache_write,
            cache_read_input_tokens: usage.input_cached,
            cache_creation: None,
            output_tokens: usage.output,
            output_tokens_details: (usage.output_reasoning > 0).then_some(DetailsWritten {
                thinking_tokens: usage.output_reasoning,
            }),
            service_tier: None,
        }
    }
}
