use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ironward_secret::{Keyring, Purpose};

use super::{FORMAT, Header, Record, SnapshotError, WrappedKey, file_error};
use crate::census::Census;
use crate::row::{Encoded, Row, Stored};
use crate::seal;
use crate::tampering::{Tampering, Wrong};

/// A snapshot whose keyring is still to be made.
pub struct Snapshot {
    path: PathBuf,
    file: BufReader<Whole>,
    header: Header,
}

/// A file that is read from its beginning, whoever else reads it.
struct Whole {
    file: Arc<File>,
    position: u64,
}

/// A snapshot being read, row by row.
pub struct Earlier {
    path: PathBuf,
    file: BufReader<Whole>,
    header: Header,
    keys: Arc<Keyring>,
    census: Census,
    records: u64,
    rows: u64,
    /// The rows of one record, of which those before `at` have been read.
    page: Vec<u8>,
    at: usize,
    has_ended: bool,
}

/// What the snapshot says about a row of the database.
#[derive(Default)]
pub(crate) struct Older {
    /// Rows before it that the database lacks.
    pub(crate) missing: Vec<Tampering>,
    /// The version in the snapshot, where it is a later one.
    pub(crate) later: Option<u64>,
}

/// No header gets this long: it holds a few hundred bytes for each data key.
const MAX_HEADER: u64 = 1 << 20;
/// No record gets this long: one row may start below the usual length.
const MAX_RECORD: usize = 16 << 20;

impl Snapshot {
    /// Opens the file and reads what is in the clear.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, SnapshotError> {
        let file = File::open(path).map_err(|error| file_error(path, &error))?;
        Self::read(path, Arc::new(file))
    }

    fn read(path: &Path, file: Arc<File>) -> Result<Self, SnapshotError> {
        let failed = |error: io::Error| file_error(path, &error);
        let mut file = BufReader::new(Whole { file, position: 0 });
        let mut line = Vec::new();
        let mut head = (&mut file).take(MAX_HEADER);
        head.read_until(b'\n', &mut line).map_err(failed)?;
        let header = serde_json::from_slice::<Header>(&line).ok();
        let header = header.filter(|header| header.format == FORMAT);
        Ok(Self {
            header: header.ok_or_else(|| SnapshotError::Unreadable(path.to_owned()))?,
            path: path.to_owned(),
            file,
        })
    }

    /// The id of the installation that wrote it.
    #[must_use]
    pub fn installation(&self) -> &str {
        &self.header.installation
    }

    /// The wrapped data keys.
    #[must_use]
    pub fn wrapped_keys(&self) -> Vec<WrappedKey> {
        let keys = self.header.keys.iter().map(|key| WrappedKey {
            version: key.version,
            kek: key.kek.clone(),
            state: key.state.clone(),
            wrapped: STANDARD.decode(&key.wrapped).unwrap_or_default(),
            made: key.made,
        });
        keys.collect()
    }

    /// The installation's sealed values by name.
    #[must_use]
    pub fn sealed_values(&self) -> Vec<(String, Vec<u8>)> {
        let values = self.header.sealed.iter();
        let values =
            values.map(|(name, value)| (name.clone(), STANDARD.decode(value).unwrap_or_default()));
        values.collect()
    }

    /// Takes the keyring and opens the first record.
    ///
    /// # Errors
    /// When the record cannot be opened with it.
    pub fn unlock(self, keys: Arc<Keyring>) -> Result<Earlier, SnapshotError> {
        let mut earlier = Earlier {
            path: self.path,
            file: self.file,
            header: self.header,
            keys,
            census: Census::default(),
            records: 0,
            rows: 0,
            page: Vec::new(),
            at: 0,
            has_ended: false,
        };
        let sealed = earlier.record()?;
        let census = earlier
            .open(Record::Census, &sealed)
            .and_then(|plain| Census::decode(&plain));
        earlier.census = census.ok_or_else(|| earlier.unreadable())?;
        earlier.records = 1;
        Ok(earlier)
    }
}

