use std::sync::Arc;

use ironward_core::Id;

use super::entry::Entry;
use super::shards::Shards;

/// The objects of the kind `K`, each held as `C`.
pub struct Objects<K, C = K> {
    entries: Shards<Id<K>, Arc<Entry<K, C>>>,
}

impl<K, C> Objects<K, C> {
    pub(super) fn new(shards: usize) -> Self {
        Self {
            entries: Shards::new(shards),
        }
    }

    /// The object with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<Arc<Entry<K, C>>> {
        self.entries.find(id)
    }

    /// Every object, in no order. What is added or removed meanwhile may be among them or not.
    pub fn iter(&self) -> impl Iterator<Item = Arc<Entry<K, C>>> {
        self.entries.values()
    }

    /// Those for which `wanted` says so, sorted by id.
    pub fn select(&self, wanted: impl Fn(&Entry<K, C>) -> bool) -> Vec<Arc<Entry<K, C>>> {
        let mut found: Vec<_> = self.iter().filter(|entry| wanted(entry)).collect();
        found.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        found
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn insert(&self, entry: Arc<Entry<K, C>>) -> Option<Arc<Entry<K, C>>> {
        let old = self.entries.insert(entry.id.clone(), entry);
        old.inspect(|old| old.supersede())
    }

    pub(super) fn remove(&self, id: &str) -> Option<Arc<Entry<K, C>>> {
        self.entries.remove(id).inspect(|old| old.supersede())
    }

    /// Adds many that are not there yet.
    pub(super) fn extend(&self, entries: Vec<Arc<Entry<K, C>>>) {
        let pairs = entries.into_iter().map(|entry| (entry.id.clone(), entry));
        self.entries.extend(pairs);
    }
}
