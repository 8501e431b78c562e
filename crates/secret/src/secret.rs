use std::fmt;

use aws_lc_rs::constant_time;
use http::HeaderValue;
use zeroize::Zeroizing;

/// A provider key or another plaintext secret; wiped when it is dropped.
///
/// The copies that an outgoing `HeaderValue` and the TLS buffers make are outside its reach and
/// are not wiped.
pub struct Secret(Zeroizing<Box<[u8]>>);

impl Secret {
    /// Takes ownership of `plaintext`. Surrounding ASCII white space is dropped: keys that come
    /// from files and environment variables often end in a newline.
    #[must_use]
    pub fn new(plaintext: impl Into<Vec<u8>>) -> Self {
        let plaintext = Zeroizing::new(plaintext.into());
        Self(Zeroizing::new(plaintext.trim_ascii().into()))
    }

    /// A secret that is bytes rather than text: nothing is trimmed.
    #[must_use]
    pub fn exact(plaintext: &[u8]) -> Self {
        Self(Zeroizing::new(plaintext.into()))
    }

    /// The secret as a sensitive header value behind `prefix` (`"Bearer "`, or `""`).
    ///
    /// # Errors
    /// When the secret has bytes that a header cannot carry.
    pub fn header(&self, prefix: &str) -> Result<HeaderValue, InvalidSecret> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(prefix.len() + self.0.len()));
        bytes.extend_from_slice(prefix.as_bytes());
        bytes.extend_from_slice(&self.0);
        let mut value = HeaderValue::from_bytes(&bytes).map_err(|_| InvalidSecret)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The plaintext, for as long as the borrow lasts and never across an `await`.
    #[must_use]
    pub fn expose(&self) -> Exposed<'_> {
        Exposed(&self.0)
    }

    /// The plaintext, for what this crate does with it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether both are the same secret; takes the same time whatever is in them, if they are equally
    /// long.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A borrowed plaintext; clippy refuses it across an `await`.
pub struct Exposed<'a>(pub(crate) &'a [u8]);

impl Exposed<'_> {
    /// The plaintext bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0
    }
}

/// The secret cannot be sent as a header; deliberately says nothing of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSecret;

impl fmt::Display for InvalidSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the secret holds bytes that an HTTP header cannot carry")
    }
}

impl std::error::Error for InvalidSecret {}

#[cfg(test)]
mod tests;
