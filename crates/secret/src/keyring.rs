use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{error, hmac};
use zeroize::Zeroizing;

use crate::sealed::SALT_LENGTH;
use crate::{DataKey, Place, Purpose, Sealed, Secret};

/// The data keys, by version: the newest seals and signs, the others still open and verify.
///
/// A keyring never changes: rotation makes another one, which shares the keys.
pub struct Keyring {
    current: Arc<Versioned>,
    old: Vec<Arc<Versioned>>,
}

struct Versioned {
    version: u32,
    key: DataKey,
    macs: MacKeys,
}

/// What a version is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Seals and signs what is new.
    Current,
    /// Opens and verifies only.
    Old,
}

/// A keyed hash (HMAC-SHA-256), with the version of its data key. It has no `PartialEq`: it is
/// verified, in constant time.
#[derive(Debug, Clone, Copy)]
pub struct Mac {
    /// The version of the data key.
    pub version: u32,
    /// The tag.
    pub tag: [u8; 32],
}

/// Why a value was not opened, or a MAC not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenError {
    /// The keyring has no data key of this version.
    UnknownVersion(u32),
    /// It was changed, or belongs elsewhere; nobody can tell which.
    Refused,
}

/// The value could not be sealed: without randomness, or too large for one message of AES-GCM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealError;

/// Why data keys are not a keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidKeyring {
    /// A version stands twice, or a new one is not above all others.
    Version(u32),
    /// The version seals what is new; another one has to take over first.
    InUse(u32),
    /// The cryptographic library refused to derive a key.
    Derivation,
}

impl Keyring {
    /// A keyring of one key.
    ///
    /// # Errors
    /// When no keys can be derived of it.
    pub fn new(version: u32, key: DataKey) -> Result<Self, InvalidKeyring> {
        Ok(Self {
            current: Versioned::new(version, key)?,
            old: Vec::new(),
        })
    }

    /// The same with a key that only opens and verifies.
    ///
    /// # Errors
    /// When the version is there already.
    pub fn with_old(&self, version: u32, key: DataKey) -> Result<Self, InvalidKeyring> {
        if self.find(version).is_some() {
            return Err(InvalidKeyring::Version(version));
        }
        let mut old = self.old.clone();
        old.push(Versioned::new(version, key)?);
        Ok(Self {
            current: Arc::clone(&self.current),
            old,
        })
    }

    /// The same with a new current key; the one before becomes old.
    ///
    /// # Errors
    /// When the version is not above all others.
    pub fn advance(&self, version: u32, key: DataKey) -> Result<Self, InvalidKeyring> {
        if self.versions().any(|(known, _)| known >= version) {
            return Err(InvalidKeyring::Version(version));
        }
        let mut old = self.old.clone();
        old.push(Arc::clone(&self.current));
        Ok(Self {
            current: Versioned::new(version, key)?,
            old,
        })
    }

    /// The same without an old version. What is still sealed under it is lost.
    ///
    /// # Errors
    /// When the version is the current one, or not there.
    pub fn retire(&self, version: u32) -> Result<Self, InvalidKeyring> {
        if version == self.current.version {
            return Err(InvalidKeyring::InUse(version));
        }
        let mut old = self.old.clone();
        old.retain(|held| held.version != version);
        if old.len() == self.old.len() {
            return Err(InvalidKeyring::Version(version));
        }
        Ok(Self {
            current: Arc::clone(&self.current),
            old,
        })
    }

    /// The version that seals and signs.
    #[must_use]
    pub fn current_version(&self) -> u32 {
        self.current.version
    }

    /// Every version and what it is used for, the current one first.
    pub fn versions(&self) -> impl Iterator<Item = (u32, KeyState)> {
        let old = self.old.iter().map(|held| (held.version, KeyState::Old));
        std::iter::once((self.current.version, KeyState::Current)).chain(old)
    }

    /// The data key of `version`, to wrap it.
    #[must_use]
    pub fn data_key(&self, version: u32) -> Option<&DataKey> {
        self.find(version).map(|held| &held.key)
    }

    /// Seals `plaintext` for one place under the current data key.
    ///
    /// Each value has a key of its own, derived with a fresh salt, so that none is used twice and
    /// no count of uses has to be kept. `fill` has to draw from the operating system's randomness:
    /// a salt that repeats gives the plaintexts of both values away.
    ///
    /// # Errors
    /// When `fill` fills nothing, or the plaintext is larger than AES-GCM allows (64 GiB).
    pub fn seal(
        &self,
        purpose: Purpose,
        place: &Place<'_>,
        plaintext: &Secret,
        fill: &dyn Fn(&mut [u8]),
    ) -> Result<Sealed, SealError> {
        let mut salt = [0; SALT_LENGTH];
        fill(&mut salt);
        if salt == [0; SALT_LENGTH] {
            return Err(SealError);
        }
        let mut bytes = Sealed::head(self.current.version, &salt, plaintext.bytes().len());
        let aad = place.bind(&bytes, purpose);
        let mut text = Zeroizing::new(Vec::with_capacity(plaintext.bytes().len() + 16));
        text.extend_from_slice(plaintext.bytes());
        self.current
            .key
            .encrypt(purpose, &salt, &aad, &mut text)
            .map_err(|_| SealError)?;
        bytes.extend_from_slice(&text);
        Sealed::from_bytes(bytes).map_err(|_| SealError)
    }

