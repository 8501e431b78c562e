//! Tokens that were verified, so that a client that sends one with every call pays once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use aws_lc_rs::digest::{SHA256, digest};

use crate::Identity;
use crate::issuer::Trusted;
use crate::validity::Validity;

/// The SHA-256 of a whole token: signature, claims and header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(token: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, token).as_ref());
        Self(bytes)
    }
}

/// A token that was verified.
pub(crate) struct Entry {
    pub(crate) identity: Arc<Identity>,
    pub(crate) issuer: Arc<Trusted>,
    pub(crate) validity: Validity,
    /// The key set that it was verified with.
    pub(crate) keys: [u8; 32],
}

/// Verified tokens by their hash. Nothing else ever gets in, so that no stranger can push anybody
/// out, and its size is bounded: where there is no room, the one that ends first goes.
pub(crate) struct Cache {
    shards: [Mutex<HashMap<Fingerprint, Entry>>; SHARDS],
}

/// So that threads rarely meet.
const SHARDS: usize = 16;

/// The most tokens in one shard: 4096 in all, of at most 16 KiB each.
const MOST_IN_SHARD: usize = 256;

impl Cache {
    pub(crate) fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Who sent this token before, if it and the keys that it was verified with still hold.
    pub(crate) fn find(&self, token: Fingerprint, now: SystemTime) -> Option<Arc<Identity>> {
        let mut shard = self.shard(token)?;
        let entry = shard.get(&token)?;
        let holds = !entry.validity.is_over(now)
            && entry.validity.check(now, &entry.issuer.name).is_ok()
            && entry
                .issuer
                .keys(now)
                .is_ok_and(|keys| keys.fingerprint == entry.keys);
        if holds {
            Some(Arc::clone(&entry.identity))
        } else {
            shard.remove(&token);
            None
        }
    }

    /// Remembers a verified token until it ends.
    pub(crate) fn insert(&self, token: Fingerprint, entry: Entry, now: SystemTime) {
        if entry.validity.is_over(now) {
            return;
        }
        let Some(mut shard) = self.shard(token) else {
            return;
        };
        if shard.len() >= MOST_IN_SHARD {
            shard.retain(|_, entry| !entry.validity.is_over(now));
        }
        if shard.len() >= MOST_IN_SHARD {
            let first = shard
                .iter()
                .min_by_key(|(_, entry)| entry.validity.expires())
                .map(|(token, _)| *token);
            if let Some(first) = first {
                shard.remove(&first);
            }
        }
        shard.insert(token, entry);
    }

    /// How many tokens are remembered.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn shard(&self, token: Fingerprint) -> Option<MutexGuard<'_, HashMap<Fingerprint, Entry>>> {
        let [first, ..] = token.0;
        self.shards.get(usize::from(first) % SHARDS).map(lock)
    }
}

fn lock(shard: &Mutex<HashMap<Fingerprint, Entry>>) -> MutexGuard<'_, HashMap<Fingerprint, Entry>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
