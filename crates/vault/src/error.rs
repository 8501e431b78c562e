use std::fmt;

use ironward_secret::InvalidKeyring;

use crate::vault::Alarm;
use crate::{KekError, KekFailure};

/// Why the vault does not open, or does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultError {
    /// The key-encryption key failed on a data key.
    Kek {
        /// What was tried: `wrapped` or `unwrapped`.
        verb: &'static str,
        /// The version of the data key.
        version: u32,
        /// What went wrong.
        error: KekError,
    },
    /// The stored data keys contradict themselves.
    Table(Box<str>),
    /// The data keys are no keyring.
    Keyring(InvalidKeyring),
    /// Somebody else has changed the keyring since.
    Outdated,
    /// The key-encryption key does not answer, so nothing new is sealed.
    Alarm(Alarm),
}

impl VaultError {
    pub(crate) fn kek(verb: &'static str, version: u32, error: KekError) -> Self {
        Self::Kek {
            verb,
            version,
            error,
        }
    }

    /// The failure of the key-encryption key, where it is one.
    #[must_use]
    pub fn failure(&self) -> Option<KekFailure> {
        match self {
            Self::Kek { error, .. } => Some(error.kind),
            Self::Alarm(alarm) => Some(alarm.reason.kind),
            Self::Table(_) | Self::Keyring(_) | Self::Outdated => None,
        }
    }
}

impl From<InvalidKeyring> for VaultError {
    fn from(error: InvalidKeyring) -> Self {
        Self::Keyring(error)
    }
}

impl fmt::Display for VaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kek {
                verb,
                version,
                error,
            } => write!(f, "data key {version} cannot be {verb}: {error}"),
            Self::Table(what) => write!(
                f,
                "the stored data keys contradict themselves: {what}; restore the table data_key \
                 from a backup"
            ),
            Self::Keyring(error) => error.fmt(f),
            Self::Outdated => {
                f.write_str("the data keys were changed by somebody else meanwhile; try again")
            }
            Self::Alarm(alarm) => write!(
                f,
                "nothing new is sealed while the key-encryption key does not answer: {}",
                alarm.reason
            ),
        }
    }
}

impl std::error::Error for VaultError {}
