use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use ironward_core::Id;

/// Which objects belong to which others, for kinds of which one may belong to several. The one
/// writer and lists take its lock, calls never do.
pub(super) struct Pairs<O, K> {
    pairs: RwLock<BTreeSet<(Id<O>, Id<K>)>>,
}

impl<O, K> Pairs<O, K> {
    pub(super) const fn new() -> Self {
        Self {
            pairs: RwLock::new(BTreeSet::new()),
        }
    }

    /// What an object belonged to, and what it belongs to now.
    pub(super) fn replace<'i>(
        &self,
        id: &Id<K>,
        old: impl IntoIterator<Item = &'i Id<O>>,
        new: impl IntoIterator<Item = &'i Id<O>>,
    ) where
        O: 'i,
    {
        let old: BTreeSet<&Id<O>> = old.into_iter().collect();
        let new: BTreeSet<&Id<O>> = new.into_iter().collect();
        if old == new {
            return;
        }
        let mut pairs = self.pairs.write().unwrap_or_else(PoisonError::into_inner);
        for owner in old.difference(&new) {
            pairs.remove(&((*owner).clone(), id.clone()));
        }
        let added = new.difference(&old);
        pairs.extend(added.map(|owner| ((*owner).clone(), id.clone())));
    }

    /// What belongs to this one, in the order of the ids.
    pub(super) fn of(&self, owner: &str) -> Vec<Id<K>> {
        let pairs = self.pairs.read().unwrap_or_else(PoisonError::into_inner);
        let from = (Id::new(owner), Id::new(""));
        let found = pairs.range(from..);
        let found = found.take_while(|(other, _)| other.as_str() == owner);
        found.map(|(_, id)| id.clone()).collect()
    }
}
