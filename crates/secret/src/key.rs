use std::fmt;

use aws_lc_rs::{digest, hmac};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::hex;

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

    /// The hash of what LiteLLM keeps of a presented key: its SHA-256 in hex. A table of LiteLLM's
    /// is imported by hashing what stands in it with [`Self::hash`].
    #[must_use]
    pub fn hash_as_litellm(&self, presented: &[u8]) -> KeyHash {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let digest = digest::digest(&digest::SHA256, presented);
        let nibbles = digest
            .as_ref()
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15]);
        let hex: Zeroizing<Vec<u8>> = Zeroizing::new(
            nibbles
                .filter_map(|nibble| HEX.get(usize::from(nibble)).copied())
                .collect(),
        );
        self.hash(&hex)
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

    /// The 64 hexadecimal digits to store.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(&self.0)
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
