use std::io;

use crate::edge::root_of;
use crate::folder::Folder;
use crate::hash::{Hash, hash_node};
use crate::note::{Checkpoint, NoteError, VerifierKey};
use crate::proof::Proof;
use crate::tail::scan;
use crate::tile::{Bundle, Tile, WIDTH, read_bundle, read_tile, tiles_at};

/// A journal, to be read while a gateway may be writing to it.
pub struct Reader {
    folder: Folder,
    note: String,
    checkpoint: Checkpoint,
}

/// Why something cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file cannot be read.
    #[error("{name} cannot be read: {error}")]
    Io {
        /// Which one.
        name: String,
        /// Why.
        error: io::Error,
    },
    /// Something is not there.
    #[error("{0} is missing")]
    Missing(String),
    /// A file is not what it has to be.
    #[error("{0} is damaged; run: ironward journal verify")]
    Damaged(String),
    /// The checkpoint is not taken.
    #[error("the checkpoint is not taken: {0}")]
    Checkpoint(#[from] NoteError),
    /// There is no checkpoint over a record yet.
    #[error(
        "record {0} has no checkpoint yet: it gets one within a minute, or when the gateway ends"
    )]
    Uncovered(u64),
}

impl Reader {
    /// Reads the checkpoint of a journal; the key is that of the folder, or one that was kept.
    ///
    /// # Errors
    /// When there is none, or it was not signed by the key.
    pub fn open(folder: Folder, key: &VerifierKey) -> Result<Self, ReadError> {
        let note = folder
            .read_checkpoint()
            .map_err(|error| failed("checkpoint", error))?;
        let note = note.ok_or_else(|| ReadError::Missing("checkpoint".to_owned()))?;
        let checkpoint = key.open(&note)?;
        Ok(Self {
            folder,
            note,
            checkpoint,
        })
    }

    /// The key that lies in the folder: good against accidents, and no proof against who can write
    /// there.
    ///
    /// # Errors
    /// When there is none.
    pub fn key(folder: &Folder) -> Result<VerifierKey, ReadError> {
        let key = folder.read_key().map_err(|error| failed("key", error))?;
        let key = key.ok_or_else(|| ReadError::Missing("key".to_owned()))?;
        VerifierKey::parse(&key).map_err(|_| ReadError::Damaged("key".to_owned()))
    }

    /// How many records have a checkpoint.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The checkpoint, as it was signed.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }

    /// Shows every record from this number on, those of the tail as well, until `show` is false.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn each(
        &self,
        from: u64,
        mut show: impl FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), ReadError> {
        let mut next = from;
        while next < self.size() {
            let bundle = self.bundle(next / WIDTH)?;
            let bytes = self.read(&bundle.path())?;
            let records = read_bundle(&bytes);
            let records = records.ok_or_else(|| ReadError::Damaged(bundle.path()))?;
            let skipped = usize::try_from(next % WIDTH).unwrap_or_default();
            for record in records.iter().skip(skipped) {
                if !show(next, record) {
                    return Ok(());
                }
                next += 1;
            }
            if records.len() <= skipped {
                return Err(ReadError::Damaged(bundle.path()));
            }
        }
        self.each_of_tails(next, show)
    }

    fn each_of_tails(
        &self,
        mut next: u64,
        mut show: impl FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), ReadError> {
        let tails = self.folder.tails().map_err(|error| failed("tail", error))?;
        for first in tails {
            let name = Folder::tail(first);
            // One that is gone by now has a checkpoint.
            let bytes = self
                .folder
                .read(&name)
                .map_err(|error| failed(&name, error))?;
            let bytes = bytes.unwrap_or_default();
            let Some(scanned) = scan(&bytes) else {
                continue;
            };
            for (index, record) in (first..).zip(&scanned.records) {
                if index == next {
                    if !show(index, record) {
                        return Ok(());
                    }
                    next += 1;
                }
            }
        }
        Ok(())
    }

    /// The number of a record, by its number or its id, and the record.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<(u64, Vec<u8>)>, ReadError> {
        let mut found = None;
        // An id is longer than any number, and may be all digits.
        if let (true, Ok(index)) = (name.len() <= 20, name.parse::<u64>()) {
            self.each(index, |at, record| {
                found = (at == index).then(|| (at, record.to_vec()));
                false
            })?;
        } else {
            let wanted = format!("\"id\":\"{name}\"");
            self.each(0, |at, record| {
                let is_it = record
                    .windows(wanted.len())
                    .any(|window| window == wanted.as_bytes());
                // A caller's text cannot look like that: its quotes are escaped.
                found = is_it.then(|| (at, record.to_vec()));
                found.is_none()
            })?;
        }
        Ok(found)
    }

    /// The proof that a record is in the journal of the checkpoint.
    ///
    /// # Errors
    /// When it has no checkpoint yet, or a tile cannot be read.
    pub fn prove(&self, index: u64, record: Vec<u8>) -> Result<Proof, ReadError> {
        if index >= self.size() {
            return Err(ReadError::Uncovered(index));
        }
        let mut hashes = Vec::new();
        let (mut start, mut end) = (0, self.size());
        // RFC 6962, 2.1.1, from the root to the leaf.
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                hashes.push(self.root(middle, end)?);
                end = middle;
            } else {
                hashes.push(self.root(start, middle)?);
                start = middle;
            }
        }
        hashes.reverse();
        Ok(Proof {
            index,
            hashes,
            note: self.note.clone(),
            record,
        })
    }

    /// The root of the records from `start`, which is aligned to their number, to `end`.
    fn root(&self, start: u64, end: u64) -> Result<Hash, ReadError> {
        let count = end - start;
        if count.is_power_of_two() {
            let height = count.trailing_zeros();
            let level = u8::try_from(height / 8).unwrap_or(u8::MAX);
            let width = 1_usize << (height % 8);
            let first = start >> (8 * (height / 8));
            let hashes = self.tile(level, first / WIDTH)?;
            let at = usize::try_from(first % WIDTH).unwrap_or_default();
            let hashes = hashes.get(at..at + width);
            let hashes = hashes.ok_or_else(|| ReadError::Damaged(format!("level {level}")))?;
            return Ok(root_of(hashes));
        }
        let middle = start + split(count);
        Ok(hash_node(
            &self.root(start, middle)?,
            &self.root(middle, end)?,
        ))
    }

    fn tile(&self, level: u8, index: u64) -> Result<Vec<Hash>, ReadError> {
        let tile = Tile {
            level,
            index,
            width: width_of(level, index, self.size()),
        };
        let bytes = match self.read(&tile.path()) {
            // A partial tile goes when the full one is there.
            Err(ReadError::Missing(_)) => self.read(&Tile { width: 256, ..tile }.path())?,
            read => read?,
        };
        read_tile(&bytes).ok_or_else(|| ReadError::Damaged(tile.path()))
    }

    /// The bundle of this number that is there now.
    fn bundle(&self, index: u64) -> Result<Bundle, ReadError> {
        let bundle = Bundle {
            index,
            width: width_of(0, index, self.size()),
        };
        let full = Bundle { index, width: 256 };
        match self.read(&bundle.path()) {
            Err(ReadError::Missing(_)) => self.read(&full.path()).map(|_| full),
            read => read.map(|_| bundle),
        }
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, ReadError> {
        let read = self
            .folder
            .read(name)
            .map_err(|error| failed(name, error))?;
        read.ok_or_else(|| ReadError::Missing(name.to_owned()))
    }
}

/// The width of a tile of a tree of this size.
pub(crate) fn width_of(level: u8, index: u64, size: u64) -> u16 {
    let (full, partial) = tiles_at(level, size);
    if index < full { 256 } else { partial }
}

/// The largest power of two below a number of leaves: where their tree splits.
pub(crate) fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

fn failed(name: &str, error: io::Error) -> ReadError {
    ReadError::Io {
        name: name.to_owned(),
        error,
    }
}
