use std::sync::atomic::{AtomicBool, Ordering};

use ironward_core::Id;

/// One version of an object of the kind `K`, as it is held in memory.
pub struct Entry<K, C = K> {
    /// Its id.
    pub id: Id<K>,
    /// Counts its changes from 1.
    pub version: u64,
    /// The change of the database that wrote it.
    pub seq: u64,
    /// What it says.
    pub object: C,
    pub(super) mark: u128,
    superseded: AtomicBool,
}

impl<K, C> Entry<K, C> {
    pub(super) const fn new(id: Id<K>, version: u64, seq: u64, mark: u128, object: C) -> Self {
        Self {
            id,
            version,
            seq,
            object,
            mark,
            superseded: AtomicBool::new(false),
        }
    }

    /// Whether the object is still as it is here: `false` once it was changed or deleted. It costs
    /// one read of memory that nobody writes to until then.
    #[must_use]
    pub fn is_current(&self) -> bool {
        !self.superseded.load(Ordering::Acquire)
    }

    pub(super) fn supersede(&self) {
        self.superseded.store(true, Ordering::Release);
    }
}
