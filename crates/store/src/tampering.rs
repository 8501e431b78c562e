use std::fmt;

/// A row that Ironward did not leave as it is. It is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tampering {
    /// The kind that the row claims.
    pub kind: Box<str>,
    /// The id that the row claims.
    pub id: Box<str>,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Its MAC is not that of its content: it was inserted, edited, swapped or copied.
    Mac,
    /// It verifies, and this binary cannot read it.
    Body,
    /// A column is of a value that Ironward never writes.
    Column,
    /// The index over it does not say what its content says.
    Index,
    /// There is another row of the same kind and id.
    Duplicate,
    /// The snapshot holds a later version of it.
    RolledBack {
        /// The version in the snapshot.
        snapshot: u64,
        /// The version in the database.
        found: u64,
    },
    /// The snapshot holds it and the database does not.
    Missing {
        /// The version in the snapshot.
        snapshot: u64,
    },
}

impl Tampering {
    pub(crate) fn new(kind: &str, id: &[u8], wrong: Wrong) -> Self {
        Self {
            kind: kind.into(),
            id: String::from_utf8_lossy(id).into(),
            wrong,
        }
    }

    /// Writes it to the log.
    pub fn log(&self) {
        tracing::error!(kind = %self.kind, id = ?self.id, wrong = ?self.wrong, "row refused: {self}");
    }
}

impl fmt::Display for Tampering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} ", self.kind, self.id)?;
        match self.wrong {
            Wrong::Mac => f.write_str("was not written by ironward as it is"),
            Wrong::Body => f.write_str("cannot be read by this version"),
            Wrong::Column => f.write_str("has a column that ironward never writes"),
            Wrong::Index => f.write_str("is indexed under values that it does not have"),
            Wrong::Duplicate => f.write_str("is there twice"),
            Wrong::RolledBack { snapshot, found } => {
                write!(f, "was rolled back from version {snapshot} to {found}")
            }
            Wrong::Missing { snapshot } => {
                write!(f, "of version {snapshot} was removed")
            }
        }
    }
}
