//! OpenAI's chat completions: `POST /v1/chat/completions`.
//! <https://platform.openai.com/docs/api-reference/chat>
//!
//! Each direction is here, since clients and upstreams speak it: a client's call is read strictly
//! and a fault names the exact field; an upstream's reply is read leniently, in the variants of
//! the many vendors that follow OpenAI; what is written is OpenAI's own form, with LiteLLM's
//! additions to replies where there is something to say.

mod call;
mod chunk;
pub(crate) mod fault;
mod forward;
pub(crate) mod lenient;
mod media;
mod pieces;
mod reply;
mod signature;
mod stream;
mod thinking;
pub(crate) mod usage;

pub use call::{Additions, decode_call, encode_call, encode_call_with};
pub use forward::{Observer, forward_reply};
pub use reply::{decode_reply, encode_reply};
pub use stream::{Decoder, Encoder};
pub use usage::read_usage;

pub(crate) use call::{read, sampling};
pub(crate) use reply::{head, tail};
pub(crate) use stream::{Label, error_frame};

#[cfg(test)]
mod arbitrary;
#[cfg(test)]
mod tests;
