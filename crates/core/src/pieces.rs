use std::collections::{VecDeque, vec_deque};

use bytes::{Buf as _, Bytes};

/// A body that is sent, in one or more pieces: a long part of what a client has sent is passed on
/// as it lies in memory, and not copied.
#[derive(Debug, Clone, Default)]
pub struct Pieces {
    /// None of them is empty. A client decides how many there are: taking off the first moves no
    /// other.
    pieces: VecDeque<Bytes>,
}

impl Pieces {
    /// No bytes.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            pieces: VecDeque::new(),
        }
    }

    /// Adds a piece at the end.
    pub fn push(&mut self, piece: impl Into<Bytes>) {
        let piece = piece.into();
        if !piece.is_empty() {
            self.pieces.push_back(piece);
        }
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The pieces, in their order.
    pub fn iter(&self) -> vec_deque::Iter<'_, Bytes> {
        self.pieces.iter()
    }

    /// Takes the first piece off.
    pub fn pop(&mut self) -> Option<Bytes> {
        self.pieces.pop_front()
    }

    /// Takes off the first `length` bytes, or all that there are.
    pub fn advance(&mut self, mut length: usize) {
        while let Some(first) = self.pieces.front_mut() {
            if length < first.len() {
                first.advance(length);
                return;
            }
            length -= first.len();
            self.pieces.pop_front();
        }
    }

    /// All of it in one piece.
    #[must_use]
    pub fn joined(mut self) -> Bytes {
        if self.pieces.len() > 1 {
            return self.pieces.make_contiguous().concat().into();
        }
        self.pieces.pop_front().unwrap_or_default()
    }
}

impl<'a> IntoIterator for &'a Pieces {
    type Item = &'a Bytes;
    type IntoIter = vec_deque::Iter<'a, Bytes>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Into<Bytes>> From<T> for Pieces {
    fn from(piece: T) -> Self {
        let mut pieces = Self::new();
        pieces.push(piece);
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::Pieces;

    #[test]
    fn what_is_written_is_taken_off_across_pieces() {
        let mut pieces = Pieces::from("abc");
        pieces.push("");
        pieces.push("defg");
        assert_eq!((pieces.len(), pieces.iter().count()), (7, 2));
        pieces.advance(2);
        assert_eq!(&pieces.clone().joined()[..], b"cdefg");
        pieces.advance(3);
        assert_eq!(&pieces.clone().joined()[..], b"fg");
        assert_eq!(pieces.clone().pop().as_deref(), Some(&b"fg"[..]));
        pieces.advance(9);
        assert!(pieces.is_empty() && pieces.pop().is_none());
    }
}
