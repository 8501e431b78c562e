use std::collections::HashMap;

use ironward_secret::Keyring;
use tokio::task::JoinHandle;

use super::packed::unpack;
use super::{Store, int};
use crate::census::Census;
use crate::database::{Access, Transaction, Value};
use crate::error::{LoadError, StoreError};
use crate::row::{Index, Row, Stored};
use crate::snapshot::{Earlier, SnapshotError, SnapshotWriter};
use crate::sql;
use crate::tampering::{Tampering, Wrong};

/// What loading found besides the objects.
#[derive(Debug)]
pub struct Load {
    /// The rows that are not used, and why. They are in the log already.
    pub tampering: Vec<Tampering>,
    /// How many rows are used, tombstones among them.
    pub rows: u64,
    pub(crate) census: Census,
    /// The marks of the rows that are not used, by kind and id.
    pub(crate) refused: HashMap<(Box<str>, Box<[u8]>), u128>,
}

/// Where a page starts: after this kind and id.
pub(super) type Cursor = (String, Vec<u8>);

impl Store {
    /// Reads and verifies every row, page by page, of one state of the database; `each` gets those
    /// that are used. `earlier` is the snapshot that no row may be older than; `snapshot` takes
    /// the rows down for the next start. What `each` got is void when this fails.
    ///
    /// # Errors
    /// When rows are missing, were rolled back or added, or the database cannot be used.
    pub async fn load_all(
        &self,
        mut earlier: Option<Earlier>,
        mut snapshot: Option<SnapshotWriter>,
        each: &mut (dyn FnMut(Stored) + Send),
    ) -> Result<Load, LoadError> {
        let seen = self.seen();
        let mut transaction = self.begin(Access::Read).await?;
        let sealed = transaction
            .first(sql::CENSUS, &[], |row| row.bytes(0))
            .await?;
        let census = self.open_census(sealed.as_ref())?;
        let census = census.ok_or(LoadError::Census {
            expected: None,
            found: 0,
        })?;
        if let Some(snapshot) = earlier.as_ref().map(Earlier::seq)
            && census.seq < snapshot
        {
            return Err(LoadError::RolledBack {
                snapshot,
                found: census.seq,
            });
        }
        give_up(&mut snapshot, |snapshot| snapshot.begin(&census));
        let mut tally = Tally::new(census);
        let mut take = |verified: Vec<Verified>| -> Result<(), SnapshotError> {
            for (row, stored) in verified {
                let older = earlier
                    .as_mut()
                    .map(|earlier| earlier.pass(&row))
                    .transpose()?;
                let older = older.unwrap_or_default();
                tally.report(older.missing);
                let stored = stored.and_then(|stored| refuse_older(stored, &row, older.later));
                let Some(stored) = tally.count(self, &row, stored) else {
                    continue;
                };
                give_up(&mut snapshot, |snapshot| snapshot.row(&row));
                each(stored);
            }
            Ok(())
        };
        let mut read = page(&mut transaction, &Cursor::default()).await?;
        let mut last = None;
        while let Some((end, _)) = read.last() {
            let cursor = (end.kind.clone(), end.id.clone());
            let keys = self.keys();
            // One at a time, so that no more than three pages are held.
            let before = verified(last.take()).await?;
            let verify = move || verify(read, &keys, census.key);
            last = Some(tokio::task::spawn_blocking(verify));
            // One page is read and another verified while the one before is taken. The database is
            // asked first: it works while this thread does.
            let (next, taken) = tokio::join!(
                biased;
                page(&mut transaction, &cursor),
                async { take(before) },
            );
            taken?;
            read = next?;
        }
        take(verified(last).await?)?;
        if let Some(earlier) = earlier {
            tally.report(earlier.rest()?);
        }
        let load = tally.end()?;
        if load.census.seq < seen {
            return Err(LoadError::Census {
                expected: Some(load.census.count),
                found: load.rows,
            });
        }
        self.saw(load.census.seq);
        if let Some(Err(error)) = snapshot.map(SnapshotWriter::end) {
            tracing::error!("snapshot not written: {error}");
        }
        Ok(load)
    }
}

type Verified = (Row, Result<Stored, Tampering>);

/// A page that another thread verifies.
async fn verified(page: Option<JoinHandle<Vec<Verified>>>) -> Result<Vec<Verified>, StoreError> {
    let Some(page) = page else {
        return Ok(Vec::new());
    };
    let verified = page.await;
    verified.map_err(|_| StoreError::Failed("no thread to verify".into()))
}

fn verify(page: Vec<(Row, Index)>, keys: &Keyring, census_key: u32) -> Vec<Verified> {
    let rows = page.into_iter().map(|(row, index)| {
        let verified = row.verify(keys, census_key, Some(&index));
        (row, verified)
    });
    rows.collect()
}

fn refuse_older(stored: Stored, row: &Row, later: Option<u64>) -> Result<Stored, Tampering> {
    let Some(snapshot) = later else {
        return Ok(stored);
    };
    let found = stored.version;
    Err(Tampering::new(
        &row.kind,
        &row.id,
        Wrong::RolledBack { snapshot, found },
    ))
}

