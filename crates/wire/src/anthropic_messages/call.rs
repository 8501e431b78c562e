//! Calls in both directions.

mod read;
mod write;

pub use read::{decode_call, decode_count_call};
pub use write::{encode_call, is_own_tool};
