use ironward_core::Id;

use crate::error::WriteError;
use crate::objects::{Content, Kind, Object};

/// The longest id of an object, in bytes.
pub const MAX_ID: usize = 512;

/// The longest body of an object, in bytes: a row is held whole in memory.
pub const MAX_BODY: usize = 4 << 20;

/// One object to write. Several are written together or not at all.
#[derive(Debug, Clone)]
pub struct Change {
    pub(crate) kind: Kind,
    pub(crate) id: Box<str>,
    /// The version that is replaced; `None`: there is no such object.
    pub(crate) replaces: Option<u64>,
    /// `None`: it is deleted.
    pub(crate) body: Option<Vec<u8>>,
}

impl Change {
    /// The kind of the object.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What becomes of it, in a word.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match (self.replaces, &self.body) {
            (None, _) => "create",
            (Some(_), Some(_)) => "update",
            (Some(_), None) => "delete",
        }
    }

    /// Makes an object. A deleted one of the same id may be there.
    #[must_use]
    pub fn create<T: Object>(id: &Id<T>, object: &T) -> Self {
        Self::new(id, None, Some(object))
    }

    /// Replaces the object that has `version`.
    #[must_use]
    pub fn update<T: Object>(id: &Id<T>, version: u64, object: &T) -> Self {
        Self::new(id, Some(version), Some(object))
    }

    /// Deletes the object that has `version`. A tombstone stays.
    #[must_use]
    pub fn delete<T: Object>(id: &Id<T>, version: u64) -> Self {
        Self::new::<T>(id, Some(version), None)
    }

    /// Replaces the object that has `version`, of whatever kind.
    pub(crate) fn replace(id: &str, version: u64, content: &Content) -> Self {
        Self {
            kind: content.kind(),
            id: id.into(),
            replaces: Some(version),
            body: Some(content.body()),
        }
    }

    fn new<T: Object>(id: &Id<T>, replaces: Option<u64>, object: Option<&T>) -> Self {
        Self {
            kind: T::KIND,
            id: id.as_str().into(),
            replaces,
            // A struct of plain fields and string keys always has a JSON form. If it had none, the
            // empty body would be refused when it is read back, before anything is written.
            body: object.map(|object| serde_json::to_vec(object).unwrap_or_default()),
        }
    }

    /// The object as it is stored, in JSON; `None`: it is deleted.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// Whether a store could hold it.
    ///
    /// # Errors
    /// [`WriteError::Id`] or [`WriteError::Body`].
    pub fn check(&self) -> Result<(), WriteError> {
        if self.id.is_empty() || self.id.len() > MAX_ID {
            return Err(WriteError::Id {
                kind: self.kind,
                length: self.id.len(),
            });
        }
        match &self.body {
            Some(body) if body.len() > MAX_BODY => Err(WriteError::Body {
                kind: self.kind,
                id: self.id.clone(),
                length: body.len(),
            }),
            _ => Ok(()),
        }
    }

    pub(crate) fn conflict(&self) -> WriteError {
        WriteError::Conflict {
            kind: self.kind,
            id: self.id.clone(),
        }
    }
}