/// A snapshot that cannot be written does not keep the rows from being used.
fn give_up(
    snapshot: &mut Option<SnapshotWriter>,
    write: impl FnOnce(&mut SnapshotWriter) -> Result<(), SnapshotError>,
) {
    if let Some(Err(error)) = snapshot.as_mut().map(write) {
        tracing::error!("snapshot not written: {error}");
        *snapshot = None;
    }
}

/// The rows after `cursor`, each with its part of the index.
pub(super) async fn page(
    transaction: &mut Transaction,
    cursor: &Cursor,
) -> Result<Vec<(Row, Index)>, StoreError> {
    let (kind, id) = cursor;
    let after = [Value::Text(kind), Value::Bytes(id)];
    let [after_kind, after_id] = after;
    let limit = |rows: u64| Value::Int(int(rows));
    if !transaction.is_postgres() {
        let values = [after_kind, after_id, limit(PACKED)];
        let packed = transaction.first(sql::PACKED_PAGE, &values, |row| row.bytes(0));
        let rows = unpack(&packed.await?.unwrap_or_default());
        return rows.ok_or_else(|| StoreError::Failed("a page of rows cannot be read".into()));
    }
    let limit = limit(PAGE);
    let rows = transaction
        .fetch(sql::PAGE, &[after_kind, after_id, limit], Row::read)
        .await?;
    let Some(last) = rows.last() else {
        return Ok(Vec::new());
    };
    let span = [
        after_kind,
        after_id,
        Value::Text(&last.kind),
        Value::Bytes(&last.id),
    ];
    let index = transaction
        .fetch(sql::PAGE_INDEX, &span, |row| {
            Ok(((row.text(0)?, row.bytes(1)?), (row.text(2)?, row.bytes(3)?)))
        })
        .await?;
    let mut index = index.into_iter().peekable();
    let with_index = rows.into_iter().map(|row| {
        let mut own = Index::new();
        while let Some((_, entry)) =
            index.next_if(|((kind, id), _)| *kind == row.kind && *id == row.id)
        {
            own.push(entry);
        }
        (row, own)
    });
    Ok(with_index.collect())
}

/// How many rows are read at a time.
const PAGE: u64 = 1_000;
/// The same where they are packed: with the longest of bodies they still are one value.
const PACKED: u64 = 200;

/// What the rows add up to.
struct Tally {
    load: Load,
    found: Census,
    last: Cursor,
}

impl Tally {
    fn new(census: Census) -> Self {
        Self {
            load: Load {
                tampering: Vec::new(),
                rows: 0,
                census,
                refused: HashMap::new(),
            },
            found: Census::empty(census.key),
            last: Cursor::default(),
        }
    }

    fn report(&mut self, found: Vec<Tampering>) {
        for tampering in found {
            tampering.log();
            self.load.tampering.push(tampering);
        }
    }

    fn count(
        &mut self,
        store: &Store,
        row: &Row,
        verified: Result<Stored, Tampering>,
    ) -> Option<Stored> {
        let place = (row.kind.clone(), row.id.clone());
        let verified = if place == self.last {
            Err(Tampering::new(&row.kind, &row.id, Wrong::Duplicate))
        } else {
            verified
        };
        self.last = place;
        match verified {
            Ok(stored) => {
                self.found.replace(None, stored.mark);
                self.load.rows += 1;
                Some(stored)
            }
            Err(tampering) => {
                self.report(vec![tampering]);
                let place = (row.kind.as_str().into(), row.id.as_slice().into());
                let mark = row.mark(&store.keys(), self.found.key).unwrap_or_default();
                self.load.refused.insert(place, mark);
                None
            }
        }
    }

    /// Compares with the census. A refused row is either one that the census tells of, edited, or
    /// one that was added: what is missing from the sum has to be some of the refused rows.
    fn end(self) -> Result<Load, LoadError> {
        let Load {
            census, refused, ..
        } = &self.load;
        let marks: Vec<u128> = refused.values().copied().collect();
        let sum = census.sum.wrapping_sub(self.found.sum);
        let is_explained = census
            .count
            .checked_sub(self.found.count)
            .is_some_and(|count| is_made_of(&marks, count, sum));
        if is_explained {
            Ok(self.load)
        } else {
            Err(LoadError::Census {
                expected: Some(census.count),
                found: self.load.rows,
            })
        }
    }
}

/// Whether `count` of `marks` add up to `sum`. With more marks than can be tried out, only all and
/// none are.
fn is_made_of(marks: &[u128], count: u64, sum: u128) -> bool {
    const MOST: usize = 16;
    let add = |chosen: u32| {
        let marks = marks.iter().enumerate();
        let chosen = marks.filter(|(bit, _)| chosen & (1 << bit) != 0);
        chosen.fold((0, 0_u128), |(count, sum), (_, mark)| {
            (count + 1, sum.wrapping_add(*mark))
        })
    };
    if marks.len() <= MOST {
        return (0..1_u32 << marks.len()).any(|chosen| add(chosen) == (count, sum));
    }
    let all = marks
        .iter()
        .fold(0_u128, |sum, mark| sum.wrapping_add(*mark));
    (count, sum) == (0, 0) || (count, sum) == (marks.len() as u64, all)
}
