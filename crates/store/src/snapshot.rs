//! The sealed copy of the verified rows in the data directory: a node starts from it while the
//! database is down, and notices by it that the database went back.
//!
//! The file is a line of JSON in the clear (what it takes to get at the keyring: the wrapped keys),
//! then sealed records, each behind its length in four bytes: the census, pages of rows in the
//! order of the database, and an end. Every record is bound to its place in this one file.

mod reader;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};

use ironward_secret::Place;
use serde::{Deserialize, Serialize};

use crate::store::WrappedKey;

pub use reader::{Earlier, Snapshot};
pub use writer::SnapshotWriter;
pub(crate) use writer::remove_unfinished;

/// Its name in the data directory.
pub const FILE: &str = "snapshot.sealed";

/// Why there is no snapshot to be had.
#[derive(Debug)]
pub enum SnapshotError {
    /// There is none.
    Missing(PathBuf),
    /// The file cannot be read or written.
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: Box<str>,
    },
    /// It is cut short, damaged, of another installation, or under a key that is gone.
    Unreadable(PathBuf),
    /// The keyring has no randomness to seal with.
    Keyring,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(
                f,
                "there is no snapshot at {}: the database has to be up for the first start",
                path.display()
            ),
            Self::File { path, reason } => {
                write!(f, "snapshot {}: {reason}", path.display())
            }
            Self::Unreadable(path) => write!(
                f,
                "snapshot {} cannot be opened: it is damaged, or of another installation; remove \
                 it to start without it",
                path.display()
            ),
            Self::Keyring => f.write_str("no randomness to seal with: no snapshot is written"),
        }
    }
}

impl std::error::Error for SnapshotError {}

/// What is in the clear: the keys are wrapped, and the values sealed, by themselves.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Header {
    format: u32,
    installation: String,
    /// Random, of this one file.
    file: String,
    keys: Vec<HeaderKey>,
    /// The installation's sealed values by name, in base64.
    sealed: Vec<(String, String)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct HeaderKey {
    version: u32,
    kek: String,
    state: String,
    wrapped: String,
    made: u64,
}

const FORMAT: u32 = 1;

/// What a record is.
#[derive(Clone, Copy)]
enum Record {
    Census,
    Rows,
    End,
}

impl Header {
    /// What a record is sealed for: its kind and its place in this file of this installation.
    fn place(&self, record: Record, number: u64) -> Place<'_> {
        Place {
            tenant: &self.installation,
            table: "snapshot",
            row: &self.file,
            field: match record {
                Record::Census => "census",
                Record::Rows => "rows",
                Record::End => "end",
            },
            version: number,
        }
    }
}

fn file_error(path: &Path, error: &std::io::Error) -> SnapshotError {
    match error.kind() {
        std::io::ErrorKind::NotFound => SnapshotError::Missing(path.to_owned()),
        std::io::ErrorKind::UnexpectedEof => SnapshotError::Unreadable(path.to_owned()),
        _ => SnapshotError::File {
            path: path.to_owned(),
            reason: error.to_string().into(),
        },
    }
}
