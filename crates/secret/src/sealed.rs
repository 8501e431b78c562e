use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Purpose;

/// A secret that only its keyring can open, and only at the place where it was sealed.
///
/// Binary form: format (1 byte, `1`), version of the data key (4 bytes, big-endian), salt (16),
/// ciphertext (as long as the plaintext), tag (16). Text form: URL-safe Base64 without padding.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Box<[u8]>);

/// Where a sealed value belongs. A copy of it anywhere else does not open.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Whose it is; empty for what belongs to the installation.
    pub tenant: &'a str,
    /// The table, or the kind of object.
    pub table: &'a str,
    /// The row's identity.
    pub row: &'a str,
    /// The field within the row.
    pub field: &'a str,
    /// The version of the value: an older one does not open in its place.
    pub version: u64,
}

/// The bytes are not a sealed value. It deliberately does not say which of them is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSealed;

const FORMAT: u8 = 1;
pub(crate) const SALT_LENGTH: usize = 16;
const TAG_LENGTH: usize = 16;
/// Format, version, salt.
const HEAD_LENGTH: usize = 1 + 4 + SALT_LENGTH;

impl Sealed {
    /// Takes the binary form as it was stored. Whether it is genuine shows when it is opened.
    ///
    /// # Errors
    /// When it is too short, or of a format that this version does not know.
    pub fn from_bytes(bytes: impl Into<Box<[u8]>>) -> Result<Self, InvalidSealed> {
        let bytes = bytes.into();
        if bytes.len() < HEAD_LENGTH + TAG_LENGTH || bytes.first() != Some(&FORMAT) {
            return Err(InvalidSealed);
        }
        Ok(Self(bytes))
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// When it is not the text form of anything sealed.
    pub fn parse(text: &str) -> Result<Self, InvalidSealed> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidSealed)?;
        Self::from_bytes(bytes)
    }

    /// The binary form, to store it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The version of the data key that it is sealed under.
    #[must_use]
    pub fn key_version(&self) -> u32 {
        let version = self.0.get(1..5).and_then(<[u8]>::first_chunk);
        version.map_or(0, |version| u32::from_be_bytes(*version))
    }

    /// What stands in front of the ciphertext.
    pub(crate) fn head(
        key_version: u32,
        salt: &[u8; SALT_LENGTH],
        plaintext_length: usize,
    ) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_LENGTH + plaintext_length + TAG_LENGTH);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&key_version.to_be_bytes());
        bytes.extend_from_slice(salt);
        bytes
    }

    /// The head, its salt, and the ciphertext with its tag.
    pub(crate) fn parts(&self) -> Option<(&[u8], &[u8; SALT_LENGTH], &[u8])> {
        let (head, text) = self.0.split_at_checked(HEAD_LENGTH)?;
        Some((head, head.last_chunk()?, text))
    }
}

impl fmt::Display for Sealed {
    /// The text form: what is sealed may be shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(key version {})", self.key_version())
    }
}

impl Place<'_> {
    /// The additional data of the encryption: the head of the sealed value, the purpose and every
    /// field, each behind its length, so that no two places read alike.
    pub(crate) fn bind(&self, head: &[u8], purpose: Purpose) -> Vec<u8> {
        let mut aad = Vec::with_capacity(160);
        let label = purpose.label();
        for part in [label, self.tenant, self.table, self.row, self.field] {
            push_part(&mut aad, part.as_bytes());
        }
        push_part(&mut aad, &self.version.to_be_bytes());
        push_part(&mut aad, head);
        aad
    }
}

/// Appends `part` behind its length: 8 bytes, big-endian.
fn push_part(to: &mut Vec<u8>, part: &[u8]) {
    to.extend_from_slice(&(part.len() as u64).to_be_bytes());
    to.extend_from_slice(part);
}

impl fmt::Display for InvalidSealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a sealed value of a format that this version knows")
    }
}

impl std::error::Error for InvalidSealed {}
