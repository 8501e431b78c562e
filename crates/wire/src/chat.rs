use crate::Json;

/// A conversation and how it is to be continued, in no vendor's words.
///
/// Its shape follows the richest of the formats (Anthropic's content blocks): a message is a list
/// of parts; tool results are parts of a user message; a system prompt is a message.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chat {
    /// The conversation so far, in order, system prompts included.
    pub messages: Vec<Message>,
    /// The tools that the model may call.
    pub tools: Vec<Tool>,
    /// Whether and which tool has to be called.
    pub tool_choice: Option<ToolChoice>,
    /// Whether several tools may be called in one reply.
    pub parallel_tool_calls: Option<bool>,
    /// The form of the answer.
    pub output: OutputFormat,
    /// The most tokens that the reply may have, reasoning included.
    pub max_output_tokens: Option<u64>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// How much the model thinks, and how much of it is shown.
    pub reasoning: Option<Reasoning>,
    /// The end user on whose behalf the call is made.
    pub user: Option<String>,
    /// The processing tier (`auto`, `default`, `flex`, `priority`, `standard_only`...).
    pub service_tier: Option<String>,
    /// Top-level fields that have no neutral form (name, value). A provider of the same dialect
    /// never sees them here: its body is patched, not rebuilt.
    pub extra: Vec<(String, Json)>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions by the application.
    System,
    /// Instructions by the application, in OpenAI's newer word. Providers without it read `System`.
    Developer,
    /// The person, or a tool's result.
    User,
    /// The model.
    Assistant,
}

/// One turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub parts: Vec<Part>,
    /// The participant's name, where the dialect has one.
    pub name: Option<String>,
}

/// One piece of a turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The piece.
    pub body: PartBody,
    /// Whether the prompt up to here should be cached by the provider.
    pub cache: Option<CacheMarker>,
}

/// What a piece of a turn can be.
#[derive(Debug, Clone, PartialEq)]
pub enum PartBody {
    /// Text.
    Text(String),
    /// A picture.
    Image(Image),
    /// A document such as a PDF.
    Document {
        /// Where its bytes are.
        source: Source,
        /// Its title or file name.
        title: Option<String>,
    },
    /// A sound; `media_type` is `audio/wav`, `audio/mpeg`...
    Audio(Media),
    /// A film; `media_type` is `video/mp4`...
    Video(Source),
    /// The model's reasoning; `signature` proves to its vendor that it was not changed.
    Thinking {
        /// The visible text, possibly empty.
        text: String,
        /// The vendor's opaque proof.
        signature: Option<String>,
    },
    /// Reasoning that the vendor encrypted.
    RedactedThinking(String),
    /// The model calls a tool.
    ToolCall {
        /// The call's id, which its result repeats.
        id: String,
        /// The tool's name.
        name: String,
        /// The arguments as JSON text; possibly not valid, since a model wrote it.
        arguments: String,
        /// Gemini's thought signature of this call.
        signature: Option<String>,
    },
    /// A tool's result.
    ToolResult {
        /// The id of the call that it answers.
        call_id: String,
        /// What came out: text, images, documents.
        content: Vec<Part>,
        /// Whether the tool failed.
        is_error: bool,
    },
    /// The model declined, in its words.
    Refusal(String),
    /// A part that only its own vendor understands, kept for a reply to the same vendor.
    Opaque {
        /// The provider whose part it is.
        provider: &'static str,
        /// The part.
        json: Json,
    },
}

/// A prompt-cache marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheMarker {
    /// Kept for five minutes.
    FiveMinutes,
    /// Kept for one hour.
    OneHour,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Where its bytes are.
    pub source: Source,
    /// OpenAI's `detail`: `low`, `high`, `auto`.
    pub detail: Option<String>,
}

/// Bytes with their type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Such as `image/png`.
    pub media_type: String,
    /// Base64.
    pub data: String,
}

