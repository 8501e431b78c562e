//! OpenAI's error body, with LiteLLM's types and its `code` as text.

use bytes::Bytes;
use ironward_core::Fault;

/// Writes a fault: `{"error":{"message","type","param","code"}}`.
#[must_use]
pub fn encode(_fault: &Fault) -> Bytes {
    Bytes::new()
}
