use std::collections::HashMap;
use std::sync::{Arc, Weak};

use ironward_core::Id;
use serde::Serialize;

/// Holds equal values once. It belongs to the one writer.
#[derive(Default)]
pub(super) struct Interner<T> {
    /// By their JSON.
    values: HashMap<Box<[u8]>, Weak<T>>,
    sweep_at: usize,
    /// Where JSON is written to be looked for.
    json: Vec<u8>,
}

impl<T: Serialize> Interner<T> {
    pub(super) fn share(&mut self, value: T) -> Arc<T> {
        let json = write_again(&mut self.json, &value);
        if let Some(held) = self.values.get(json).and_then(Weak::upgrade) {
            return held;
        }
        let value = Arc::new(value);
        // Each value of its own would make the table as large as the values: they are not held.
        if self.values.len() >= self.sweep_at.max(SMALLEST) {
            self.values.retain(|_, held| held.strong_count() > 1);
            self.sweep_at = (self.values.len() * 2).min(LARGEST);
        }
        if self.values.len() < LARGEST {
            self.values.insert(json.into(), Arc::downgrade(&value));
        }
        value
    }
}

/// Ids that many objects name.
pub(super) struct Ids<K> {
    ids: HashMap<Box<str>, Id<K>>,
}

impl<K> Default for Ids<K> {
    fn default() -> Self {
        Self {
            ids: HashMap::new(),
        }
    }
}

impl<K> Ids<K> {
    pub(super) fn share(&mut self, id: &Id<K>) -> Id<K> {
        if let Some(held) = self.ids.get(id.as_str()) {
            return held.clone();
        }
        if self.ids.len() >= LARGEST {
            self.ids.clear();
        }
        self.ids.insert(id.as_str().into(), id.clone());
        id.clone()
    }
}

/// The JSON of `value`, in the place of what was in `buffer`: a load writes the parts of every key.
pub(super) fn write_again<'b, T: Serialize>(buffer: &'b mut Vec<u8>, value: &T) -> &'b [u8] {
    buffer.clear();
    if serde_json::to_writer(&mut *buffer, value).is_err() {
        buffer.clear();
    }
    buffer
}

const SMALLEST: usize = 256;
/// What is told apart by more than so many values is not worth looking for equals.
const LARGEST: usize = 4096;
