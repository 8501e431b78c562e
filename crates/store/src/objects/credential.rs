use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Kind, Metadata, Object, Origin};

/// A provider credential. Its values go in and never come out: every reader gets a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Credential {
    /// The secret values by field (`api_key`, ...), sealed.
    pub sealed: BTreeMap<Box<str>, SealedValue>,
    /// The values that are no secrets (`api_base`, `api_version`, ...).
    pub plain: BTreeMap<Box<str>, Box<str>>,
    /// LiteLLM's `credential_info`.
    pub metadata: Metadata,
    /// Who made it.
    pub origin: Origin,
}

/// A sealed value as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedValue {
    /// The ciphertext with its key version, in base64.
    pub sealed: Box<str>,
    /// A keyed hash of the plaintext, to tell values apart without opening them.
    pub fingerprint: Box<str>,
    /// The version of the row in which it was sealed; part of what the seal is bound to.
    pub version: u64,
    /// When the value came in, in milliseconds since 1970; sealing it anew does not change that.
    /// 0: nobody knows.
    #[serde(default)]
    pub made: u64,
}

impl Object for Credential {
    const KIND: Kind = Kind::Credential;
}
