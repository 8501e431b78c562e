use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::{constant_time, error, hmac};
use zeroize::Zeroizing;

use crate::sealed::SALT_LENGTH;
use crate::{Exposed, Purpose};

/// 256 random bits from which the keys of every [`Purpose`] are derived; wiped when dropped.
///
/// It is never used as a key itself.
pub struct DataKey(Box<Zeroizing<[u8; 32]>>);

impl DataKey {
    /// A new key. `fill` has to draw from the operating system's randomness.
    #[must_use]
    pub fn draw(fill: &dyn Fn(&mut [u8])) -> Self {
        let mut bytes = Box::new(Zeroizing::new([0; 32]));
        fill(&mut **bytes);
        Self(bytes)
    }

    /// A key as it was unwrapped; `None` unless it has 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut key = Box::new(Zeroizing::new([0; 32]));
        if bytes.len() != key.len() {
            return None;
        }
        key.copy_from_slice(bytes);
        Some(Self(key))
    }

    /// The bytes, to wrap them.
    #[must_use]
    pub fn expose(&self) -> Exposed<'_> {
        Exposed(&**self.0)
    }

    /// Whether both are the same key; takes the same time whatever they are.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&**self.0, &**other.0).is_ok()
    }

    /// The key that authenticates for `purpose`.
    pub(crate) fn mac_key(&self, purpose: Purpose) -> Result<hmac::Key, error::Unspecified> {
        let derived = Salt::new(HKDF_SHA256, &[]).extract(&**self.0);
        let info = [purpose.label().as_bytes()];
        Ok(derived.expand(&info, hmac::HMAC_SHA256)?.into())
    }

    /// Encrypts in place and appends the tag. A salt must never be used twice.
    pub(crate) fn encrypt(
        &self,
        purpose: Purpose,
        salt: &[u8; SALT_LENGTH],
        aad: &[u8],
        text: &mut Vec<u8>,
    ) -> Result<(), error::Unspecified> {
        self.single_use(purpose, salt)?
            .seal_in_place_append_tag(zero_nonce(), Aad::from(aad), text)
    }

    /// Decrypts in place; gives the length of the plaintext.
    pub(crate) fn decrypt(
        &self,
        purpose: Purpose,
        salt: &[u8; SALT_LENGTH],
        aad: &[u8],
        text: &mut [u8],
    ) -> Result<usize, error::Unspecified> {
        let plaintext =
            self.single_use(purpose, salt)?
                .open_in_place(zero_nonce(), Aad::from(aad), text)?;
        Ok(plaintext.len())
    }

    /// The key of one sealed value.
    fn single_use(
        &self,
        purpose: Purpose,
        salt: &[u8; SALT_LENGTH],
    ) -> Result<LessSafeKey, error::Unspecified> {
        let derived = Salt::new(HKDF_SHA256, salt).extract(&**self.0);
        let info = [purpose.label().as_bytes()];
        let key = UnboundKey::from(derived.expand(&info, &AES_256_GCM)?);
        Ok(LessSafeKey::new(key))
    }
}

/// Each key encrypts once, so its nonce need not differ from any other.
fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}
