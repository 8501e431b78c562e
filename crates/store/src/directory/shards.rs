use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::Arc;

use arc_swap::ArcSwap;

/// A map that is read without a lock. A change copies the one shard that it falls into, so it has
/// to be cheap to clone both the keys and the values.
pub(super) struct Shards<K, V, S = RandomState> {
    shards: Box<[ArcSwap<HashMap<K, V, S>>]>,
    hasher: S,
}

impl<K, V, S> Shards<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone + Default,
{
    pub(super) fn new(count: usize) -> Self {
        let hasher = S::default();
        let shard = || ArcSwap::from_pointee(HashMap::with_hasher(hasher.clone()));
        Self {
            shards: (0..count).map(|_| shard()).collect(),
            hasher,
        }
    }

    pub(super) fn find<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.shard(key)?.load().get(key).cloned()
    }

    /// For the one writer.
    pub(super) fn insert(&self, key: K, value: V) -> Option<V> {
        let shard = self.shard(&key)?;
        let mut map = HashMap::clone(&shard.load());
        let old = map.insert(key, value);
        shard.store(Arc::new(map));
        old
    }

    /// For the one writer.
    pub(super) fn remove<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let shard = self.shard(key)?;
        if !shard.load().contains_key(key) {
            return None;
        }
        let mut map = HashMap::clone(&shard.load());
        let old = map.remove(key);
        shard.store(Arc::new(map));
        old
    }

    /// Adds many at once: each shard is copied once.
    pub(super) fn extend(&self, pairs: impl Iterator<Item = (K, V)>) {
        let mut by_shard: Vec<Vec<(K, V)>> = Vec::new();
        by_shard.resize_with(self.shards.len(), Vec::new);
        for (key, value) in pairs {
            if let Some(pairs) = by_shard.get_mut(self.place(&key)) {
                pairs.push((key, value));
            }
        }
        for (shard, pairs) in self.shards.iter().zip(by_shard) {
            if pairs.is_empty() {
                continue;
            }
            let mut map = HashMap::clone(&shard.load());
            map.extend(pairs);
            map.shrink_to_fit();
            shard.store(Arc::new(map));
        }
    }

    /// Every value, shard by shard: none twice, in no order.
    pub(super) fn values(&self) -> impl Iterator<Item = V> {
        self.shards.iter().flat_map(|shard| {
            let map = shard.load();
            map.values().cloned().collect::<Vec<_>>()
        })
    }

    /// Whether one of the values is `wanted`: it is asked of each until then, and none is copied.
    pub(super) fn any(&self, mut wanted: impl FnMut(&V) -> bool) -> bool {
        let mut shards = self.shards.iter();
        shards.any(|shard| shard.load().values().any(&mut wanted))
    }

    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> Option<&ArcSwap<HashMap<K, V, S>>> {
        self.shards.get(self.place(key))
    }

    /// By the upper half of the hash: the map within the shard goes by the lower.
    fn place<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        let hash = self.hasher.hash_one(key) >> 32;
        usize::try_from(hash).unwrap_or_default() % self.shards.len()
    }
}

/// The hash of a key is a MAC under a secret key already: eight bytes of it will do.
pub(super) type HashOfKey = BuildHasherDefault<FirstBytes>;

#[derive(Default)]
pub(super) struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(bytes) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*bytes);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
