//! Streams in both directions. <https://docs.anthropic.com/en/api/messages-streaming>

mod decoder;
mod encoder;

pub use decoder::Decoder;
pub(super) use decoder::error_event;
pub use encoder::Encoder;
