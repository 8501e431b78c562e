use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ironward_core::Id;
use ironward_store::objects::Key;

/// The running calls of those keys that may only run so many at once. A key that runs none takes no
/// room, and one without a limit is never looked up.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashMap<Id<Key>, u32>>);

/// One of a key's running calls; dropping it ends it.
pub(crate) struct Place {
    running: Arc<Running>,
    key: Id<Key>,
}

impl Running {
    /// A place among the calls of `key`, unless `limit` run already.
    pub(crate) fn enter(self: &Arc<Self>, key: &Id<Key>, limit: u32) -> Option<Place> {
        let mut running = self.calls();
        let calls = running.get(key).copied().unwrap_or_default();
        if calls >= limit {
            return None;
        }
        running.insert(key.clone(), calls + 1);
        Some(Place {
            running: Arc::clone(self),
            key: key.clone(),
        })
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<Id<Key>, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.running.calls();
        if let Some(calls) = running.get_mut(&self.key) {
            *calls -= 1;
            if *calls == 0 {
                running.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ironward_core::Id;

    use super::Running;

    #[test]
    fn a_place_is_free_again_when_it_is_dropped() {
        let running = Arc::new(Running::default());
        let (one, other) = (Id::new("one"), Id::new("other"));
        let first = running.enter(&one, 2).unwrap();
        let second = running.enter(&one, 2).unwrap();
        assert!(running.enter(&one, 2).is_none());
        assert!(running.enter(&other, 1).is_some(), "each key by itself");
        assert!(running.enter(&one, 0).is_none());
        drop(first);
        let third = running.enter(&one, 2).unwrap();
        drop((second, third));
        assert!(
            running.calls().is_empty(),
            "nothing is kept of who runs nothing"
        );
    }
}
