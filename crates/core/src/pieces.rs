use bytes::{Buf, Bytes};

/// A body that is sent, in one or more pieces: a long part of what a client has sent is passed on
/// as it lies in memory, and not copied.
#[derive(Debug, Clone, Default)]
pub struct Pieces {
    /// None of them is empty.
    pieces: Vec<Bytes>,
}

impl Pieces {
    /// No bytes.
    #[must_use]
    pub const fn new() -> Self {
        Self { pieces: Vec::new() }
    }

    /// Adds a piece at the end.
    pub fn push(&mut self, piece: impl Into<Bytes>) {
        let piece = piece.into();
        if !piece.is_empty() {
            self.pieces.push(piece);
        }
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The pieces, in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Bytes> {
        self.pieces.iter()
    }

    /// Takes the first piece off.
    pub fn pop(&mut self) -> Option<Bytes> {
        (!self.pieces.is_empty()).then(|| self.pieces.remove(0))
    }

    /// Takes off what has been written.
    ///
    /// `length` bytes, or all that there are.
    pub fn advance(&mut self, mut length: usize) {
        while let Some(first) = self.pieces.first_mut() {
            if length < first.len() {
                first.advance(length);
                return;
            }
            length -= first.len();
            self.pieces.remove(0);
        }
    }

    /// All of it in one piece.
    #[must_use]
    pub fn joined(self) -> Bytes {
        match self.pieces.as_slice() {
            [] => Bytes::new(),
            [only] => only.clone(),
            pieces => pieces.concat().into(),
        }
    }
}

impl<'a> IntoIterator for &'a Pieces {
    type Item = &'a Bytes;
    type IntoIter = std::slice::Iter<'a, Bytes>;

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
