use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use ironward_core::Pieces;

use crate::buffers::{Buffer, Buffers, LEAST};
use crate::side_pool::Work;

/// What has come of a body, in blocks of up to what is read where the call runs. A longer body is
/// joined where it is read: beside the data threads.
#[derive(Debug)]
pub(super) struct Blocks {
    /// Those that are full.
    full: Pieces,
    /// The first chunk, while it is alone: a small body is one, and copied nowhere.
    first: Bytes,
    /// A short body, or what may become one.
    short: BytesMut,
    /// The block of a long body that is not full.
    long: Option<Buffer>,
    size: usize,
    buffers: Arc<Buffers>,
}

/// The size of a full block.
const FULL: usize = Work::Pass.inline_limit();

// A block is of a size that is used again.
const _: () = assert!(FULL == LEAST);

/// A body is long that has, or by the client's word will have, more.
const SHORT: usize = 128 << 10;

impl Blocks {
    /// None yet.
    pub(super) fn new(buffers: &Arc<Buffers>) -> Self {
        Self {
            full: Pieces::new(),
            first: Bytes::new(),
            short: BytesMut::new(),
            long: None,
            size: 0,
            buffers: Arc::clone(buffers),
        }
    }

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
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        let expected = self.size.saturating_add(announced);
        if self.size == self.first.len() + chunk.len() && expected <= SHORT {
            // The announced length saves growing.
            self.short = BytesMut::with_capacity(expected);
            self.short
                .extend_from_slice(&std::mem::take(&mut self.first));
        }
        let is_long = self.long.is_some() || !self.full.is_empty();
        if !is_long && expected <= SHORT {
            self.short.extend_from_slice(&chunk);
            return;
        }
        if !is_long {
            let (first, short) = (std::mem::take(&mut self.first), self.short.split());
            self.fill(&first);
            self.fill(&short);
        }
        self.fill(&chunk);
    }

    /// Adds bytes to the blocks of a long body.
    fn fill(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let long = self.long.take();
            let mut long = long.unwrap_or_else(|| self.buffers.take(FULL));
            let (now, later) = bytes.split_at(bytes.len().min(FULL - long.len()));
            long.extend(now);
            bytes = later;
            if long.len() == FULL {
                self.full.push(long);
            } else {
                self.long = Some(long);
            }
        }
    }

    /// All of it in one piece. Copies it when there is more than one block.
    pub(super) fn joined(mut self) -> Bytes {
        self.full.push(self.first);
        self.full.push(self.short);
        if let Some(long) = self.long {
            self.full.push(long);
        }
        if self.full.iter().nth(1).is_none() {
            return self.full.joined();
        }
        let mut joined = self.buffers.take(self.size);
        for block in self.full.iter() {
            joined.extend(block);
        }
        joined.into()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::{Blocks, FULL, SHORT};
    use crate::buffers::{Buffer, Buffers};

    /// A body of `size` bytes that comes in chunks of `chunk`.
    fn come(size: usize, chunk: usize, is_announced: bool) -> Blocks {
        let body: Bytes = (0..=u8::MAX).cycle().take(size).collect();
        let mut blocks = Blocks::new(&Arc::default());
        let mut left = body;
        while !left.is_empty() {
            let next = left.split_to(chunk.min(left.len()));
            blocks.push(next, if is_announced { left.len() as u64 } else { 0 });
        }
        assert_eq!(blocks.size(), size);
        let long = blocks.long.as_ref().map_or(0, |long| long.len());
        assert!(blocks.full.len() + blocks.first.len() + blocks.short.len() + long == size);
        blocks
    }

    #[test]
    fn a_body_is_the_same_in_whatever_chunks_it_comes() {
        for size in [
            0,
            1,
            1000,
            SHORT - 1,
            SHORT,
            SHORT + 1,
            FULL - 1,
            FULL,
            FULL + 1,
            5 * FULL + 17,
        ] {
            let body: Bytes = (0..=u8::MAX).cycle().take(size).collect();
            for (chunk, is_announced) in [
                (997, true),
                (997, false),
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
        for size in [1, SHORT, SHORT + 1, FULL - 1, FULL] {
            for is_announced in [true, false] {
                let blocks = come(size, 16 << 10, is_announced);
                let long = blocks.long.as_ref().map_or(0, |long| long.len());
                let parts = [
                    blocks.full.len(),
                    blocks.first.len(),
                    blocks.short.len(),
                    long,
                ];
                assert_eq!(
                    parts.iter().filter(|length| **length > 0).count(),
                    1,
                    "{parts:?}"
                );
            }
        }
    }

    #[test]
    fn a_length_is_believed_for_no_more_than_a_block() {
        let buffers = Arc::new(Buffers::default());
        let mut blocks = Blocks::new(&buffers);
        blocks.push(Bytes::from_static(b"{"), u64::MAX);
        blocks.push(Bytes::from_static(b"}"), u64::MAX);
        let long = blocks.long.as_ref().map_or(0, Buffer::capacity);
        assert!(blocks.short.capacity() + long <= FULL);
        assert_eq!(blocks.joined(), "{}");
    }

    #[test]
    fn the_blocks_of_a_long_body_are_used_again() {
        let buffers = Arc::new(Buffers::default());
        let places = |buffers: &Arc<Buffers>| {
            let mut blocks = Blocks::new(buffers);
            for left in (0..17_u64).rev() {
                blocks.push(vec![b'x'; 30 << 10].into(), left * (30 << 10));
            }
            let full = blocks.full.iter().map(|block| block.as_ptr());
            let long = blocks.long.as_ref().map(|long| long.as_ref().as_ptr());
            let mut places: Vec<_> = full.chain(long).collect();
            places.push(blocks.joined().as_ptr());
            places.sort_unstable();
            places
        };
        let (first, second) = (places(&buffers), places(&buffers));
        assert_eq!((first.len(), &first), (3, &second));
    }
}
