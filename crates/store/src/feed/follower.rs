use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::census::Census;
use crate::directory::{Directory, DirectoryWriter};
use crate::objects::Kind;
use crate::row::Stored;
use crate::store::{ChangedRow, Load, Reading};

/// The pure part of the feed: it takes what was read and says what follows.
pub(super) struct Follower {
    writer: DirectoryWriter,
    census: Census,
    /// The census as it was read last.
    sealed: Vec<u8>,
    absent: Absent,
}

/// The marks of the rows that are not in the directory, tombstones and refused ones, by kind and
/// id.
type Absent = HashMap<(Box<str>, Box<[u8]>), u128>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing has changed.
    Same,
    /// The changes are in the directory, and the census agrees.
    Changed,
    /// The census was moved to a newer data key, so it cannot be compared with what is held:
    /// everything has to be verified anew.
    Rekeyed,
    /// The changes do not explain the census: everything has to be verified anew.
    Reload,
}

impl Follower {
    pub(super) fn new() -> Self {
        Self {
            writer: DirectoryWriter::new(),
            census: Census::default(),
            sealed: Vec::new(),
            absent: Absent::new(),
        }
    }

    pub(super) fn directory(&self) -> Arc<Directory> {
        self.writer.directory()
    }

    /// The census as it was read last, and the last change in the directory.
    pub(super) fn place(&self) -> (&[u8], u64) {
        (&self.sealed, self.census.seq)
    }

    /// Adds an object of the first load.
    pub(super) fn load(&mut self, stored: Stored) {
        if stored.content.is_none() {
            let place = (stored.kind.as_str().into(), stored.id.as_bytes().into());
            self.absent.insert(place, stored.mark);
        }
        self.writer.load(stored);
    }

    /// Ends the first load.
    pub(super) fn begin(&mut self, load: Load) {
        self.absent.extend(load.refused);
        self.begin_at(load.census);
    }

    pub(super) fn begin_at(&mut self, census: Census) {
        self.writer.flush();
        self.census = census;
        self.writer.announce(census.seq);
    }

    pub(super) fn take(&mut self, reading: Reading) -> Step {
        let Reading::Changed {
            sealed,
            census,
            rows,
        } = reading
        else {
            return Step::Same;
        };
        let mut sum = self.census;
        // A verified row is later than what is held, so it counts whatever the census says.
        for row in rows {
            self.put(&mut sum, row);
        }
        self.writer.announce(census.seq);
        // Never back to an older one: that is a census of earlier, which somebody has kept.
        if census.key > sum.key {
            return Step::Rekeyed;
        }
        if (sum.count, sum.sum, sum.key) != (census.count, census.sum, census.key) {
            return Step::Reload;
        }
        self.census = census;
        self.sealed = sealed;
        Step::Changed
    }

    fn put(&mut self, sum: &mut Census, row: ChangedRow) {
        let place = (row.kind, row.id);
        let absent = self.absent.remove(&place);
        let held = match row.verified {
            Ok(stored) => {
                if stored.content.is_none() {
                    self.absent.insert(place, row.mark);
                }
                self.writer.put(stored)
            }
            // Whatever it was changed to, it is no longer what is held.
            Err(tampering) => {
                tampering.log();
                let kind = Kind::from_name(&place.0);
                let id = std::str::from_utf8(&place.1).ok();
                let held = kind
                    .zip(id)
                    .and_then(|(kind, id)| self.writer.remove(kind, id));
                self.absent.insert(place, row.mark);
                held
            }
        };
        sum.replace(held.or(absent), row.mark);
    }

    /// Starts to verify everything anew.
    pub(super) fn reload(&mut self) -> Reload<'_> {
        Reload {
            writer: &mut self.writer,
            seen: HashMap::new(),
            held_back: Vec::new(),
            absent: Absent::new(),
        }
    }

    /// Takes what a reload found.
    pub(super) fn end_reload(&mut self, found: Reloaded) {
        let Reloaded {
            load,
            seen,
            held_back,
            absent,
        } = found;
        for stored in held_back {
            self.writer.put(stored);
        }
        for kind in Kind::ALL {
            let seen = seen.get(&kind);
            self.writer
                .retain(kind, |id| seen.is_some_and(|seen| seen.contains(id)));
        }
        self.absent = absent;
        self.absent.extend(load.refused);
        self.census = load.census;
        // The next look reads the census again and compares it with this one.
        self.sealed.clear();
        self.writer.announce(load.census.seq);
    }
}

/// A reload on its way. A row that is later than what is held is taken at once; one that is not
/// waits until the census has vouched for it.
pub(super) struct Reload<'f> {
    writer: &'f mut DirectoryWriter,
    seen: HashMap<Kind, HashSet<Box<str>>>,
    held_back: Vec<Stored>,
    absent: Absent,
}

/// A reload that the census has vouched for.
pub(super) struct Reloaded {
    load: Load,
    seen: HashMap<Kind, HashSet<Box<str>>>,
    held_back: Vec<Stored>,
    absent: Absent,
}

impl Reload<'_> {
    pub(super) fn take(&mut self, stored: Stored) {
        if stored.content.is_none() {
            let place = (stored.kind.as_str().into(), stored.id.as_bytes().into());
            self.absent.insert(place, stored.mark);
        } else {
            self.seen
                .entry(stored.kind)
                .or_default()
                .insert(stored.id.clone());
        }
        match self.writer.held(stored.kind, &stored.id) {
            Some(held) if held == (stored.seq, stored.mark) => {}
            Some((seq, _)) if seq > stored.seq => self.held_back.push(stored),
            Some(_) => drop(self.writer.put(stored)),
            None => self.held_back.push(stored),
        }
    }

    pub(super) fn end(self, load: Load) -> Reloaded {
        Reloaded {
            load,
            seen: self.seen,
            held_back: self.held_back,
            absent: self.absent,
        }
    }
}
