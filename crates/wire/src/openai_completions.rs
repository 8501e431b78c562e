//! OpenAI's legacy completions: `POST /v1/completions`.
//! <https://platform.openai.com/docs/api-reference/completions>
//!
//! A provider that speaks it forwards the call as it is; for any other one the prompt becomes the
//! only user message of a conversation.

use bytes::{Bytes, BytesMut};
use ironward_core::Fault;

use crate::{Body, Chat, ChatReply, Delta, Envelope, StreamEncoder};

/// Reads a client's call.
///
/// # Errors
/// A bad-request fault naming the field.
pub fn decode_call(_body: &Body) -> Result<Chat, Fault> {
    unwritten()
}

/// Writes a whole reply.
#[must_use]
pub fn encode_reply(_reply: &ChatReply, _envelope: &Envelope) -> Bytes {
    Bytes::new()
}

/// Writes a stream.
#[derive(Debug)]
pub struct Encoder;

impl Encoder {
    /// A stream labelled by `envelope`.
    #[must_use]
    pub fn new(_envelope: Envelope) -> Self {
        Self
    }
}

impl StreamEncoder for Encoder {
    fn encode(&mut self, _delta: Delta, _out: &mut BytesMut) {}

    fn finish(&mut self, _out: &mut BytesMut) {}

    fn fail(&mut self, _fault: &Fault, _out: &mut BytesMut) {}
}

fn unwritten<T>() -> Result<T, Fault> {
    Err(Fault::gateway(
        ironward_core::FaultKind::Internal,
        "not written yet",
    ))
}
