use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::edge::Edge;
use crate::folder::Folder;
use crate::note::Signer;
use crate::publish::Handover;
use crate::tail::{RECORD, SIZE_AT, head, write_group};
use crate::tile::write_entry;

/// How long what was written waits for the disk, where nobody waits for it.
const SYNC_EVERY: Duration = Duration::from_millis(100);
/// How long a record waits for a checkpoint.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);
/// How many records a checkpoint waits for.
const CHECKPOINT_RECORDS: usize = 1000;

/// When a record counts as written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// Once the operating system has it: it outlives the process, and is on the disk 100 ms later.
    #[default]
    Process,
    /// Once the disk has it.
    Disk,
}

/// What tails are written to; tests bring one that fails.
pub(crate) trait Medium: Send {
    /// Writes at this place of a file, which has to be the one with this inode and to be so long at
    /// least, cuts off what was behind it, and says in its head how large the journal is now.
    fn write(&mut self, path: &Path, place: Place, bytes: &[u8], size: u64) -> io::Result<()>;
    /// Waits until the disk has all of it.
    fn sync(&mut self, path: &Path) -> io::Result<()>;
}

/// A place in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) inode: u64,
    pub(crate) offset: u64,
}

/// The disk itself. Files are opened anew for each write: what can no longer be opened, or was
/// replaced, would otherwise be written to for ever, and be gone.
pub(crate) struct Disk;

impl Medium for Disk {
    fn write(&mut self, path: &Path, place: Place, bytes: &[u8], size: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(path)?;
        let found = file.metadata()?;
        if found.ino() != place.inode || found.len() < place.offset {
            return Err(io::Error::other("somebody else has changed the file"));
        }
        if found.len() > place.offset {
            file.set_len(place.offset)?;
        }
        file.write_all_at(bytes, place.offset)?;
        file.write_all_at(&size.to_be_bytes(), SIZE_AT)
    }

    fn sync(&mut self, path: &Path) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.sync_data()
    }
}

/// Appends to the tail. It knows no thread: what is due when is for its owner to ask.
pub(crate) struct Writer {
    folder: Folder,
    signer: Arc<Signer>,
    medium: Box<dyn Medium>,
    durability: Durability,
    edge: Edge,
    /// The first record of the tail.
    first: u64,
    place: Place,
    /// The records of the tail: what takes to write it anew.
    records: Vec<Vec<u8>>,
    /// Since when a record waits for a checkpoint.
    waiting: Option<Instant>,
    /// Since when something waits for the disk.
    unsynced: Option<Instant>,
}

impl Writer {
    /// Starts a tail at the end of a tree with this edge.
    pub(crate) fn start(
        folder: Folder,
        signer: Arc<Signer>,
        medium: Box<dyn Medium>,
        durability: Durability,
        edge: Edge,
    ) -> io::Result<Self> {
        let mut writer = Self {
            folder,
            signer,
            medium,
            durability,
            first: edge.size(),
            edge,
            place: Place {
                inode: 0,
                offset: 0,
            },
            records: Vec::new(),
            waiting: None,
            unsynced: None,
        };
        writer.rewrite()?;
        Ok(writer)
    }

    /// Writes a group of records; the number of the first. What fails leaves nothing.
    pub(crate) fn commit(
        &mut self,
        records: Vec<Vec<u8>>,
        waits_for_disk: bool,
        now: Instant,
    ) -> io::Result<u64> {
        let first = self.edge.size();
        let mut edge = self.edge.clone();
        let mut bytes = Vec::new();
        write_group(&records, &mut edge, &self.signer, &mut bytes);
        let path = self.path();
        self.medium.write(&path, self.place, &bytes, edge.size())?;
        if waits_for_disk || self.durability == Durability::Disk {
            self.medium.sync(&path)?;
            self.unsynced = None;
        } else {
            self.unsynced.get_or_insert(now);
        }
        self.edge = edge;
        self.place.offset += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.records.extend(records);
        self.waiting.get_or_insert(now);
        Ok(first)
    }

    /// Writes the tail anew from memory, whatever became of the file.
    pub(crate) fn rewrite(&mut self) -> io::Result<()> {
        let name = Folder::tail(self.first);
        let mut bytes = head(self.first, self.edge.size());
        for record in &self.records {
            bytes.push(RECORD);
            write_entry(record, &mut bytes);
        }
        if !self.records.is_empty() {
            write_group(&[], &mut self.edge, &self.signer, &mut bytes);
        }
        self.folder.replace(&name, &bytes)?;
        let found = fs::metadata(self.path())?;
        self.place = Place {
            inode: found.ino(),
            offset: found.len(),
        };
        self.unsynced = None;
        Ok(())
    }

    /// Waits for the disk if something has waited for long enough.
    pub(crate) fn sync_if_due(&mut self, now: Instant) -> io::Result<()> {
        if self.sync_due().is_some_and(|due| now >= due) {
            self.sync()?;
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let path = self.path();
        self.medium.sync(&path)?;
        self.unsynced = None;
        Ok(())
    }

    /// Whether a checkpoint is due.
    pub(crate) fn is_checkpoint_due(&self, now: Instant) -> bool {
        self.records.len() >= CHECKPOINT_RECORDS
            || self.checkpoint_due().is_some_and(|due| now >= due)
    }

    /// Starts another tail, and hands over the records of this one; `None` when there are none.
    pub(crate) fn hand_over(&mut self) -> io::Result<Option<Handover>> {
        if self.records.is_empty() {
            return Ok(None);
        }
        self.sync()?;
        let handover = Handover {
            records: std::mem::take(&mut self.records),
            root: self.edge.root(),
        };
        let (first, place, waiting) = (self.first, self.place, self.waiting.take());
        self.first = self.edge.size();
        if let Err(error) = self.rewrite() {
            // As if nothing had been begun.
            (self.first, self.place, self.waiting) = (first, place, waiting);
            self.records = handover.records;
            return Err(error);
        }
        Ok(Some(handover))
    }

    /// How many records wait for a checkpoint.
    pub(crate) const fn backlog(&self) -> usize {
        self.records.len()
    }

    /// When the disk is due.
    pub(crate) fn sync_due(&self) -> Option<Instant> {
        self.unsynced.map(|since| since + SYNC_EVERY)
    }

    /// When a checkpoint is due, however few records wait for it.
    pub(crate) fn checkpoint_due(&self) -> Option<Instant> {
        self.waiting.map(|since| since + CHECKPOINT_EVERY)
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join(Folder::tail(self.first))
    }
}
