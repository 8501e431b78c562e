//! Streams: [`Decoder`] reads an upstream's, [`Encoder`] writes a client's.

mod decoder;
mod encoder;

pub use decoder::Decoder;
pub use encoder::Encoder;
pub(crate) use encoder::{Label, error_frame};
