use std::collections::HashSet;
use std::hash::Hash;

/// Above this many keys in one object a hash set takes over from comparing each with each.
pub(super) const FEW: usize = 16;

/// The keys of all open objects, on one stack.
pub(super) struct Keys<K> {
    stack: Vec<K>,
}

/// Which of the keys belong to one object: those above `below`, or, once they are many, a set.
pub(super) struct Object<K> {
    below: usize,
    many: Option<HashSet<K>>,
}

impl<K: Eq + Hash> Keys<K> {
    pub(super) fn new() -> Self {
        Self {
            stack: Vec::with_capacity(FEW),
        }
    }

    pub(super) fn open(&self) -> Object<K> {
        Object {
            below: self.stack.len(),
            many: None,
        }
    }

    /// Adds `key` to the innermost open object; gives it back when it is there already.
    pub(super) fn add(&mut self, object: &mut Object<K>, key: K) -> Result<(), K> {
        if let Some(many) = &mut object.many {
            return many.replace(key).map_or(Ok(()), Err);
        }
        let few = self.stack.get(object.below..).unwrap_or_default();
        if few.contains(&key) {
            return Err(key);
        }
        if few.len() == FEW {
            object.many = Some(self.stack.drain(object.below..).chain([key]).collect());
        } else {
            self.stack.push(key);
        }
        Ok(())
    }

    pub(super) fn close(&mut self, object: &Object<K>) {
        self.stack.truncate(object.below);
    }
}
