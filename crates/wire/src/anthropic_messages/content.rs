//! Content blocks in both directions.
//! <https://docs.anthropic.com/en/api/messages#body-messages-content>

mod read;
mod write;

pub(super) use read::{read_cache, read_content};
pub(super) use write::{
    Block, Cache, Content, KnownBlock, arguments_object, write_blocks, write_content,
};
