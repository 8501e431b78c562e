//! The neutral conversation and the client dialects that convert to and from it.
//!
//! A client's bytes become a [`Body`] (read strictly: what is authorised is what is sent), then a
//! [`Call`]. A provider that speaks the call's dialect forwards the patched body and its reply is
//! only observed ([`Forward`]); any other provider is reached through [`Content`], and its reply
//! comes back as a [`Reply`] or a stream of [`Delta`]s.
//!
//! One folder a dialect, each with the same files: `call` (request), `reply`, `stream`, `forward`.

mod assemble;
mod body;
mod call;
mod chat;
mod delta;
mod dialect;
mod embeddings;
mod forward;
mod json;
mod node;
mod presented_key;
mod reply;
mod sse;
mod target;
mod writer;

pub mod anthropic_messages;
pub mod openai_chat;
pub mod openai_completions;
pub mod openai_embeddings;
pub mod openai_error;

pub use assemble::Assembler;
pub use body::{Body, Patch, check_strict};
pub use call::{Call, Content};
pub use chat::{
    CacheMarker, Chat, Effort, Image, Media, Message, OutputFormat, Part, PartBody, Reasoning,
    Role, Sampling, Source, Tool, ToolChoice,
};
pub use delta::{Delta, StreamDecoder, StreamEncoder};
pub use dialect::{Dialect, Envelope};
pub use embeddings::{Embeddings, EmbeddingsFormat, EmbeddingsInput, EmbeddingsReply};
pub use forward::{Forward, Forwarded};
pub use json::{Json, mistyped};
pub use openai_chat::read_usage;
pub use presented_key::{no_key, presented_key};
pub use reply::{ChatReply, Choice, Finish, Reply};
pub use sse::{Frame, Frames};
pub use target::check_target;

#[cfg(test)]
mod testing;
