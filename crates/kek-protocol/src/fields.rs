use crate::{Malformed, Plain};

/// What is left of a body that is read.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

const SHORT: Malformed = Malformed::Body("the message is cut off");

impl<'a> Fields<'a> {
    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.0.split_first().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn number(&mut self) -> Result<u32, Malformed> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*bytes))
    }

    /// A byte with the length, and the text.
    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = usize::from(self.byte()?);
        let (text, rest) = self.0.split_at_checked(length).ok_or(SHORT)?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| Malformed::Body("a name is not UTF-8"))
    }

    /// A data key, and nothing after it.
    pub(crate) fn plain(self) -> Result<Plain, Malformed> {
        let bytes = <&[u8; 32]>::try_from(self.0);
        let bytes = bytes.map_err(|_| Malformed::Body("a data key has 32 bytes"))?;
        let mut plain = Plain::default();
        plain.copy_from_slice(bytes);
        Ok(plain)
    }

    /// Nothing is left.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Malformed::Body("the message goes on after its end"))
    }
}
