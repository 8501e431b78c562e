use std::fmt;
use std::str::FromStr;

/// A data key as it is stored: one row of the table `data_key`.
///
/// The table is not trusted. What is changed in it fails to unwrap; what is deleted from it is
/// missed by whatever was sealed under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// The version; grows by one with each new data key.
    pub version: u32,
    /// The key-encryption key that wraps it ([`Description::name`](crate::Description::name)).
    pub kek: Box<str>,
    /// What it is used for.
    pub state: WrappedState,
    /// The data key, as the key-encryption key wrapped it.
    pub wrapped: Vec<u8>,
    /// When it was made, in seconds since 1970.
    pub made: u64,
}

/// What a stored data key is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrappedState {
    /// Seals and signs what is new.
    Current,
    /// Opens and verifies what is there.
    Old,
    /// Nothing is sealed under it any more; it is not unwrapped.
    Retired,
}

impl WrappedState {
    /// The state's name in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Old => "old",
            Self::Retired => "retired",
        }
    }
}

impl fmt::Display for WrappedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownState;

impl FromStr for WrappedState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        [Self::Current, Self::Old, Self::Retired]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(UnknownState)
    }
}

impl fmt::Display for UnknownState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a data key's state has to be current, old or retired")
    }
}

impl std::error::Error for UnknownState {}
