use bytes::{Bytes, BytesMut};

/// Pieces that go out together. A single piece is passed on without a copy.
#[derive(Debug, Default)]
pub(super) struct Gather {
    first: Bytes,
    joined: BytesMut,
}

impl Gather {
    pub(super) fn new(first: Bytes) -> Self {
        Self {
            first,
            joined: BytesMut::new(),
        }
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        if piece.is_empty() {
            return;
        }
        if self.is_empty() {
            self.first = piece;
            return;
        }
        if self.joined.is_empty() {
            self.joined.reserve((self.first.len() + piece.len()) * 4);
            self.joined
                .extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.joined.extend_from_slice(&piece);
    }

    pub(super) fn take(&mut self) -> Bytes {
        if self.joined.is_empty() {
            std::mem::take(&mut self.first)
        } else {
            std::mem::take(&mut self.joined).freeze()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
