//! Plaintext that cannot leak by accident.
//!
//! A [`Secret`] has no `Clone`, `Debug`, `Display`, `Serialize`, `PartialEq` or `Deref`: the
//! compiler refuses to print, copy or store one. There are two ways out, both named in
//! `xtask tidy`'s list of call sites: [`Secret::header`] and [`Secret::expose`].
//!
//! A client's key is never kept: [`KeyHasher`] turns the bearer value into a [`KeyHash`], and only
//! the hash is stored or compared.

mod key;
mod secret;

pub use key::{KeyHash, KeyHasher, KeyToken};
pub use secret::{Exposed, InvalidSecret, Secret};
