use bytes::{Bytes, BytesMut};
use ironward_core::{Fault, Usage};

use crate::{Finish, Image, Json};

/// One piece of a streamed reply, in no vendor's words. `choice` counts the drawn replies from 0.
///
/// A decoder gives `Start` first, then pieces, one `Finish` a choice, and `Usage` at least once
/// where the provider tells it. Each `Usage` replaces the one before.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// The reply begins.
    Start {
        /// The provider's id of the reply.
        id: Option<String>,
        /// The model as the provider names it.
        model: Option<String>,
        /// When it was made, in seconds since 1970.
        created: Option<u64>,
        /// The tier that serves it, in OpenAI's word or Anthropic's.
        service_tier: Option<String>,
        /// OpenAI's fingerprint of the serving system.
        system_fingerprint: Option<String>,
    },
    /// More text.
    Text {
        /// Of which drawn reply.
        choice: u32,
        /// The text to append.
        text: String,
    },
    /// More of the model's declining.
    Refusal {
        /// Of which drawn reply.
        choice: u32,
        /// The text to append.
        text: String,
    },
    /// More visible thinking.
    Thinking {
        /// Of which drawn reply.
        choice: u32,
        /// The text to append.
        text: String,
    },
    /// The vendor's proof of the thinking so far; closes that thinking part.
    ThinkingSignature {
        /// Of which drawn reply.
        choice: u32,
        /// The proof.
        signature: String,
    },
    /// A whole part of encrypted thinking.
    RedactedThinking {
        /// Of which drawn reply.
        choice: u32,
        /// The encrypted part.
        data: String,
    },
    /// A tool call begins.
    ToolCall {
        /// Of which drawn reply.
        choice: u32,
        /// Counts the tool calls of this choice from 0.
        index: u32,
        /// The call's id.
        id: String,
        /// The tool's name.
        name: String,
        /// Gemini's thought signature of this call.
        signature: Option<String>,
    },
    /// More of a tool call's arguments.
    ToolArguments {
        /// Of which drawn reply.
        choice: u32,
        /// Of which tool call.
        index: u32,
        /// JSON text to append.
        fragment: String,
    },
    /// A whole picture.
    Image {
        /// Of which drawn reply.
        choice: u32,
        /// The picture.
        image: Image,
    },
    /// A piece of spoken output as OpenAI writes it (`delta.audio`).
    Audio {
        /// Of which drawn reply.
        choice: u32,
        /// The piece.
        json: Json,
    },
    /// Citations and other annotations as OpenAI writes them.
    Annotations {
        /// Of which drawn reply.
        choice: u32,
        /// The list.
        json: Json,
    },
    /// Log-probabilities of the latest piece as OpenAI writes them.
    Logprobs {
        /// Of which drawn reply.
        choice: u32,
        /// The object.
        json: Json,
    },
    /// A choice is complete.
    Finish {
        /// Which drawn reply.
        choice: u32,
        /// Why it ended.
        finish: Finish,
    },
    /// What the call has consumed up to now.
    Usage(Usage),
}

/// Reads a provider's stream, however the network cut it.
pub trait StreamDecoder: Send {
    /// Takes the next chunk and appends the deltas that it completes.
    ///
    /// # Errors
    /// When the provider reports an error in the stream, or sends what cannot be read.
    fn push(&mut self, chunk: Bytes, deltas: &mut Vec<Delta>) -> Result<(), Fault>;

    /// The stream has ended; appends what is left.
    ///
    /// # Errors
    /// When the reply is not complete: a cut stream never looks like a whole one.
    fn finish(&mut self, deltas: &mut Vec<Delta>) -> Result<(), Fault>;
}

/// Writes a stream in a client's dialect.
pub trait StreamEncoder: Send {
    /// Writes the frames of one delta.
    fn encode(&mut self, delta: Delta, out: &mut BytesMut);

    /// Writes the closing frames of a complete reply.
    fn finish(&mut self, out: &mut BytesMut);

    /// Writes the error event with which a broken reply ends; nothing may follow it.
    fn fail(&mut self, fault: &Fault, out: &mut BytesMut);
}
