use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ironward_core::Id;

use super::entry::Entry;
use super::ordered::{By, Ordered, Rank};
use super::shards::Shards;

/// The objects of the kind `K`, each held as `C`.
pub struct Objects<K: 'static, C: 'static = K> {
    entries: Shards<Id<K>, Arc<Entry<K, C>>>,
    ids: Ordered<ById<K, C>>,
    walked: AtomicU64,
}

/// In the order of their ids alone.
struct ById<K, C>(PhantomData<fn(K, C)>);

impl<K: 'static, C: 'static> By for ById<K, C> {
    type Kind = K;
    type Held = C;

    fn rank(_: &C) -> Option<Rank<'_>> {
        Some(Rank::Nothing)
    }
}

impl<K, C> Objects<K, C> {
    pub(super) fn new(shards: usize) -> Self {
        Self {
            entries: Shards::new(shards),
            ids: Ordered::new(),
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

    /// The same among these, which an order has found, if there is one that does.
    pub fn select_among(
        &self,
        found: Option<Vec<Arc<Entry<K, C>>>>,
        mut wanted: impl FnMut(&Entry<K, C>) -> bool,
    ) -> Vec<Arc<Entry<K, C>>> {
        let Some(mut found) = found else {
            return self.select(wanted);
        };
        found.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        found.dedup_by(|one, other| one.id == other.id);
        found.retain(|entry| wanted(entry));
        found
    }

    /// As [`Self::select`], in no order.
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

    /// As many as `count` after the first `skip` in the order of their ids, or in the reverse of it,
    /// and how many there are in all.
    #[must_use]
    pub fn page(
        &self,
        (skip, count): (usize, usize),
        descending: bool,
    ) -> (Vec<Arc<Entry<K, C>>>, usize) {
        let page = self.ids.page(skip, count, descending);
        self.walk(page.0.len());
        page
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

    pub(super) fn walk(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.walked.fetch_add(count, Ordering::Relaxed);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn insert(&self, entry: &Arc<Entry<K, C>>) -> Option<Arc<Entry<K, C>>> {
        let old = self.entries.insert(entry.id.clone(), Arc::clone(entry));
        self.ids.replace(old.as_ref(), Some(entry));
        old.inspect(|old| old.supersede())
    }

    pub(super) fn remove(&self, id: &str) -> Option<Arc<Entry<K, C>>> {
        let old = self.entries.remove(id)?;
        self.ids.replace(Some(&old), None);
        old.supersede();
        Some(old)
    }

    /// Adds many that are not there yet.
    pub(super) fn extend(&self, entries: Vec<Arc<Entry<K, C>>>) {
        self.ids.extend(&entries);
        let pairs = entries.into_iter().map(|entry| (entry.id.clone(), entry));
        self.entries.extend(pairs);
    }
}
