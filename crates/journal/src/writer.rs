use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::edge::Edge;
use crate::folder::Folder;
use crate::note::Signer;
use crate::publish::Handover;
use crate::tail::{Kept, SIZE_AT, head, write_mark, write_seal};

/// How long what was written waits for a mark and for the disk, where nobody waits for them. Also how
/// long a tail is written to without a look whether it still lies where it is looked for.
const SYNC_EVERY: Duration = Duration::from_millis(100);
/// How long a record waits for a checkpoint.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);
/// How many records don't wait so long.
const CHECKPOINT_RECORDS: usize = 1000;
/// How long these wait: it keeps a checkpoint for each thousand from being most of the work.
const CHECKPOINT_PACE: Duration = Duration::from_secs(1);

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
    /// Opens the file of this name, which has to be the one with this inode and to be so long at least,
    /// and cuts off what is behind that.
    fn open(&mut self, path: &Path, place: Place) -> io::Result<()>;
    /// Writes at this place of it.
    fn write(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Waits until the disk has all of it, and closes it.
    fn sync(&mut self) -> io::Result<()>;
    /// Has the disk take all of it, and waits for nothing; closes it. Says what came of that the last time.
    fn sync_later(&mut self) -> io::Result<()>;
}

/// A place in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) inode: u64,
    pub(crate) offset: u64,
}

/// The disk itself.
#[derive(Default)]
pub(crate) struct Disk {
    file: Option<Arc<File>>,
    later: Option<Later>,
}

/// A thread that waits for the disk, so that records don't while nobody asked for that.
struct Later {
    files: SyncSender<Arc<File>>,
    failed: Arc<Mutex<Option<io::Error>>>,
}

impl Later {
    fn start() -> io::Result<Self> {
        let (files, received) = sync_channel::<Arc<File>>(1);
        let failed = Arc::<Mutex<Option<io::Error>>>::default();
        let failing = Arc::clone(&failed);
        let sync = move || {
            for file in received {
                if let Err(error) = file.sync_data() {
                    *failing.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            }
        };
        let name = "journal-disk".to_owned();
        thread::Builder::new().name(name).spawn(sync)?;
        Ok(Self { files, failed })
    }
}

impl Disk {
    fn file(&self) -> io::Result<&File> {
        let closed = || io::Error::other("no tail is open");
        self.file.as_deref().ok_or_else(closed)
    }
}

impl Medium for Disk {
    fn open(&mut self, path: &Path, place: Place) -> io::Result<()> {
        self.file = None;
        let file = OpenOptions::new().write(true).open(path)?;
        let found = file.metadata()?;
        if found.ino() != place.inode || found.len() < place.offset {
            return Err(io::Error::other("somebody else has changed the file"));
        }
        if found.len() > place.offset {
            file.set_len(place.offset)?;
        }
        self.file = Some(Arc::new(file));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file()?.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file()?.sync_data()?;
        // Nothing is kept open for writing while nothing is written.
        self.file = None;
        Ok(())
    }

    fn sync_later(&mut self) -> io::Result<()> {
        let file = self.file.take();
        if self.later.is_none() {
            self.later = Some(Later::start()?);
        }
        let (Some(later), Some(file)) = (&self.later, file) else {
            return Ok(());
        };
        let failed = &later.failed;
        if let Some(error) = failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error);
        }
        // One that waits for its turn will take what was written by then as well.
        let _waits = later.files.try_send(file);
        Ok(())
    }
}

/// How a group ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// With a seal.
    Seal,
    /// With a mark; the disk has it soon.
    Mark,
    /// With a mark, and the disk has it.
    Synced,
}

