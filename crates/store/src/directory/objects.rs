use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ironward_core::Id;

use super::entry::Entry;
use super::ordered::Ordered;
use super::shards::Shards;

/// The objects of the kind `K`, each held as `C`.
pub struct Objects<K, C = K> {
    entries: Shards<Id<K>, Arc<Entry<K, C>>>,
    ordered: Ordered<u64, K>,
    /// What comes before the id in their order.
    rank: fn(&C) -> u64,
    walked: AtomicU64,
}

impl<K, C> Objects<K, C> {
    /// In the order of their ids.
    pub(super) fn new(shards: usize) -> Self {
        Self::by(shards, |_| 0)
    }

    /// In this order.
    pub(super) fn by(shards: usize, rank: fn(&C) -> u64) -> Self {
        Self {
            entries: Shards::new(shards),
            ordered: Ordered::new(),
            rank,
            walked: AtomicU64::new(0),
        }
    }

    /// The object with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<Arc<Entry<K, C>>> {
        self.entries.find(id)
    }

    /// Every object, in no order. What is added or removed meanwhile may be among them or not.
    pub fn iter(&self) -> impl Iterator<Item = Arc<Entry<K, C>>> {
        self.walk(self.len());
        self.entries.values()
    }

    /// Whether one of them is `wanted`.
    pub fn any(&self, mut wanted: impl FnMut(&Entry<K, C>) -> bool) -> bool {
        self.walk(self.len());
        self.entries.any(|entry| wanted(entry))
    }

    /// Those for which `wanted` says so, sorted by id. It looks at every object.
    pub fn select(&self, wanted: impl FnMut(&Entry<K, C>) -> bool) -> Vec<Arc<Entry<K, C>>> {
        let mut found = self.filter(wanted);
        found.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        found
    }

    /// The same in no order.
    pub fn filter(&self, mut wanted: impl FnMut(&Entry<K, C>) -> bool) -> Vec<Arc<Entry<K, C>>> {
        let mut found = Vec::new();
        self.walk(self.len());
        self.entries.any(|entry| {
            if wanted(entry) {
                found.push(Arc::clone(entry));
            }
            false
        });
        found
    }

    /// As many as `count` after the first `skip` in their order, or in the reverse of it, and how many
    /// there are in all: keys in the order in which they were made, all others in that of their ids.
    pub fn page(
        &self,
        skip: usize,
        count: usize,
        descending: bool,
    ) -> (Vec<Arc<Entry<K, C>>>, usize) {
        let (ids, total) = self.ordered.page(skip, count, descending);
        (self.those(&ids), total)
    }

    /// Those of these ids that are there.
    pub(super) fn those(&self, ids: &[Id<K>]) -> Vec<Arc<Entry<K, C>>> {
        self.walk(ids.len());
        ids.iter().filter_map(|id| self.find(id.as_str())).collect()
    }

    /// How many objects were looked at so far where several were asked for: what a list costs can be
    /// told by it.
    #[must_use]
    pub fn walked(&self) -> u64 {
        self.walked.load(Ordering::Relaxed)
    }

    fn walk(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.walked.fetch_add(count, Ordering::Relaxed);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ordered.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn insert(&self, entry: Arc<Entry<K, C>>) -> Option<Arc<Entry<K, C>>> {
        let (id, rank) = (entry.id.clone(), (self.rank)(&entry.object));
        let old = self.entries.insert(id.clone(), entry);
        let old_rank = old.as_ref().map(|old| (self.rank)(&old.object));
        self.ordered.replace(&id, old_rank, Some(rank));
        old.inspect(|old| old.supersede())
    }

    pub(super) fn remove(&self, id: &str) -> Option<Arc<Entry<K, C>>> {
        let old = self.entries.remove(id)?;
        let rank = (self.rank)(&old.object);
        self.ordered.replace(&old.id, Some(rank), None);
        old.supersede();
        Some(old)
    }

    /// Adds many that are not there yet.
    pub(super) fn extend(&self, entries: Vec<Arc<Entry<K, C>>>) {
        let ranks = entries.iter();
        self.ordered
            .extend(ranks.map(|entry| ((self.rank)(&entry.object), entry.id.clone())));
        let pairs = entries.into_iter().map(|entry| (entry.id.clone(), entry));
        self.entries.extend(pairs);
    }
}
