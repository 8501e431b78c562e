//! Seals for what is no secret by type: the census and pages of rows.

use ironward_core::Random;
use ironward_secret::{Keyring, Place, Purpose, Sealed, Secret};

use crate::error::StoreError;

pub(crate) fn seal(
    keys: &Keyring,
    purpose: Purpose,
    place: &Place<'_>,
    plain: &[u8],
    random: &dyn Random,
) -> Result<Sealed, StoreError> {
    keys.seal(purpose, place, &Secret::exact(plain), &|bytes| {
        random.fill(bytes);
    })
    .map_err(|_| StoreError::Keyring("has no randomness to seal with"))
}

/// `None`: it is not ours, or under a data key that is gone.
pub(crate) fn open(
    keys: &Keyring,
    purpose: Purpose,
    place: &Place<'_>,
    sealed: &[u8],
) -> Option<Vec<u8>> {
    let sealed = Sealed::from_bytes(sealed).ok()?;
    let plain = keys.open(purpose, place, &sealed).ok()?;
    Some(plain.expose().bytes().to_vec())
}

/// The version of the data key that a value was sealed under; 0, which no key has, for what is no
/// sealed value.
pub(crate) fn key_version(sealed: &[u8]) -> u32 {
    Sealed::from_bytes(sealed).map_or(0, |sealed| sealed.key_version())
}
