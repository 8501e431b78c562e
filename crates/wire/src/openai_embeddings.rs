//! OpenAI's embeddings: `POST /v1/embeddings`.
//! <https://platform.openai.com/docs/api-reference/embeddings>

use bytes::Bytes;
use ironward_core::Fault;

use crate::{Body, Embeddings, EmbeddingsFormat, EmbeddingsReply, Envelope};

/// Reads a client's call.
///
/// # Errors
/// A bad-request fault naming the field.
pub fn decode_call(_body: &Body) -> Result<Embeddings, Fault> {
    unwritten()
}

/// Writes a call for an upstream that speaks this dialect, as `model`.
///
/// # Errors
/// Never for now.
pub fn encode_call(_embeddings: &Embeddings, _model: &str) -> Result<Bytes, Fault> {
    unwritten()
}

/// Reads an upstream's reply, of numbers or base64.
///
/// # Errors
/// When it is not one.
pub fn decode_reply(_body: &[u8]) -> Result<EmbeddingsReply, Fault> {
    unwritten()
}

/// Writes a reply, its numbers as `format` says.
#[must_use]
pub fn encode_reply(
    _format: EmbeddingsFormat,
    _reply: &EmbeddingsReply,
    _envelope: &Envelope,
) -> Bytes {
    Bytes::new()
}

fn unwritten<T>() -> Result<T, Fault> {
    Err(Fault::gateway(
        ironward_core::FaultKind::Internal,
        "not written yet",
    ))
}
