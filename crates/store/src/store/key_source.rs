use std::pin::Pin;
use std::sync::Arc;

use ironward_secret::Keyring;

use super::{LockedStore, Store};
use crate::error::StoreError;

/// Reads the data keys again, when a row or the census is under one that is not known yet.
pub trait KeySource: Send + Sync {
    /// The keyring as the store's table of data keys has it now; `None` when it cannot be had,
    /// which is logged.
    fn refresh<'a>(
        &'a self,
        store: &'a LockedStore,
    ) -> Pin<Box<dyn Future<Output = Option<Arc<Keyring>>> + Send + 'a>>;
}

impl Store {
    /// Lets data keys that other nodes make be learnt when they are first met.
    pub fn learn_keys_from(&self, source: Arc<dyn KeySource>) {
        // The first source stays.
        let _second = self.key_source.set(source);
    }

    /// Whether `error` is a data key that is known by now: what failed is worth another try.
    pub(super) async fn has_learnt(&self, error: &StoreError) -> bool {
        let (StoreError::UnknownKey(version), Some(source)) = (error, self.key_source.get()) else {
            return false;
        };
        let Some(keys) = source.refresh(&self.locked).await else {
            return false;
        };
        let is_known = keys.data_key(*version).is_some();
        self.change_keys(keys);
        is_known
    }
}