/// Appends to the tail. It knows no thread: what is due when is for its owner to ask.
pub(crate) struct Writer {
    folder: Folder,
    signer: Arc<Signer>,
    medium: Box<dyn Medium>,
    durability: Durability,
    edge: Edge,
    /// Where the tree grows before that counts.
    grown: Edge,
    /// The first record of the tail.
    first: u64,
    place: Place,
    kept: Kept,
    /// When the tail was opened by its name.
    opened: Option<Instant>,
    /// Since when a record waits for a checkpoint, and when the last one was begun.
    waiting: Option<Instant>,
    handed_over: Option<Instant>,
    /// Since when something waits for a mark and the disk.
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
            grown: edge.clone(),
            edge,
            place: Place {
                inode: 0,
                offset: 0,
            },
            kept: Kept::default(),
            opened: None,
            waiting: None,
            handed_over: None,
            unsynced: None,
        };
        writer.rewrite()?;
        Ok(writer)
    }

    /// Writes a group of records, each in its frame; how many there are with them. What fails leaves
    /// nothing.
    pub(crate) fn commit(
        &mut self,
        frames: &mut Vec<u8>,
        waits_for_disk: bool,
        now: Instant,
    ) -> io::Result<u64> {
        let before = self.kept.mark();
        self.grown.take_from(&self.edge);
        self.kept.add(frames, &mut self.grown);
        let records = frames.len();
        let ending = if waits_for_disk || self.durability == Durability::Disk {
            Ending::Synced
        } else {
            Ending::Seal
        };
        let outcome = self.write(frames, ending, now);
        frames.truncate(records);
        if let Err(error) = outcome {
            self.kept.go_back(before);
            return Err(error);
        }
        std::mem::swap(&mut self.edge, &mut self.grown);
        self.waiting.get_or_insert(now);
        Ok(self.edge.size())
    }

    /// Ends the group and writes it.
    fn write(&mut self, group: &mut Vec<u8>, ending: Ending, now: Instant) -> io::Result<()> {
        let is_marked = ending != Ending::Seal;
        if is_marked || self.opened.is_none_or(|opened| now >= opened + SYNC_EVERY) {
            // A file descriptor goes on working when the folder is gone.
            self.opened = None;
            self.medium.open(&self.path(), self.place)?;
            self.opened = Some(now);
        }
        if is_marked {
            write_mark(&self.grown, &self.signer, group);
        } else {
            write_seal(&self.grown, &self.signer, group);
        }
        self.medium.write(group, self.place.offset)?;
        if is_marked {
            let size = self.grown.size().to_be_bytes();
            self.medium.write(&size, SIZE_AT)?;
        }
        match ending {
            Ending::Seal => {
                self.unsynced.get_or_insert(now);
            }
            Ending::Mark => self.medium.sync_later()?,
            Ending::Synced => self.medium.sync()?,
        }
        if is_marked {
            self.opened = None;
            self.unsynced = None;
        }
        self.place.offset += u64::try_from(group.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Writes the tail anew from memory, whatever became of the file.
    pub(crate) fn rewrite(&mut self) -> io::Result<()> {
        let name = Folder::tail(self.first);
        let mut bytes = head(self.first, self.edge.size());
        bytes.extend_from_slice(self.kept.frames());
        if !self.kept.is_empty() {
            write_mark(&self.edge, &self.signer, &mut bytes);
        }
        self.place = self.folder.replace(&name, &bytes)?;
        self.opened = None;
        self.unsynced = None;
        Ok(())
    }

    /// Signs, and has the disk take it, if something has waited for that for long enough.
    pub(crate) fn sync_if_due(&mut self, now: Instant) -> io::Result<()> {
        if self.sync_due().is_some_and(|due| now >= due) {
            self.sign(Ending::Mark, now)?;
        }
        Ok(())
    }

    fn sign(&mut self, ending: Ending, now: Instant) -> io::Result<()> {
        self.grown.take_from(&self.edge);
        self.write(&mut Vec::new(), ending, now)
    }

    /// Whether a checkpoint is due.
    pub(crate) fn is_checkpoint_due(&self, now: Instant) -> bool {
        self.checkpoint_due().is_some_and(|due| now >= due)
    }

    /// Starts another tail, and hands over the records of this one; `None` when there are none. `spare`:
    /// memory for those of the next.
    pub(crate) fn hand_over(&mut self, spare: Kept, now: Instant) -> io::Result<Option<Handover>> {
        if self.kept.is_empty() {
            return Ok(None);
        }
        // The next tail is not to be there when this one is not.
        self.sign(Ending::Synced, now)?;
        let handover = Handover {
            kept: std::mem::replace(&mut self.kept, spare),
            root: self.edge.root(),
        };
        let (first, place, waiting) = (self.first, self.place, self.waiting.take());
        self.first = self.edge.size();
        if let Err(error) = self.rewrite() {
            // As if nothing had been begun.
            (self.first, self.place, self.waiting) = (first, place, waiting);
            self.kept = handover.kept;
            return Err(error);
        }
        self.handed_over = Some(now);
        Ok(Some(handover))
    }

    /// How many bytes of records wait for a checkpoint.
    pub(crate) fn backlog(&self) -> usize {
        self.kept.frames().len()
    }

    /// When the disk is due.
    pub(crate) fn sync_due(&self) -> Option<Instant> {
        self.unsynced.map(|since| since + SYNC_EVERY)
    }

    /// When a checkpoint is due.
    pub(crate) fn checkpoint_due(&self) -> Option<Instant> {
        let waiting = self.waiting?;
        if self.kept.len() < CHECKPOINT_RECORDS {
            return Some(waiting + CHECKPOINT_EVERY);
        }
        let paced = self.handed_over.map(|last| last + CHECKPOINT_PACE);
        Some(paced.map_or(waiting, |due| due.max(waiting)))
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join(Folder::tail(self.first))
    }
}
