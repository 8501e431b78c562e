use std::sync::atomic::{AtomicBool, Ordering};

use ironward_core::Id;

use super::grants::Grants;

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
    /// Its grants, read.
    pub grants: Grants,
    pub(super) mark: u128,
    superseded: AtomicBool,
}

/// Which version of an object an entry is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) version: u64,
    pub(super) seq: u64,
    pub(super) mark: u128,
}

impl<K, C> Entry<K, C> {
    pub(super) fn new(id: &str, place: Place, object: C, grants: Grants) -> Self {
        let Place { version, seq, mark } = place;
        Self {
            id: Id::new(id),
            version,
            seq,
            object,
            grants,
            mark,
            superseded: AtomicBool::new(false),
        }
    }

    pub(super) const fn place(&self) -> Place {
        Place {
            version: self.version,
            seq: self.seq,
            mark: self.mark,
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
