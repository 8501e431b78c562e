//! Anthropic's messages: `POST /v1/messages` and `/v1/messages/count_tokens`.
//! <https://docs.anthropic.com/en/api/messages>

use bytes::{Bytes, BytesMut};
use ironward_core::{Fault, Usage};

use crate::{
    Body, Chat, ChatReply, Delta, Envelope, Forward, Forwarded, StreamDecoder, StreamEncoder,
};

/// Reads a client's call.
///
/// # Errors
/// A bad-request fault naming the field.
pub fn decode_call(_body: &Body) -> Result<Chat, Fault> {
    unwritten()
}

/// Writes a call for an upstream that speaks this dialect, as `model`.
///
/// # Errors
/// When the conversation has something that the dialect has no form for.
pub fn encode_call(_chat: &Chat, _model: &str, _stream: bool) -> Result<Bytes, Fault> {
    unwritten()
}

/// Reads an upstream's whole reply.
///
/// # Errors
/// When it is not one.
pub fn decode_reply(_body: &[u8]) -> Result<ChatReply, Fault> {
    unwritten()
}

/// Writes a whole reply.
#[must_use]
pub fn encode_reply(_reply: &ChatReply, _envelope: &Envelope) -> Bytes {
    Bytes::new()
}

/// Forwards a whole reply.
///
/// # Errors
/// When it is no JSON object.
pub fn forward_reply(_body: Bytes, _envelope: &Envelope) -> Result<Forwarded, Fault> {
    unwritten()
}

/// Reads an upstream's stream.
#[derive(Debug, Default)]
pub struct Decoder;

impl StreamDecoder for Decoder {
    fn push(&mut self, _chunk: Bytes, _deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        unwritten()
    }

    fn finish(&mut self, _deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        unwritten()
    }
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

/// Forwards a stream.
#[derive(Debug)]
pub struct Observer;

impl Observer {
    /// A stream labelled by `envelope`.
    #[must_use]
    pub fn new(_envelope: &Envelope) -> Self {
        Self
    }
}

impl Forward for Observer {
    fn push(&mut self, _chunk: Bytes) -> Result<Bytes, Fault> {
        unwritten()
    }

    fn unsent(&mut self) -> Bytes {
        Bytes::new()
    }

    fn finish(&mut self) -> Result<Bytes, Fault> {
        unwritten()
    }

    fn usage(&self) -> Option<Usage> {
        None
    }

    fn fail(&mut self, _fault: &Fault) -> Bytes {
        Bytes::new()
    }
}

fn unwritten<T>() -> Result<T, Fault> {
    Err(Fault::gateway(
        ironward_core::FaultKind::Internal,
        "not written yet",
    ))
}

/// Writes the reply of `count_tokens`.
#[must_use]
pub fn encode_token_count(_count: u64) -> Bytes {
    Bytes::new()
}

/// Writes a fault as Anthropic's error body.
#[must_use]
pub fn encode_fault(_fault: &Fault) -> Bytes {
    Bytes::new()
}
