//! Whether a journal is as it was signed, and where it is not.
//!
//! Trust goes down from the signature: the root makes the partial tiles good, each tile the tiles
//! below it, and the lowest ones the records. What is said twice (a record and its hash in a tile, a
//! tile and its root in the one above) tells which of the two was changed.

use std::fmt;
use std::io;

use crate::edge::Edge;
use crate::folder::Folder;
use crate::hash::Hash;
use crate::note::{Checkpoint, VerifierKey};
use crate::publish::edge_of;
use crate::tile::{Tile, WIDTH, levels, tiles_at};

mod bundles;
mod leftovers;
mod tails;
mod tiles;

#[cfg(test)]
mod tests;

/// How often a journal that is being written is read again.
const ATTEMPTS: usize = 5;

/// What to verify, and against what.
#[derive(Debug, Clone, Copy)]
pub struct Verifying<'a> {
    /// The journal.
    pub folder: &'a Folder,
    /// The key that signs it.
    pub key: &'a VerifierKey,
    /// A checkpoint that was kept elsewhere.
    pub kept: Option<&'a str>,
    /// The first record to read.
    pub from: u64,
    /// The last record to read; `None`: the last one there is.
    pub to: Option<u64>,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A record, by its number.
    Record(u64),
    /// Records, from the first to before the last number.
    Records(u64, u64),
    /// A tile or another file of the folder.
    File(String),
    /// The checkpoint.
    Checkpoint,
    /// The checkpoint that was kept elsewhere.
    KeptCheckpoint,
}

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// It is not what was signed.
    Edited,
    /// It is not there.
    Missing,
    /// It stands where another one belongs.
    Reordered,
    /// It is older than what is known of the journal.
    RolledBack,
    /// It was not written to its end: a crash leaves that, and the next start cuts it off.
    Torn,
    /// It is not the journal's.
    Foreign,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// With what.
    pub subject: Subject,
    /// What.
    pub wrong: Wrong,
    /// More about it.
    pub detail: String,
}

/// What was verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many records the checkpoint covers.
    pub size: u64,
    /// How many of them were read.
    pub read: u64,
    /// How many more the tails hold that are signed.
    pub in_tails: u64,
    /// How many come after these, which only the gateway can tell from others: it signs them within
    /// 100 ms, or at its next start.
    pub unsigned: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// Verifies a journal. One that is written meanwhile is read again.
///
/// # Errors
/// When a file cannot be read.
pub fn verify(what: &Verifying<'_>) -> io::Result<Report> {
    let look = || verify_once(what, what.folder.read_checkpoint()?.as_deref());
    let mut report = look()?;
    for _ in 1..ATTEMPTS {
        if report.findings.is_empty() {
            break;
        }
        // What is wrong is so at the next look; what was just being written is not.
        let again = look()?;
        let is_same = again == report;
        let before = std::mem::replace(&mut report, again).findings;
        report.findings.retain(|finding| before.contains(finding));
        if is_same {
            break;
        }
    }
    report.findings.sort();
    report.findings.dedup();
    Ok(report)
}

fn verify_once(what: &Verifying<'_>, note: Option<&str>) -> io::Result<Report> {
    let mut check = Check {
        what: *what,
        report: Report::default(),
    };
    check.check_key()?;
    let checkpoint = match note {
        Some(note) => what
            .key
            .open(note)
            .map_err(|error| (Wrong::Edited, error.to_string())),
        None => Err((Wrong::Missing, "there is no checkpoint".to_owned())),
    };
    match checkpoint {
        Ok(checkpoint) => check.check_all(&checkpoint)?,
        Err((wrong, detail)) => check.find(Subject::Checkpoint, wrong, detail),
    }
    Ok(check.report)
}

struct Check<'a> {
    what: Verifying<'a>,
    report: Report,
}

