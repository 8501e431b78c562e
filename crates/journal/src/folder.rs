use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::writer::Place;

/// Where the public key lies.
const KEY: &str = "key";
/// Where the newest checkpoint lies, as the tiles' specification wants it.
const CHECKPOINT: &str = "checkpoint";
/// Where the tails lie.
const TAILS: &str = "tail";
/// Where lies what was cut off.
const TORN: &str = "torn";
/// What a file is called until it is whole.
const PART: &str = "part";

/// The folder of a journal.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The journal of a data directory.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join("journal"),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it, when it is not there.
    pub(crate) fn create(&self) -> io::Result<()> {
        for path in [self.path.clone(), self.path.join(TAILS)] {
            make(&path)?;
        }
        Ok(())
    }

    /// The file that says who writes here; whoever holds its lock is the one.
    pub(crate) fn lock(&self) -> io::Result<File> {
        let path = self.path.join("lock");
        drop(open_new().create(true).open(&path)?);
        // Nothing is kept open for writing.
        let file = File::open(path)?;
        file.try_lock()?;
        Ok(file)
    }

    pub(crate) fn read_key(&self) -> io::Result<Option<String>> {
        self.read_text(KEY)
    }

    pub(crate) fn write_key(&self, key: &str) -> io::Result<()> {
        self.replace(KEY, format!("{key}\n").as_bytes()).map(drop)
    }

    pub(crate) fn read_checkpoint(&self) -> io::Result<Option<String>> {
        self.read_text(CHECKPOINT)
    }

    pub(crate) fn write_checkpoint(&self, note: &str) -> io::Result<()> {
        self.replace(CHECKPOINT, note.as_bytes()).map(drop)
    }

    /// What is no text any more is no key and no checkpoint either.
    fn read_text(&self, name: &str) -> io::Result<Option<String>> {
        let bytes = self.read(name)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Reads a file of the folder; `None` when it is not there.
    pub(crate) fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        absent_is_none(fs::read(self.path.join(name)))
    }

    /// Puts a file in place whole and on the disk, or not at all; where it ends.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<Place> {
        let path = self.path.join(name);
        let parent = path.parent().unwrap_or(&self.path);
        self.make_parent(parent)?;
        let part = path.with_extension(PART);
        let mut file = open_new().create(true).truncate(true).open(&part)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        let inode = file.metadata()?.ino();
        fs::rename(&part, &path)?;
        sync_directory(parent)?;
        let offset = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(Place { inode, offset })
    }

    /// Writes a file to which nothing refers yet: whoever begins to refer to it has waited for the disk
    /// before, with [`Self::settle`].
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path.join(name);
        let open = || open_new().create(true).truncate(true).open(&path);
        let mut file = match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make_parent(path.parent().unwrap_or(&self.path))?;
                open()?
            }
            opened => opened?,
        };
        file.write_all(bytes)
    }

    /// Waits until the disk has everything of its file system: for many files that is less than to wait for
    /// each.
    pub(crate) fn settle(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(&self.path)?)?)
    }

    fn make_parent(&self, parent: &Path) -> io::Result<()> {
        // Folders that somebody has taken away are not made anew: what was in them is gone.
        let is_known = parent == self.path || parent == self.path.join(TAILS);
        if !is_known && self.path.is_dir() {
            make(parent)?;
        }
        Ok(())
    }

    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        absent_is_none(fs::remove_file(self.path.join(name))).map(drop)
    }

    pub(crate) fn remove_directory(&self, name: &str) -> io::Result<()> {
        absent_is_none(fs::remove_dir_all(self.path.join(name))).map(drop)
    }

    /// The name of the tail that starts with this record.
    pub(crate) fn tail(first: u64) -> String {
        format!("{TAILS}/{first:020}")
    }

    /// The name of what was cut off a journal of this size, at this time.
    pub(crate) fn torn(size: u64, at: u64, part: usize) -> String {
        format!("{TORN}/{size:020}-{at}-{part}")
    }

    /// The first records of the tails, in order.
    pub(crate) fn tails(&self) -> io::Result<Vec<u64>> {
        let names = self.names(TAILS)?;
        let mut tails: Vec<u64> = names.iter().filter_map(|name| name.parse().ok()).collect();
        tails.sort_unstable();
        Ok(tails)
    }

    /// The names in a directory of the folder, in order; none when it is not there.
    pub(crate) fn names(&self, directory: &str) -> io::Result<Vec<String>> {
        let Some(entries) = absent_is_none(fs::read_dir(self.path.join(directory)))? else {
            return Ok(Vec::new());
        };
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<io::Result<Vec<String>>>()?;
        names.sort_unstable();
        Ok(names)
    }
}

fn open_new() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    path.parent().map_or(Ok(()), sync_directory)
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn absent_is_none<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
