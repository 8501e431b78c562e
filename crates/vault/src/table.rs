//! What the stored table of data keys has to be like. It is not trusted: it may contradict itself.

use crate::{VaultError, WrappedKey, WrappedState};

/// The keys by version: each once, and the newest of those in use is the current one.
pub(crate) fn check(mut keys: Vec<WrappedKey>) -> Result<Vec<WrappedKey>, VaultError> {
    keys.sort_by_key(|key| key.version);
    let twice = keys.windows(2).find_map(|pair| match pair {
        [one, other] if one.version == other.version => Some(one.version),
        _ => None,
    });
    if let Some(version) = twice {
        return wrong(format!("data key {version} is stored twice"));
    }
    let newest = keys.iter().rfind(|key| key.state != WrappedState::Retired);
    let Some(newest) = newest else {
        return wrong("no data key is in use".into());
    };
    let mut current = keys.iter().filter(|key| key.state == WrappedState::Current);
    match (current.next(), current.next()) {
        (Some(one), None) if one.version == newest.version => Ok(keys),
        (Some(one), None) => wrong(format!(
            "data key {} is the current one, and data key {} is newer",
            one.version, newest.version
        )),
        (None, _) => wrong("no data key is the current one".into()),
        (Some(one), Some(other)) => wrong(format!(
            "data keys {} and {} are both the current one",
            one.version, other.version
        )),
    }
}

/// The key that seals, of a table that was checked.
pub(crate) fn current(keys: &[WrappedKey]) -> Result<&WrappedKey, VaultError> {
    keys.iter()
        .rfind(|key| key.state == WrappedState::Current)
        .ok_or_else(|| VaultError::Table("no data key is the current one".into()))
}

fn wrong<T>(what: String) -> Result<T, VaultError> {
    Err(VaultError::Table(what.into()))
}
