use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ironward_core::Random;
use ironward_secret::{Keyring, Purpose};

use super::{FORMAT, Header, HeaderKey, Record, SnapshotError, WrappedKey, file_error};
use crate::census::Census;
use crate::row::Row;
use crate::seal::seal;

/// Writes a snapshot beside the old one and puts it in its place when it is complete; what is not
/// completed is removed.
pub struct SnapshotWriter {
    path: PathBuf,
    /// The file that is written, which no other writer has, in this process or another.
    beside: PathBuf,
    file: BufWriter<File>,
    keys: Arc<Keyring>,
    random: Arc<dyn Random>,
    header: Header,
    pending: Vec<u8>,
    records: u64,
    rows: u64,
}

/// How long a record gets before it is sealed.
const RECORD: usize = 256 << 10;

impl SnapshotWriter {
    /// Starts the file. `wrapped` and `sealed` are what it takes to open it without the database.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(
        path: &Path,
        installation: &str,
        wrapped: &[WrappedKey],
        sealed: &[(String, Vec<u8>)],
        keys: Arc<Keyring>,
        random: Arc<dyn Random>,
    ) -> Result<Self, SnapshotError> {
        let mut name = [0; 16];
        random.fill(&mut name);
        let header = Header {
            format: FORMAT,
            installation: installation.to_owned(),
            file: format!("{:032x}", u128::from_be_bytes(name)),
            keys: wrapped.iter().map(header_key).collect(),
            sealed: sealed
                .iter()
                .map(|(name, value)| (name.clone(), STANDARD.encode(value)))
                .collect(),
        };
        let failed = |error: std::io::Error| file_error(path, &error);
        let beside = path.with_extension(format!("{}.{UNFINISHED}", header.file));
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)
            .map_err(failed)?;
        let line = serde_json::to_string(&header).unwrap_or_default();
        let mut writer = Self {
            path: path.to_owned(),
            beside,
            file: BufWriter::new(file),
            keys,
            random,
            header,
            pending: Vec::with_capacity(RECORD * 2),
            records: 0,
            rows: 0,
        };
        writeln!(writer.file, "{line}").map_err(failed)?;
        Ok(writer)
    }

    pub(crate) fn begin(&mut self, census: &Census) -> Result<(), SnapshotError> {
        self.record(Record::Census, &census.encode())
    }

    pub(crate) fn row(&mut self, row: &Row) -> Result<(), SnapshotError> {
        row.encode(&mut self.pending);
        self.rows += 1;
        if self.pending.len() >= RECORD {
            self.flush()?;
        }
        Ok(())
    }

    /// Ends the file, sees it onto the disk and puts it in the place of the old one.
    pub(crate) fn end(mut self) -> Result<(), SnapshotError> {
        self.flush()?;
        let rows = self.rows.to_be_bytes();
        self.record(Record::End, &rows)?;
        let path = self.path.clone();
        let failed = |error: std::io::Error| file_error(&path, &error);
        self.file.flush().map_err(failed)?;
        self.file.get_ref().sync_all().map_err(failed)?;
        std::fs::rename(&self.beside, &path).map_err(failed)?;
        let directory = path.parent().unwrap_or_else(|| Path::new("."));
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(failed)
    }

    fn flush(&mut self) -> Result<(), SnapshotError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        self.record(Record::Rows, &pending)?;
        self.pending = pending;
        self.pending.clear();
        Ok(())
    }

    fn record(&mut self, record: Record, plain: &[u8]) -> Result<(), SnapshotError> {
        let place = self.header.place(record, self.records);
        let sealed = seal(&self.keys, Purpose::Snapshot, &place, plain, &*self.random)
            .map_err(|_| SnapshotError::Keyring)?;
        let sealed = sealed.bytes();
        self.records += 1;
        let length = u32::try_from(sealed.len()).unwrap_or(u32::MAX);
        let written = self.file.write_all(&length.to_be_bytes());
        let written = written.and_then(|()| self.file.write_all(sealed));
        written.map_err(|error| file_error(&self.path, &error))
    }
}

fn header_key(key: &WrappedKey) -> HeaderKey {
    HeaderKey {
        version: key.version,
        kek: key.kek.clone(),
        state: key.state.clone(),
        wrapped: STANDARD.encode(&key.wrapped),
        made: key.made,
    }
}

impl Drop for SnapshotWriter {
    fn drop(&mut self) {
        // After the end there is none of this name.
        drop(std::fs::remove_file(&self.beside));
    }
}

/// Removes what writers left that were killed. One of another process that is still writing loses
/// its file by it, and says so.
pub(crate) fn remove_unfinished(path: &Path) {
    let Some((directory, own)) = path.parent().zip(path.file_stem()) else {
        return;
    };
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    let prefix = [own.as_encoded_bytes(), b"."].concat();
    let suffix = format!(".{UNFINISHED}");
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        // The name without one in the middle is that of earlier versions.
        if name.starts_with(&prefix) && name.ends_with(suffix.as_bytes()) {
            drop(std::fs::remove_file(entry.path()));
        }
    }
}

/// How the name of a file ends that is still being written.
const UNFINISHED: &str = "new";

#[cfg(test)]
mod tests {
    use ironward_secret::DataKey;
    use ironward_testkit::SeededRandom;
    use tempfile::TempDir;

    use super::*;
    use crate::snapshot::Snapshot;

    #[test]
    fn two_writers_at_once_each_write_a_file_of_their_own() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("snapshot.sealed");
        let keys = Keyring::new(1, DataKey::from_bytes(&[1; 32]).unwrap()).unwrap();
        let keys = Arc::new(keys);
        let random = Arc::new(SeededRandom::new(1));
        let create = || {
            let (keys, random) = (Arc::clone(&keys), Arc::clone(&random));
            SnapshotWriter::create(&path, "here", &[], &[], keys, random as _)
        };
        let census = Census {
            seq: 3,
            ..Census::default()
        };
        let mut first = create().unwrap();
        let mut second = create().unwrap();
        for writer in [&mut second, &mut first] {
            writer.begin(&census).unwrap();
        }
        for writer in [first, second] {
            writer.end().unwrap();
            let snapshot = Snapshot::open(&path).unwrap();
            let mut earlier = snapshot.unlock(Arc::clone(&keys)).unwrap();
            assert_eq!(earlier.seq(), 3);
            assert!(earlier.next_object().unwrap().is_none());
        }
    }
}
