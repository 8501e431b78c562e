use std::fmt;

use crate::objects::Kind;
use crate::tampering::Tampering;

/// Why the database could not be used.
#[derive(Debug)]
pub enum StoreError {
    /// It cannot be reached.
    Unreachable {
        /// Which database, without its password.
        place: Box<str>,
        /// What the system said.
        reason: Box<str>,
    },
    /// Another process has kept it locked for too long.
    Locked,
    /// There is no room for what was to be written.
    Full,
    /// A later version of Ironward has changed its schema.
    Newer {
        /// Its version of the schema.
        found: u64,
        /// The last one that this binary knows.
        known: u64,
    },
    /// A change of the schema failed; nothing of it was kept.
    Migration {
        /// The version that it leads to.
        version: u64,
        /// What the database said.
        reason: Box<str>,
    },
    /// The address of a database that was configured cannot be read.
    Address(Box<str>),
    /// The database uses a data key of this version, which the keyring does not have: another
    /// node has made it, or it was retired.
    UnknownKey(u32),
    /// The keyring cannot do what it has to.
    Keyring(&'static str),
    /// Anything else that the database said.
    Failed(Box<str>),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { place, reason } => write!(
                f,
                "database {place} cannot be reached ({reason}): start it, or correct \
                 general_settings.database_url"
            ),
            Self::Locked => f.write_str(
                "the database is locked by another process: end that process, or try again",
            ),
            Self::Full => {
                f.write_str("the database has no room left: nothing was written; free some space")
            }
            Self::Newer { found, known } => write!(
                f,
                "the database has schema {found} and this binary knows {known}: start the version \
                 of ironward that wrote it, or a later one"
            ),
            Self::Migration { version, reason } => write!(
                f,
                "changing the database to schema {version} failed ({reason}): it is as it was; \
                 correct the cause and start again"
            ),
            Self::Address(reason) => write!(
                f,
                "general_settings.database_url cannot be read ({reason}): write \
                 postgres://USER:PASSWORD@HOST:PORT/NAME"
            ),
            Self::UnknownKey(version) => write!(
                f,
                "the database uses data key {version}, which is not loaded: read the data keys \
                 again, or see ironward vault status"
            ),
            Self::Keyring(what) => write!(f, "the keyring {what}"),
            Self::Failed(reason) => write!(f, "the database failed: {reason}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) => match inner.code().as_deref() {
                // SQLite: extended codes keep the primary one in their low byte.
                Some("5" | "6" | "261" | "517" | "262" | "773") => Self::Locked,
                // SQLITE_FULL; PostgreSQL's disk_full.
                Some("13" | "53100") => Self::Full,
                // PostgreSQL's lock_not_available, and its ways of going away.
                Some("55P03") => Self::Locked,
                Some("57P01" | "57P02" | "57P03" | "08006" | "08001") => Self::Unreachable {
                    place: "in use".into(),
                    reason: one_line(inner.message()),
                },
                _ => Self::Failed(one_line(inner.message())),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unreachable {
                place: "in use".into(),
                reason: one_line(&error.to_string()),
            },
            _ => Self::Failed(one_line(&error.to_string())),
        }
    }
}

pub(crate) fn one_line(text: &str) -> Box<str> {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").into()
}

/// Why changes were not written. None of them was.
#[derive(Debug)]
pub enum WriteError {
    /// An object is not what the caller thinks it is: changed, deleted or made since it was read.
    Conflict {
        /// Its kind.
        kind: Kind,
        /// Its id.
        id: Box<str>,
    },
    /// Another object has a value that may be used once.
    Taken {
        /// The kind of the object that was to be written.
        kind: Kind,
        /// Its id.
        id: Box<str>,
        /// Which value: `key secret`, `user email`, `user sso id`.
        what: &'static str,
    },
    /// An id is empty or longer than [`MAX_ID`](crate::MAX_ID) bytes.
    Id {
        /// The kind of the object.
        kind: Kind,
        /// Its length in bytes.
        length: usize,
    },
    /// An object is longer than [`MAX_BODY`](crate::MAX_BODY) bytes.
    Body {
        /// Its kind.
        kind: Kind,
        /// Its id.
        id: Box<str>,
        /// Its length in bytes.
        length: usize,
    },
    /// A row that was to be replaced was not written by Ironward.
    Tampering(Tampering),
    /// The census was not written by Ironward, or is older than one that this node has seen.
    Census,
    /// The database could not be used.
    Store(StoreError),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { kind, id } => write!(
                f,
                "{} {id:?} was changed by somebody else: read it again and repeat the change",
                kind.as_str()
            ),
            Self::Taken { kind, id, what } => write!(
                f,
                "{} {id:?} cannot be written: another object has the same {what}",
                kind.as_str()
            ),
            Self::Id { kind, length } => write!(
                f,
                "the id of a {} has {length} bytes: give it 1 to {}",
                kind.as_str(),
                crate::MAX_ID
            ),
            Self::Body { kind, id, length } => write!(
                f,
                "{} {id:?} has {length} bytes, over {}: shorten its metadata or lists",
                kind.as_str(),
                crate::MAX_BODY
            ),
            Self::Tampering(tampering) => write!(f, "nothing was written: {tampering}"),
            Self::Census => f.write_str(
                "nothing was written: the census of the database is not the one that ironward \
                 left; find out who wrote to the database, then run ironward store accept",
            ),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for WriteError {}

impl<E: Into<StoreError>> From<E> for WriteError {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

/// Why the rows could not be loaded.
#[derive(Debug)]
pub enum LoadError {
    /// The rows are not those that the census tells of: some are missing, rolled back or added.
    Census {
        /// How many the census tells of; `None` when it is missing or not Ironward's.
        expected: Option<u64>,
        /// How many verify.
        found: u64,
    },
    /// The database as a whole is older than the snapshot.
    RolledBack {
        /// The last change that the snapshot knows.
        snapshot: u64,
        /// The last change that the database knows.
        found: u64,
    },
    /// The database could not be used.
    Store(StoreError),
    /// The snapshot could not be read or written.
    Snapshot(crate::snapshot::SnapshotError),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const REMEDY: &str = "find out who wrote to the database, then run ironward store accept";
        match self {
            Self::Census { expected: None, .. } => {
                write!(
                    f,
                    "the census of the database is missing or forged: {REMEDY}"
                )
            }
            Self::Census {
                expected: Some(expected),
                found,
            } => write!(
                f,
                "the rows of the database are not those that ironward left ({found} verify, the \
                 census tells of {expected}): {REMEDY}"
            ),
            Self::RolledBack { snapshot, found } => write!(
                f,
                "the database is older (change {found}) than the snapshot in the data directory \
                 (change {snapshot}): bring the newer one back, or {REMEDY}"
            ),
            Self::Store(error) => error.fmt(f),
            Self::Snapshot(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LoadError {}

impl<E: Into<StoreError>> From<E> for LoadError {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

impl From<crate::snapshot::SnapshotError> for LoadError {
    fn from(error: crate::snapshot::SnapshotError) -> Self {
        Self::Snapshot(error)
    }
}