impl Earlier {
    /// The last change that it knows.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.census.seq
    }

    pub(crate) const fn census(&self) -> Census {
        self.census
    }

    /// The next object; `None` after the last.
    ///
    /// # Errors
    /// When the file is damaged or cut short.
    pub fn next_object(&mut self) -> Result<Option<Stored>, SnapshotError> {
        let Some((row, next)) = self.peek()? else {
            return Ok(None);
        };
        let row = row.row();
        self.pass_to(next);
        let stored = row.verify(&self.keys, self.census.key, None);
        stored.map(Some).map_err(|_| self.unreadable())
    }

    /// The next objects, `most` at most; none after the last.
    ///
    /// # Errors
    /// As [`Self::next_object`].
    pub(crate) fn next_objects(&mut self, most: usize) -> Result<Vec<Stored>, SnapshotError> {
        let mut objects = Vec::with_capacity(most);
        while objects.len() < most
            && let Some(object) = self.next_object()?
        {
            objects.push(object);
        }
        Ok(objects)
    }

    /// The same snapshot from its beginning, although another one may have taken its place.
    pub(crate) fn again(&self) -> Result<Self, SnapshotError> {
        let file = Arc::clone(&self.file.get_ref().file);
        Snapshot::read(&self.path, file)?.unlock(Arc::clone(&self.keys))
    }

    /// Goes on to `row` of the database: both are in the same order.
    pub(crate) fn pass(&mut self, row: &Row) -> Result<Older, SnapshotError> {
        let place = (row.kind.as_str(), row.id.as_slice());
        let mut older = Older::default();
        while let Some((own, next)) = self.peek()? {
            let order = (own.kind, own.id).cmp(&place);
            match order {
                Ordering::Less => older.missing.push(missing(&own)),
                Ordering::Equal => {
                    let is_later = (own.version, own.seq) > (row.version, row.seq);
                    older.later = is_later.then(|| own.version.unsigned_abs());
                }
                Ordering::Greater => break,
            }
            self.pass_to(next);
            if order == Ordering::Equal {
                break;
            }
        }
        Ok(older)
    }

    /// The rows after the last one of the database.
    pub(crate) fn rest(mut self) -> Result<Vec<Tampering>, SnapshotError> {
        let mut rest = Vec::new();
        while let Some((own, next)) = self.peek()? {
            rest.push(missing(&own));
            self.pass_to(next);
        }
        Ok(rest)
    }

    /// The next row where it stands, and where the one after it begins; `None` after the last.
    fn peek(&mut self) -> Result<Option<(Encoded<'_>, usize)>, SnapshotError> {
        self.fill()?;
        let mut rest = self.page.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let row = Encoded::read(&mut rest);
        let next = self.page.len() - rest.len();
        row.map(|row| Some((row, next)))
            .ok_or_else(|| SnapshotError::Unreadable(self.path.clone()))
    }

    fn pass_to(&mut self, next: usize) {
        self.at = next;
        self.rows += 1;
    }

    /// Opens the next record of rows where the last one has been read.
    fn fill(&mut self) -> Result<(), SnapshotError> {
        while self.at == self.page.len() && !self.has_ended {
            let sealed = self.record()?;
            if let Some(rows) = self.open(Record::Rows, &sealed) {
                self.page = rows;
                self.at = 0;
            } else {
                let end = self.open(Record::End, &sealed);
                let is_whole = end.is_some_and(|rows| rows == self.rows.to_be_bytes());
                if !is_whole {
                    return Err(self.unreadable());
                }
                self.has_ended = true;
            }
            self.records += 1;
        }
        Ok(())
    }

    fn record(&mut self) -> Result<Vec<u8>, SnapshotError> {
        let mut length = [0; 4];
        let read = self.file.read_exact(&mut length);
        read.map_err(|error| file_error(&self.path, &error))?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > MAX_RECORD {
            return Err(self.unreadable());
        }
        let mut sealed = vec![0; length];
        let read = self.file.read_exact(&mut sealed);
        read.map_err(|error| file_error(&self.path, &error))?;
        Ok(sealed)
    }

    fn open(&self, record: Record, sealed: &[u8]) -> Option<Vec<u8>> {
        let place = self.header.place(record, self.records);
        seal::open(&self.keys, Purpose::Snapshot, &place, sealed)
    }

    fn unreadable(&self) -> SnapshotError {
        SnapshotError::Unreadable(self.path.clone())
    }
}

impl Read for Whole {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

fn missing(row: &Encoded<'_>) -> Tampering {
    let snapshot = row.version.unsigned_abs();
    Tampering::new(row.kind, row.id, Wrong::Missing { snapshot })
}
