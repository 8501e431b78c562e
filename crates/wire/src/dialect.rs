use bytes::Bytes;
use ironward_core::{CallId, Fault};

use crate::{
    Body, Call, Content, Forward, Reply, StreamEncoder, anthropic_messages, openai_chat,
    openai_completions, openai_embeddings, openai_error,
};

/// A client-facing wire format, by the route that speaks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `POST /v1/chat/completions`.
    OpenAiChat,
    /// `POST /v1/completions`.
    OpenAiCompletions,
    /// `POST /v1/embeddings`.
    OpenAiEmbeddings,
    /// `POST /v1/messages`.
    AnthropicMessages,
    /// `POST /v1/messages/count_tokens`.
    AnthropicCountTokens,
}

/// What a reply is labelled with where the provider does not say: its id, time and model.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The gateway's id of the call; ids of replies are made from it.
    pub call_id: CallId,
    /// Seconds since 1970.
    pub created: u64,
    /// The model name that the client sees.
    pub model: Box<str>,
    /// Whether the client wants the usage chunk at the end of a stream.
    pub include_usage: bool,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 5] = [
        Self::OpenAiChat,
        Self::OpenAiCompletions,
        Self::OpenAiEmbeddings,
        Self::AnthropicMessages,
        Self::AnthropicCountTokens,
    ];

    /// The stable name used in logs and metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai_chat",
            Self::OpenAiCompletions => "openai_completions",
            Self::OpenAiEmbeddings => "openai_embeddings",
            Self::AnthropicMessages => "anthropic_messages",
            Self::AnthropicCountTokens => "anthropic_count_tokens",
        }
    }

    /// Whether replies in it can be streamed.
    #[must_use]
    pub const fn can_stream(self) -> bool {
        match self {
            Self::OpenAiChat | Self::OpenAiCompletions | Self::AnthropicMessages => true,
            Self::OpenAiEmbeddings | Self::AnthropicCountTokens => false,
        }
    }

    /// Reads a call.
    ///
    /// # Errors
    /// A bad-request fault naming the field that the dialect does not allow.
    pub fn decode_call(self, body: &Body) -> Result<Content, Fault> {
        match self {
            Self::OpenAiChat => {
                openai_chat::decode_call(body).map(|chat| Content::Chat(Box::new(chat)))
            }
            Self::OpenAiCompletions => {
                openai_completions::decode_call(body).map(|chat| Content::Chat(Box::new(chat)))
            }
            Self::OpenAiEmbeddings => openai_embeddings::decode_call(body).map(Content::Embeddings),
            Self::AnthropicMessages => {
                anthropic_messages::decode_call(body).map(|chat| Content::Chat(Box::new(chat)))
            }
            Self::AnthropicCountTokens => anthropic_messages::decode_count_call(body)
                .map(|chat| Content::Chat(Box::new(chat))),
        }
    }

    /// Writes a whole reply.
    ///
    /// # Errors
    /// When the reply is of a kind that the dialect has no form for.
    pub fn encode_reply(
        self,
        call: &Call,
        reply: &Reply,
        envelope: &Envelope,
    ) -> Result<Bytes, Fault> {
        match (self, reply) {
            (Self::OpenAiChat, Reply::Chat(reply)) => {
                Ok(openai_chat::encode_reply(reply, envelope))
            }
            (Self::OpenAiCompletions, Reply::Chat(reply)) => {
                Ok(openai_completions::encode_reply(reply, envelope))
            }
            (Self::OpenAiEmbeddings, Reply::Embeddings(reply)) => Ok(
                openai_embeddings::encode_reply(call.embeddings()?.format, reply, envelope),
            ),
            (Self::AnthropicMessages, Reply::Chat(reply)) => {
                Ok(anthropic_messages::encode_reply(reply, envelope))
            }
            (Self::AnthropicCountTokens, Reply::TokenCount(count)) => {
                Ok(anthropic_messages::encode_token_count(*count))
            }
            _ => Err(Fault::gateway(
                ironward_core::FaultKind::Internal,
                "the provider's reply is of another kind than the call",
            )),
        }
    }

    /// Writes a stream; `None` for a dialect that has no streams.
    #[must_use]
    pub fn stream_encoder(self, envelope: Envelope) -> Option<Box<dyn StreamEncoder>> {
        match self {
            Self::OpenAiChat => Some(Box::new(openai_chat::Encoder::new(envelope))),
            Self::OpenAiCompletions => Some(Box::new(openai_completions::Encoder::new(envelope))),
            Self::AnthropicMessages => Some(Box::new(anthropic_messages::Encoder::new(envelope))),
            Self::OpenAiEmbeddings | Self::AnthropicCountTokens => None,
        }
    }

    /// Forwards and observes a stream of a provider that speaks this dialect; `None` for a dialect
    /// that has no streams.
    #[must_use]
    pub fn forward(self, envelope: &Envelope) -> Option<Box<dyn Forward>> {
        match self {
            Self::OpenAiChat | Self::OpenAiCompletions => {
                Some(Box::new(openai_chat::Observer::new(envelope)))
            }
            Self::AnthropicMessages => Some(Box::new(anthropic_messages::Observer::new(envelope))),
            Self::OpenAiEmbeddings | Self::AnthropicCountTokens => None,
        }
    }

    /// Forwards and observes a whole reply of a provider that speaks this dialect: the bytes as
    /// they came, but for the model's name, and the usage in them.
    ///
    /// # Errors
    /// When the body is not a JSON object.
    pub fn forward_reply(
        self,
        body: Bytes,
        envelope: &Envelope,
    ) -> Result<crate::Forwarded, Fault> {
        match self {
            Self::OpenAiChat | Self::OpenAiCompletions | Self::OpenAiEmbeddings => {
                openai_chat::forward_reply(body, envelope)
            }
            Self::AnthropicMessages | Self::AnthropicCountTokens => {
                anthropic_messages::forward_reply(body, envelope)
            }
        }
    }

    /// Writes a fault as this dialect's error body.
    #[must_use]
    pub fn encode_fault(self, fault: &Fault) -> Bytes {
        match self {
            Self::OpenAiChat | Self::OpenAiCompletions | Self::OpenAiEmbeddings => {
                openai_error::encode(fault)
            }
            Self::AnthropicMessages | Self::AnthropicCountTokens => {
                anthropic_messages::encode_fault(fault)
            }
        }
    }
}