impl Check<'_> {
    fn find(&mut self, subject: Subject, wrong: Wrong, detail: impl Into<String>) {
        self.report.findings.push(Finding {
            subject,
            wrong,
            detail: detail.into(),
        });
    }

    fn check_key(&mut self) -> io::Result<()> {
        let subject = Subject::File("key".to_owned());
        let expected = format!("{}\n", self.what.key);
        match self.what.folder.read_key()? {
            Some(found) if found == expected => {}
            Some(_) => self.find(subject, Wrong::Edited, "not the key that verifies"),
            None => self.find(subject, Wrong::Missing, "the key is not there"),
        }
        Ok(())
    }

    fn check_all(&mut self, checkpoint: &Checkpoint) -> io::Result<()> {
        self.report.size = checkpoint.size;
        let open = self.open_tiles(checkpoint)?;
        let edge = edge_of(checkpoint.size, &open);
        for (level, hashes) in (0_u8..).zip(&open) {
            let (index, width) = tiles_at(level, checkpoint.size);
            if width > 0 {
                self.descend(
                    Tile {
                        level,
                        index,
                        width,
                    },
                    hashes,
                )?;
            }
        }
        self.check_kept(checkpoint, &open)?;
        let edge = edge.filter(|edge| edge.root() == checkpoint.root);
        let end = self.check_tails(checkpoint.size, edge)?;
        self.check_leftovers(checkpoint.size, end)
    }

    /// What is below a good tile.
    fn descend(&mut self, tile: Tile, hashes: &[Hash]) -> io::Result<()> {
        let span = span(tile.level);
        let first = tile.index * WIDTH;
        for (child, hash) in (first..).zip(hashes) {
            if !self.reads(child.saturating_mul(span), (child + 1).saturating_mul(span)) {
                continue;
            }
            if tile.level > 0 {
                let below = Tile {
                    level: tile.level - 1,
                    index: child,
                    width: 256,
                };
                match self.full_tile(below, hash, hashes)? {
                    Some(good) => self.descend(below, &good)?,
                    None => self.lose(below),
                }
            }
        }
        if tile.level == 0 {
            self.check_bundle(tile, hashes)?;
        }
        Ok(())
    }

    /// Whether any of these records is to be read.
    fn reads(&self, start: u64, end: u64) -> bool {
        end > self.what.from && self.what.to.is_none_or(|to| start <= to)
    }

    /// Nothing good is known of what is below a tile.
    fn lose(&mut self, tile: Tile) {
        let span = span(tile.level).saturating_mul(WIDTH);
        let start = tile.index.saturating_mul(span);
        let end = start.saturating_add(span).min(self.report.size);
        let detail = format!(
            "{} and what it was made of are not what was signed",
            tile.path()
        );
        self.find(Subject::Records(start, end), Wrong::Edited, detail);
    }

    /// A checkpoint that was kept has to be of a part of this journal.
    fn check_kept(&mut self, checkpoint: &Checkpoint, open: &[Vec<Hash>]) -> io::Result<()> {
        let Some(note) = self.what.kept else {
            return Ok(());
        };
        let kept = match self.what.key.open(note) {
            Ok(kept) => kept,
            Err(error) => {
                self.find(Subject::KeptCheckpoint, Wrong::Edited, error.to_string());
                return Ok(());
            }
        };
        if kept.size > checkpoint.size {
            let detail = format!(
                "it covers {} records, one that was kept {}: records {} to {} are gone",
                checkpoint.size,
                kept.size,
                checkpoint.size,
                kept.size - 1
            );
            self.find(Subject::Checkpoint, Wrong::RolledBack, detail);
            return Ok(());
        }
        let root = if kept.size == checkpoint.size {
            Some(checkpoint.root)
        } else {
            self.edge_at(kept.size, checkpoint, open)?
                .map(|edge| edge.root())
        };
        if root != Some(kept.root) {
            let detail = format!(
                "the first {} records are not those of the checkpoint that was kept",
                kept.size
            );
            self.find(Subject::Records(0, kept.size), Wrong::Edited, detail);
        }
        Ok(())
    }

    /// The edge of the tree at an earlier size.
    fn edge_at(
        &self,
        size: u64,
        checkpoint: &Checkpoint,
        open: &[Vec<Hash>],
    ) -> io::Result<Option<Edge>> {
        let mut cut = Vec::new();
        for level in 0..levels(size) {
            let (index, width) = tiles_at(level, size);
            let (now, _) = tiles_at(level, checkpoint.size);
            let hashes = if index < now {
                self.read_hashes(Tile {
                    level,
                    index,
                    width: 256,
                })?
            } else {
                open.get(usize::from(level)).cloned()
            };
            let Some(mut hashes) = hashes.filter(|hashes| hashes.len() >= width.into()) else {
                return Ok(None);
            };
            hashes.truncate(width.into());
            cut.push(hashes);
        }
        Ok(edge_of(size, &cut))
    }
}

/// How many records a hash of this level stands for.
fn span(level: u8) -> u64 {
    1_u64.checked_shl(8 * u32::from(level)).unwrap_or(u64::MAX)
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(index) => write!(f, "record {index}"),
            Self::Records(start, end) if end.saturating_sub(*start) <= 1 => {
                write!(f, "record {start}")
            }
            Self::Records(start, end) => write!(f, "records {start} to {}", end - 1),
            Self::File(name) => f.write_str(name),
            Self::Checkpoint => f.write_str("checkpoint"),
            Self::KeptCheckpoint => f.write_str("the checkpoint that was kept"),
        }
    }
}

impl Wrong {
    /// In a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Missing => "missing",
            Self::Reordered => "reordered",
            Self::RolledBack => "rolled back",
            Self::Torn => "torn",
            Self::Foreign => "foreign",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            subject,
            wrong,
            detail,
        } = self;
        write!(f, "{subject}: {}: {detail}", wrong.as_str())
    }
}
