mod accounts;
mod chain;
mod running;
mod spenders;
mod streams;

use std::sync::Arc;
use std::time::Duration;

use ironward_core::Failures;
use ironward_identity::Keyless;
use ironward_secret::KeyHasher;
use ironward_store::objects::Account;
use ironward_store::{Directory, Freshness};

pub use accounts::keyless;
pub(crate) use chain::{Chain, most_at_once, wall};
use running::Running;
pub(crate) use running::{Limit, Place, Whose};
pub(crate) use spenders::{Spender, Stored, spend_of};
pub(crate) use streams::Cut;
use streams::OpenStreams;

/// Who may call: what the data path asks about what was presented. All threads share one.
pub struct Access {
    pub(crate) directory: Arc<Directory>,
    pub(crate) hasher: Arc<KeyHasher>,
    pub(crate) keyless: Arc<Keyless<Account>>,
    freshness: Arc<Freshness>,
    stale_after: Option<Duration>,
    pub(crate) failures: Arc<Failures>,
    pub(crate) running: Arc<Running>,
    pub(crate) streams: OpenStreams,
}

impl Access {
    /// Access as `directory` says, whose keys were hashed by `hasher`, and in which `keyless` finds
    /// those who come without one.
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
        keyless: Arc<Keyless<Account>>,
    ) -> Self {
        Self {
            directory,
            hasher,
            keyless,
            freshness,
            stale_after,
            failures: Arc::default(),
            running: Arc::default(),
            streams: OpenStreams::default(),
        }
    }

    /// The count of wrong keys, for the other ways in.
    #[must_use]
    pub const fn failures(&self) -> &Arc<Failures> {
        &self.failures
    }

    /// Who may come without a key, for the other ways in.
    #[must_use]
    pub const fn keyless(&self) -> &Arc<Keyless<Account>> {
        &self.keyless
    }

    /// Whether the database was heard from lately; `None` without one.
    pub(crate) fn is_connected(&self) -> Option<bool> {
        Some(!self.freshness.is_stale(self.stale_after?))
    }

    /// Whether the directory's keys are refused because nobody knows which are still good. One that
    /// comes from the snapshot alone, since the database was down at the start, lets its keys in.
    pub(crate) fn is_stale(&self) -> bool {
        self.stale_after
            .is_some_and(|limit| self.freshness.is_cut_off(limit))
    }
}
