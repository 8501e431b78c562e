use std::fmt;

use aws_lc_rs::hmac;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A client's key in plaintext, between its making and the one time it is shown.
pub struct KeyToken(Zeroizing<String>);

impl KeyToken {
    /// The prefix of every key that Ironward makes, so that scanners recognise a leaked one.
    /// Never change it.
    pub const PREFIX: &'static str = "sk-iw-";

    /// Makes a key from 32 random bytes.
    #[must_use]
    pub fn from_random(random: &[u8; 32]) -> Self {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = Zeroizing::new(String::with_capacity(Self::PREFIX.len() + 64));
        text.push_str(Self::PREFIX);
        for byte in random {
            for nibble in [byte >> 4, byte & 15] {
                text.push(
                    HEX.get(usize::from(nibble))
                        .copied()
                        .map_or('0', char::from),
                );
            }
        }
        Self(text)
    }

    /// The plaintext, given away with the token: it is shown once.
    #[must_use]
    pub fn reveal_once(self) -> Zeroizing<String> {
        self.0
    }

    /// The plaintext bytes, to hash them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Hashes keys under one secret of this installation (HMAC-SHA-256), so that a stolen table of
/// hashes cannot be searched offline without it.
pub struct KeyHasher(hmac::Key);

impl KeyHasher {
    /// A hasher under `pepper`.
    #[must_use]
    pub fn new(pepper: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, pepper))
    }

    /// The hash of a presented key. It costs the same for every key of the same length.
    #[must_use]
    pub fn hash(&self, presented: &[u8]) -> KeyHash {
        let tag = hmac::sign(&self.0, presented);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref().first_chunk::<32>().unwrap_or(&[0; 32]));
        KeyHash(bytes)
    }
}

/// What is stored of a client's key. Compared in constant time.
#[derive(Clone, Copy)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// A hash as it was stored.
    #[must_use]
    pub const fn from_stored(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for KeyHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for KeyHash {}

impl std::hash::Hash for KeyHash {
    /// The hash is a uniformly distributed MAC under a secret key already.
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write(self.0.get(..8).unwrap_or_default());
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash")
    }
}

#[cfg(test)]
mod tests;
