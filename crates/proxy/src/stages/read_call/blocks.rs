use bytes::{Bytes, BytesMut};
use ironward_core::Pieces;

use crate::side_pool::Work;

/// What has come of a body, in blocks of up to what is read where the call runs. A longer body is
/// joined where it is read: beside the data threads.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// Those that are full.
    full: Pieces,
    /// The first chunk, while it is alone: a small body is one, and copied nowhere.
    first: Bytes,
    last: BytesMut,
    size: usize,
}

/// The size from which a block is full.
const FULL: usize = Work::Pass.inline_limit();

/// What is reserved at first on the client's word for the length of its body.
const RESERVED: usize = 128 << 10;

impl Blocks {
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// Adds a chunk; `announced` more are said to come after it.
    pub(super) fn push(&mut self, chunk: Bytes, announced: u64) {
        let is_first = self.size == 0;
        self.size += chunk.len();
        if is_first {
            self.first = chunk;
            return;
        }
        if self.last.is_empty() {
            let first = std::mem::take(&mut self.first);
            let announced = usize::try_from(announced).unwrap_or(usize::MAX);
            // The announced length saves growing, and reserves no more than as much again as has
            // come.
            let most = self.size.clamp(RESERVED, FULL);
            self.last = BytesMut::with_capacity(first.len() + chunk.len() + announced.min(most));
            self.last.extend_from_slice(&first);
        }
        self.last.extend_from_slice(&chunk);
        if self.last.len() >= FULL {
            self.full.push(self.last.split());
        }
    }

    /// All of it in one piece. Copies it when there is more than one block.
    pub(super) fn joined(mut self) -> Bytes {
        self.full.push(self.first);
        self.full.push(self.last);
        self.full.joined()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Blocks, FULL, RESERVED};

    /// A body of `size` bytes that comes in chunks of `chunk`.
    fn come(size: usize, chunk: usize, is_announced: bool) -> Blocks {
        let body: Bytes = (0..=u8::MAX).cycle().take(size).collect();
        let mut blocks = Blocks::default();
        let mut left = body;
        while !left.is_empty() {
            let next = left.split_to(chunk.min(left.len()));
            blocks.push(next, if is_announced { left.len() as u64 } else { 0 });
            let reserved = blocks.last.capacity();
            assert!(
                reserved <= FULL + 2 * RESERVED + 2 * chunk,
                "{reserved} for {size}"
            );
        }
        assert_eq!(blocks.size(), size);
        assert!(blocks.full.len() + blocks.first.len() + blocks.last.len() == size);
        blocks
    }

    #[test]
    fn a_body_is_the_same_in_whatever_chunks_it_comes() {
        for size in [0, 1, 1000, FULL - 1, FULL, FULL + 1, 5 * FULL + 17] {
            let body: Bytes = (0..=u8::MAX).cycle().take(size).collect();
            for (chunk, is_announced) in [
                (997, true),
                (16 << 10, false),
                (64 << 10, true),
                (FULL, false),
                (3 * FULL, true),
            ] {
                assert!(
                    come(size, chunk, is_announced).joined() == body,
                    "{size} by {chunk}"
                );
            }
        }
    }

    #[test]
    fn what_is_read_where_the_call_runs_is_one_block() {
        for size in [1, FULL - 1, FULL] {
            let blocks = come(size, 16 << 10, true);
            let parts = [blocks.full.len(), blocks.first.len(), blocks.last.len()];
            assert_eq!(
                parts.iter().filter(|length| **length > 0).count(),
                1,
                "{parts:?}"
            );
        }
    }

    #[test]
    fn a_length_is_only_believed_as_far_as_bytes_come() {
        let mut blocks = Blocks::default();
        blocks.push(Bytes::from_static(b"{"), u64::MAX);
        blocks.push(Bytes::from_static(b"}"), u64::MAX);
        assert!(blocks.last.capacity() <= 2 * RESERVED);
        assert_eq!(blocks.joined(), "{}");
    }
}
