/// What a call consumed, as the provider counted it, in tokens.
///
/// `input` and `output` are whole sums: cached, cache-written and audio input are parts of `input`,
/// reasoning and audio output are parts of `output`. A vendor that reports the parts beside the sum
/// (Anthropic's `input_tokens`, Gemini's `thoughtsTokenCount`) is added up by its decoder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// All input tokens.
    pub input: u64,
    /// Input tokens read from the provider's prompt cache.
    pub input_cached: u64,
    /// Input tokens written to the provider's prompt cache, any lifetime.
    pub input_cache_write: u64,
    /// Those of `input_cache_write` that were written for one hour.
    pub input_cache_write_1h: u64,
    /// Audio tokens in the input.
    pub input_audio: u64,
    /// All output tokens.
    pub output: u64,
    /// Output tokens spent on reasoning.
    pub output_reasoning: u64,
    /// Audio tokens in the output.
    pub output_audio: u64,
    /// Predicted output tokens that were accepted.
    pub output_accepted_prediction: u64,
    /// Predicted output tokens that were rejected; billed as output all the same.
    pub output_rejected_prediction: u64,
}

impl Usage {
    /// Input and output together.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// Input tokens that were neither read from nor written to the provider's cache.
    #[must_use]
    pub const fn input_uncached(&self) -> u64 {
        self.input
            .saturating_sub(self.input_cached)
            .saturating_sub(self.input_cache_write)
    }
}
