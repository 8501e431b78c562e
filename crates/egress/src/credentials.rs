use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use ironward_core::CredentialId;

use crate::Credential;

/// The credentials in force, by id. Looking one up takes no lock.
///
/// A configuration snapshot holds the [`Lease`]s of its credentials. A reload adds its own under
/// new ids; the old ones go when the last call that uses the old snapshot does. A number is never
/// given out twice, so an id that outlived its credential opens nothing, and never another's.
#[derive(Default)]
pub struct Credentials {
    table: ArcSwap<HashMap<CredentialId, Arc<Credential>>>,
    given_out: AtomicU64,
}

impl Credentials {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Puts a credential in force for as long as the lease lives.
    #[must_use = "the credential is gone as soon as its lease is dropped"]
    pub fn add(self: &Arc<Self>, credential: Credential) -> Lease {
        let id = CredentialId::new(self.given_out.fetch_add(1, Ordering::Relaxed));
        let credential = Arc::new(credential);
        self.table.rcu(|table| {
            let mut table = HashMap::clone(table);
            table.insert(id, Arc::clone(&credential));
            table
        });
        Lease {
            id,
            registry: Arc::downgrade(self),
        }
    }

    /// How many credentials are in force.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.load().len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn open(&self, id: CredentialId) -> Option<Arc<Credential>> {
        self.table.load().get(&id).cloned()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// Keeps one credential in force.
#[derive(Debug)]
pub struct Lease {
    id: CredentialId,
    registry: Weak<Credentials>,
}

impl Lease {
    /// What a deployment names the credential by.
    #[must_use]
    pub fn id(&self) -> CredentialId {
        self.id
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(registry) = self.registry.upgrade() {
            registry.table.rcu(|table| {
                let mut table = HashMap::clone(table);
                table.remove(&self.id);
                table
            });
        }
    }
}

#[cfg(test)]
mod tests;
