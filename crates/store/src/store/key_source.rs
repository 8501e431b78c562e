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
        let StoreError::UnknownKey(version) = error else {
            return false;
        };
        let keys = self.learn_keys().await;
        keys.is_some_and(|keys| keys.data_key(*version).is_some())
    }

    /// Goes on with the data keys as they are now; `None`, and with those that it has, when they
    /// cannot be had.
    pub(super) async fn learn_keys(&self) -> Option<Arc<Keyring>> {
        let keys = self.key_source.get()?.refresh(&self.locked).await?;
        self.change_keys(Arc::clone(&keys));
        Some(keys)
    }
}
