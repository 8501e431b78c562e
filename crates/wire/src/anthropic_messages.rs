//! Anthropic's messages: `POST /v1/messages` and `/v1/messages/count_tokens`.
//! <https://docs.anthropic.com/en/api/messages>
//!
//! What has no neutral form, and what becomes of it on the way to another vendor:
//! - blocks that only Anthropic reads (server tools and their results, MCP, containers,
//!   compaction...) stay whole as [`PartBody::Opaque`](crate::PartBody::Opaque);
//! - citations of earlier replies and the switches for citing are left out, the texts stay.
//!
//! What other dialects say that Anthropic has no form for:
//! - system messages at the head become `system`; a later one becomes text of a user turn where it
//!   stands, because only the newest models take the role there and moving it to the head would
//!   change what it refers to;
//! - the rest (seed, penalties, several replies...) is not written; the provider says so first.

mod call;
mod content;
mod error;
mod forward;
mod object;
mod reply;
mod stream;
mod thinking;
mod usage;

pub use call::{decode_call, decode_count_call, encode_call, is_own_tool};
pub use error::{UpstreamError, encode_fault};
pub use forward::{Observer, forward_reply};
pub use reply::{decode_reply, decode_token_count, encode_reply, encode_token_count};
pub use stream::{Decoder, Encoder};

/// The provider whose opaque parts this dialect writes back.
const PROVIDER: &str = "anthropic";

#[cfg(test)]
mod tests;
