use std::sync::Arc;
use std::time::Duration;

use ironward_secret::KeyHasher;
use ironward_store::{Directory, Freshness};

/// Who may call: what the data path asks about a presented key. All threads share one.
pub struct Access {
    pub(crate) directory: Arc<Directory>,
    pub(crate) hasher: Arc<KeyHasher>,
    pub(crate) freshness: Arc<Freshness>,
    pub(crate) stale_after: Option<Duration>,
}

impl Access {
    /// Access as `directory` says, whose keys were hashed by `hasher`.
    ///
    /// When `freshness` says that the directory was not checked against the store for longer than
    /// `stale_after`, its keys are refused: nobody can tell which of them are still good. `None`:
    /// they are good for as long as the directory holds them.
    #[must_use]
    pub fn new(
        directory: Arc<Directory>,
        hasher: Arc<KeyHasher>,
        freshness: Arc<Freshness>,
        stale_after: Option<Duration>,
    ) -> Self {
        Self {
            directory,
            hasher,
            freshness,
            stale_after,
        }
    }

    /// Whether the database was heard from lately; `None` without one.
    pub(crate) fn is_connected(&self) -> Option<bool> {
        Some(!self.freshness.is_stale(self.stale_after?))
    }
}
