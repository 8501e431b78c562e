/// Which short texts stand in a document, as keys or as values: marks that a search of all of it
/// is spared by. One that is not marked is not there; one that is marked may be there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words([u64; 8]);

impl Words {
    /// Of an empty document.
    pub(super) const NONE: Self = Self([0; 8]);
    /// Of a document of which nothing is known.
    #[cfg(any(test, fuzzing))]
    pub(crate) const ANY: Self = Self([u64::MAX; 8]);

    /// Marks a text, without its quotes and as it is written.
    #[inline]
    pub(super) fn note(&mut self, text: &[u8]) {
        if let Some((word, bit)) = place(text)
            && let Some(marks) = self.0.get_mut(word)
        {
            *marks |= bit;
        }
    }

    /// False when `text` stands nowhere by itself, between quotes and written without escapes.
    pub(crate) fn may_hold(&self, text: &[u8]) -> bool {
        place(text)
            .and_then(|(word, bit)| Some(self.0.get(word)? & bit != 0))
            .unwrap_or(true)
    }
}

/// The mark of a text; `None` for one that is too short or too long to have any.
#[inline]
fn place(text: &[u8]) -> Option<(usize, u64)> {
    if text.len() > 32 {
        return None;
    }
    let (first, last) = (text.first_chunk()?, text.last_chunk()?);
    let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
    // Knuth's multiplicative hash: the top bits depend on all others.
    let mixed = (first ^ last.rotate_left(13)).wrapping_mul(0x9e37_79b1) >> 23;
    Some(((mixed >> 6) as usize, 1 << (mixed & 63)))
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn what_was_noted_may_be_there_and_little_else() {
        let mut words = Words::NONE;
        for text in ["role", "content", "system", "cache_control"] {
            words.note(text.as_bytes());
            assert!(words.may_hold(text.as_bytes()));
        }
        assert!(!words.may_hold(b"developer"));
        let numbers = (0..1_000).map(|number| format!("word{number}"));
        let marked = numbers.filter(|word| words.may_hold(word.as_bytes()));
        assert!(marked.count() < 40);
        // There is no mark for these.
        assert!(words.may_hold(b"abc") && words.may_hold(&[b'a'; 33]));
        assert!(Words::ANY.may_hold(b"developer"));
    }
}
