//! What tests of this crate have in common.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ironward_core::{Clock, Random};

use crate::folder::Folder;
use crate::note::{Checkpoint, Signer, VerifierKey};
use crate::publish::Publisher;
use crate::record::{Kind, Record, Stamp};
use crate::tail::{Kept, write_record};
use crate::value::Fields;
use crate::writer::{Disk, Durability, Writer};

pub(crate) const SEED: [u8; 32] = [7; 32];
pub(crate) const ORIGIN: &str = "ironward/test/node";

pub(crate) fn signer() -> Arc<Signer> {
    Arc::new(Signer::new(ORIGIN, &SEED).unwrap())
}

pub(crate) fn key() -> VerifierKey {
    signer().key().clone()
}

/// A clock that stands still until it is moved.
pub(crate) struct FakeClock {
    start: Instant,
    passed: Mutex<Duration>,
}

impl FakeClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            start: ironward_core::SystemClock.now(),
            passed: Mutex::default(),
        })
    }

    pub(crate) fn pass(&self, time: Duration) {
        *self.passed.lock().unwrap() += time;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Instant {
        self.start + *self.passed.lock().unwrap()
    }

    fn wall(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(1_800_000_000_000) + *self.passed.lock().unwrap()
    }
}

/// Numbers that are the same for the same seed.
pub(crate) struct Seeded(AtomicU64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1))
    }

    pub(crate) fn draw(&self) -> u64 {
        // xorshift64*
        let mut x = self.0.load(Ordering::Relaxed);
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.0.store(x, Ordering::Relaxed);
        x.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&self, limit: usize) -> usize {
        usize::try_from(self.draw() % limit as u64).unwrap()
    }
}

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.draw().to_be_bytes()[3];
        }
    }
}

pub(crate) fn record(number: u64) -> Vec<u8> {
    let stamp = Stamp {
        at: 1_800_000_000_000 + number,
        node: "node",
        id: &format!("{number:024x}"),
    };
    let what = Fields::default().with("number", number);
    Record::new(Kind::Act).about(what).encode(&stamp)
}

/// Records in their frames.
pub(crate) fn frames(records: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut frames = Vec::new();
    for record in records {
        write_record(&record, &mut frames);
    }
    frames
}

/// A journal without threads.
pub(crate) struct Bare {
    pub(crate) writer: Writer,
    pub(crate) publisher: Publisher,
    next: u64,
    now: Instant,
}

impl Bare {
    pub(crate) fn begin(folder: &Folder) -> Self {
        folder.create().unwrap();
        folder.write_key(&key().to_string()).unwrap();
        let nothing = Checkpoint {
            origin: ORIGIN.to_owned(),
            size: 0,
            root: crate::hash::hash_nothing(),
        };
        let opened = Publisher::open(folder.clone(), signer(), &nothing);
        let (publisher, edge) = opened.unwrap();
        let medium = Box::new(Disk::default());
        let writer = Writer::start(folder.clone(), signer(), medium, Durability::Process, edge);
        Self {
            writer: writer.unwrap(),
            publisher,
            next: 0,
            now: ironward_core::SystemClock.now(),
        }
    }

    /// Leaves numbers out.
    pub(crate) const fn skip(&mut self, count: u64) {
        self.next += count;
    }

    /// Appends so many records in groups of so many, each of which is signed.
    pub(crate) fn append(&mut self, count: u64, group: u64) {
        self.append_groups(count, group, true);
    }

    /// The same with seals in place of signatures.
    pub(crate) fn append_sealed(&mut self, count: u64, group: u64) {
        self.append_groups(count, group, false);
    }

    fn append_groups(&mut self, count: u64, group: u64, waits_for_disk: bool) {
        let mut left = count;
        while left > 0 {
            let taken = group.min(left);
            let mut frames = frames((0..taken).map(|at| record(self.next + at)));
            left -= taken;
            self.next += taken;
            let outcome = self.writer.commit(&mut frames, waits_for_disk, self.now);
            outcome.unwrap();
        }
    }

    /// Puts a checkpoint over all of them; as it was signed.
    pub(crate) fn publish(&mut self, folder: &Folder) -> String {
        let handover = self.writer.hand_over(Kept::default(), self.now);
        if let Some(handover) = handover.unwrap() {
            self.publisher.publish(&handover).unwrap();
        }
        folder.read_checkpoint().unwrap().unwrap()
    }
}

/// Every file below a directory, by its path in it.
pub(crate) fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let name = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}

/// Writes these files below a directory, and nothing else.
pub(crate) fn write_files(root: &Path, files: &BTreeMap<String, Vec<u8>>) {
    let _absent = fs::remove_dir_all(root);
    fs::create_dir_all(root.join("tail")).unwrap();
    for (name, bytes) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}
