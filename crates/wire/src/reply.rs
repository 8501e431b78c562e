use ironward_core::Usage;

use crate::{EmbeddingsReply, Json, Part};

/// A whole answer, in no vendor's words.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A turn of the model.
    Chat(ChatReply),
    /// Vectors.
    Embeddings(EmbeddingsReply),
    /// The input tokens that a call would consume.
    TokenCount(u64),
}

/// A turn of the model, once for each drawn choice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChatReply {
    /// The provider's id of the reply.
    pub id: Option<String>,
    /// The model as the provider names it.
    pub model: Option<String>,
    /// When it was made, in seconds since 1970.
    pub created: Option<u64>,
    /// One for each drawn reply.
    pub choices: Vec<Choice>,
    /// What it consumed.
    pub usage: Option<Usage>,
    /// The tier that served it.
    pub service_tier: Option<String>,
    /// OpenAI's fingerprint of the serving system.
    pub system_fingerprint: Option<String>,
}

/// One drawn reply.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Choice {
    /// What the model said, in order: thinking, text, tool calls...
    pub parts: Vec<Part>,
    /// Why it ended.
    pub finish: Option<Finish>,
    /// Log-probabilities as OpenAI writes them.
    pub logprobs: Option<Json>,
    /// Citations and other annotations as OpenAI writes them.
    pub annotations: Option<Json>,
    /// Spoken output as OpenAI writes it (`message.audio`).
    pub audio: Option<Json>,
}

/// Why a reply ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// The model was done.
    Stop,
    /// One of the caller's stop texts was met; which one, where the provider says so.
    StopSequence(Option<String>),
    /// The limit of output tokens was met.
    Length,
    /// The model waits for tool results.
    ToolCalls,
    /// The provider cut the reply for its content.
    ContentFilter,
    /// The model declined.
    Refusal,
    /// A long turn paused; send it back to go on (Anthropic's `pause_turn`).
    Pause,
    /// The model's context window is full.
    ContextWindow,
}

impl Reply {
    /// What it consumed, where the provider said so.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        match self {
            Self::Chat(reply) => reply.usage,
            Self::Embeddings(reply) => reply.usage,
            Self::TokenCount(_) => None,
        }
    }
}
