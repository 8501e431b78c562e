/// How many bytes one poll of a call moves before the other calls of its thread have their turn:
/// copying them, and the pages and system calls that belong to it, stays well within a millisecond.
#[derive(Debug, Default)]
pub struct Turn(usize);

impl Turn {
    /// The bytes of a turn.
    pub const BYTES: usize = 128 << 10;

    /// How many bytes are left of this turn.
    #[must_use]
    pub const fn left(&self) -> usize {
        Self::BYTES.saturating_sub(self.0)
    }

    /// Counts bytes that were moved, and says whether that ends the turn. A new one begins then.
    pub const fn ends_with(&mut self, bytes: usize) -> bool {
        self.0 = self.0.saturating_add(bytes);
        let is_over = self.0 >= Self::BYTES;
        if is_over {
            self.0 = 0;
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::Turn;

    #[test]
    fn a_turn_ends_with_its_last_byte_and_the_next_one_begins() {
        let mut turn = Turn::default();
        assert!(!turn.ends_with(Turn::BYTES - 1));
        assert_eq!(turn.left(), 1);
        assert!(turn.ends_with(1));
        assert_eq!(turn.left(), Turn::BYTES);
        assert!(turn.ends_with(usize::MAX));
        assert!(!turn.ends_with(0));
    }
}