    /// Opens what was sealed for this purpose at this place.
    ///
    /// # Errors
    /// When its data key is not in the ring, or anything about it was changed.
    pub fn open(
        &self,
        purpose: Purpose,
        place: &Place<'_>,
        sealed: &Sealed,
    ) -> Result<Secret, OpenError> {
        let version = sealed.key_version();
        let held = self
            .find(version)
            .ok_or(OpenError::UnknownVersion(version))?;
        let (head, salt, text) = sealed.parts().ok_or(OpenError::Refused)?;
        let aad = place.bind(head, purpose);
        let mut text = Zeroizing::new(text.to_vec());
        let length = held
            .key
            .decrypt(purpose, salt, &aad, &mut text)
            .map_err(|_| OpenError::Refused)?;
        text.truncate(length);
        Ok(Secret::exact(&text))
    }

    /// The keyed hash of `parts` under the current data key. Each part is hashed behind its length:
    /// `["ab", "c"]` and `["a", "bc"]` differ.
    #[must_use]
    pub fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> Mac {
        self.current.mac(purpose, parts)
    }

    /// The keyed hash under the data key of `version`, where the ring has it.
    #[must_use]
    pub fn mac_under(&self, version: u32, purpose: Purpose, parts: &[&[u8]]) -> Option<Mac> {
        self.find(version).map(|held| held.mac(purpose, parts))
    }

    /// Accepts `mac` if it is the one of these parts.
    ///
    /// # Errors
    /// When its data key is not in the ring, or it is the MAC of anything else.
    pub fn verify(&self, purpose: Purpose, parts: &[&[u8]], mac: &Mac) -> Result<(), OpenError> {
        let held = self
            .find(mac.version)
            .ok_or(OpenError::UnknownVersion(mac.version))?;
        let expected = held.mac(purpose, parts);
        aws_lc_rs::constant_time::verify_slices_are_equal(&expected.tag, &mac.tag)
            .map_err(|_| OpenError::Refused)
    }

    fn find(&self, version: u32) -> Option<&Versioned> {
        let mut held = std::iter::once(&self.current).chain(&self.old);
        held.find(|held| held.version == version)
            .map(|held| &**held)
    }
}

impl Versioned {
    fn new(version: u32, key: DataKey) -> Result<Arc<Self>, InvalidKeyring> {
        let macs = MacKeys::new(&key).map_err(|_| InvalidKeyring::Derivation)?;
        Ok(Arc::new(Self { version, key, macs }))
    }

    fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> Mac {
        let mut context = hmac::Context::with_key(self.macs.of(purpose));
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let tag = context.sign();
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref().first_chunk::<32>().unwrap_or(&[0; 32]));
        Mac {
            version: self.version,
            tag: bytes,
        }
    }
}

/// The key of each purpose, derived once: a start verifies every row.
struct MacKeys([hmac::Key; Purpose::ALL.len()]);

impl MacKeys {
    fn new(key: &DataKey) -> Result<Self, error::Unspecified> {
        Ok(Self([
            key.mac_key(Purpose::Seal)?,
            key.mac_key(Purpose::RowMac)?,
            key.mac_key(Purpose::Census)?,
            key.mac_key(Purpose::Snapshot)?,
            key.mac_key(Purpose::KeyPepper)?,
            key.mac_key(Purpose::Fingerprint)?,
            key.mac_key(Purpose::Session)?,
            key.mac_key(Purpose::Wrap)?,
        ]))
    }

    fn of(&self, purpose: Purpose) -> &hmac::Key {
        let Self(
            [
                seal,
                row,
                census,
                snapshot,
                pepper,
                fingerprint,
                session,
                wrap,
            ],
        ) = self;
        match purpose {
            Purpose::Seal => seal,
            Purpose::RowMac => row,
            Purpose::Census => census,
            Purpose::Snapshot => snapshot,
            Purpose::KeyPepper => pepper,
            Purpose::Fingerprint => fingerprint,
            Purpose::Session => session,
            Purpose::Wrap => wrap,
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("current", &self.current.version)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownVersion(version) => write!(
                f,
                "data key {version} is not loaded: it was retired, or belongs to another installation"
            ),
            Self::Refused => f.write_str("the value was changed, or belongs to another place"),
        }
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value cannot be sealed: no randomness, or too large")
    }
}

impl fmt::Display for InvalidKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => {
                write!(f, "data key {version} is unknown, not new, or stands twice")
            }
            Self::InUse(version) => write!(
                f,
                "data key {version} is the current one: make a new one before it is retired"
            ),
            Self::Derivation => f.write_str("no keys can be derived from a data key"),
        }
    }
}

impl std::error::Error for OpenError {}
impl std::error::Error for SealError {}
impl std::error::Error for InvalidKeyring {}

#[cfg(test)]
mod tests;
