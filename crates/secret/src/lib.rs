//! Plaintext that cannot leak by accident.
//!
//! A [`Secret`] has no `Clone`, `Debug`, `Display`, `Serialize`, `PartialEq` or `Deref`: the
//! compiler refuses to print, copy or store one. Its ways out are [`Secret::header`] and
//! [`Secret::expose`]; `xtask tidy` has a list of their call sites, and of [`DataKey::expose`].
//!
//! What has to be kept is kept as [`Sealed`]: a [`Keyring`] seals a secret for one [`Place`], and
//! opens it nowhere else. It also authenticates rows with [`Mac`]s. Every use has a key of its own,
//! derived for its [`Purpose`].
//!
//! A client's key is never kept: [`KeyHasher`] turns the bearer value into a [`KeyHash`], and only
//! the hash is stored or compared.

mod data_key;
mod file;
mod hex;
mod key;
mod keyring;
mod purpose;
mod sealed;
mod secret;
mod token;

pub use data_key::DataKey;
pub use hex::hex;
pub use key::{KeyHash, KeyHasher};
pub use keyring::{InvalidKeyring, KeyState, Keyring, Mac, OpenError, SealError};
pub use purpose::Purpose;
pub use sealed::{InvalidSealed, Place, Sealed};
pub use secret::{Exposed, InvalidSecret, Secret};
pub use token::{KeyForm, KeyId, KeyToken};