/// Where bytes are. The gateway never fetches any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In the call itself.
    Inline(Media),
    /// At an address that the provider is to fetch, with its type where it is known.
    Url {
        /// The address.
        url: String,
        /// Such as `application/pdf`.
        media_type: Option<String>,
    },
    /// In a file that was uploaded to the provider.
    File(String),
    /// Plain text given as a document.
    Text(String),
}

/// A function that the model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// The JSON schema of its arguments.
    pub parameters: Json,
    /// Whether arguments have to match the schema exactly.
    pub strict: Option<bool>,
    /// Whether the prompt up to here should be cached by the provider.
    pub cache: Option<CacheMarker>,
    /// A tool that the vendor runs itself (web search...), as it was written; `parameters` is
    /// `{}` then, and only the vendor's own dialect can send it.
    pub builtin: Option<Json>,
}

/// Whether and which tool has to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// None may be called.
    None,
    /// Some tool has to be called.
    Required,
    /// This tool has to be called.
    Tool(String),
}

/// The form of the answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum OutputFormat {
    /// Text.
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON of this schema.
    JsonSchema {
        /// The schema's name.
        name: String,
        /// What it describes.
        description: Option<String>,
        /// The JSON schema.
        schema: Json,
        /// Whether the answer has to match exactly.
        strict: Option<bool>,
    },
}

/// How tokens are drawn. `None` leaves it to the provider.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sampling {
    /// Randomness.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Only the k likeliest tokens.
    pub top_k: Option<u64>,
    /// Makes draws repeatable as far as the provider can.
    pub seed: Option<i64>,
    /// Texts that end the reply.
    pub stop: Vec<String>,
    /// Against repeating frequent tokens.
    pub frequency_penalty: Option<f64>,
    /// Against repeating any token.
    pub presence_penalty: Option<f64>,
    /// Token id to bias, as OpenAI writes it.
    pub logit_bias: Option<Json>,
    /// How many replies to draw.
    pub n: Option<u64>,
    /// Whether the drawn tokens' log-probabilities are wanted.
    pub logprobs: Option<bool>,
    /// For how many alternatives a token.
    pub top_logprobs: Option<u64>,
}

/// How much the model thinks, and how much of it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reasoning {
    /// OpenAI's scale.
    pub effort: Option<Effort>,
    /// Anthropic's and Gemini's scale: the most tokens for thinking.
    pub budget_tokens: Option<u64>,
    /// Whether thinking is on at all, where the caller said so; `Some(true)` with neither effort
    /// nor budget leaves the amount to the model (Anthropic's `adaptive`).
    pub enabled: Option<bool>,
    /// Whether the reply should hold the thoughts, where the caller said so.
    pub visible: Option<bool>,
}

/// OpenAI's scale of reasoning effort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// `none`.
    None,
    /// `minimal`.
    Minimal,
    /// `low`.
    Low,
    /// `medium`.
    Medium,
    /// `high`.
    High,
    /// `xhigh`.
    ExtraHigh,
    /// `max`.
    Max,
}

impl Part {
    /// A part without a cache marker.
    #[must_use]
    pub const fn new(body: PartBody) -> Self {
        Self { body, cache: None }
    }

    /// A text part without a cache marker.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(PartBody::Text(text.into()))
    }
}

impl Effort {
    /// Reads OpenAI's word.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::None,
            "minimal" => Self::Minimal,
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "xhigh" => Self::ExtraHigh,
            "max" => Self::Max,
            _ => return None,
        })
    }

    /// OpenAI's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::ExtraHigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// The thinking budget in tokens for providers that take a number; LiteLLM's scale (1024 low,
    /// 2048 medium, 4096 high), continued.
    #[must_use]
    pub const fn budget_tokens(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Minimal | Self::Low => 1024,
            Self::Medium => 2048,
            Self::High => 4096,
            Self::ExtraHigh => 8192,
            Self::Max => 16384,
        }
    }

    /// The effort that is nearest to a thinking budget in tokens.
    #[must_use]
    pub const fn from_budget(tokens: u64) -> Self {
        match tokens {
            0 => Self::None,
            1..=1024 => Self::Low,
            1025..=2048 => Self::Medium,
            _ => Self::High,
        }
    }
}
