use std::collections::BTreeMap;
use std::path::Path;

use super::{Finding, Report, Subject, Verifying, Wrong, verify};
use crate::folder::Folder;
use crate::read::Reader;
use crate::testing::{Bare, Seeded, files, key, write_files};
use crate::tile::{read_bundle, write_entry};

type Files = BTreeMap<String, Vec<u8>>;

/// A journal of 1,400 records: checkpoints at 300, 700 and 1,300, and a tail of 100. Also what it was
/// at 700, and the checkpoint of 1,300.
struct Sample {
    directory: tempfile::TempDir,
    now: Files,
    old: Files,
    kept: String,
}

impl Sample {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let folder = Folder::of(directory.path());
        let mut journal = Bare::begin(&folder);
        journal.append(300, 7);
        journal.publish(&folder);
        journal.append(400, 50);
        journal.publish(&folder);
        let old = files(folder.path());
        journal.append(600, 100);
        let kept = journal.publish(&folder);
        journal.append(100, 10);
        Self {
            now: files(folder.path()),
            old,
            kept,
            directory,
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn verify(&self, files: &Files) -> Report {
        let folder = Folder::of(self.path());
        write_files(folder.path(), files);
        let what = Verifying {
            folder: &folder,
            key: &key(),
            kept: Some(&self.kept),
            from: 0,
            to: None,
        };
        verify(&what).unwrap()
    }
}

#[test]
fn a_journal_as_it_was_left_is_good() {
    let sample = Sample::new();
    let report = sample.verify(&sample.now);
    assert_eq!(report.findings, []);
    assert_eq!(
        (report.size, report.read, report.in_tails),
        (1300, 1300, 100)
    );
    let old = sample.verify(&sample.old);
    assert!(
        old.findings
            .iter()
            .all(|finding| finding.wrong == Wrong::RolledBack)
    );
    assert_eq!(old.findings.len(), 1);
    assert!(old.findings[0].detail.contains("700 to 1299"), "{old:?}");
}

/// What was done, and what has to be found of it: any finding that this is true of.
type Harm = (String, Box<dyn Fn(&Finding) -> bool>);

/// Whether a finding points at a file: by its name, or by the records that are in it.
fn is_about(file: &str, finding: &Finding) -> bool {
    let named = |name: &str| name == file;
    let records = |start: u64, end: u64| {
        let (first, last) = records_of(file);
        start < last && end > first
    };
    match &finding.subject {
        Subject::File(name) => named(name),
        Subject::Record(index) => records(*index, index + 1),
        Subject::Records(start, end) => records(*start, *end),
        Subject::Checkpoint => file == "checkpoint",
        Subject::KeptCheckpoint => false,
    }
}

/// The records that a file is about.
fn records_of(file: &str) -> (u64, u64) {
    if let Some(rest) = file.strip_prefix("tile/entries/") {
        let index: u64 = rest.get(..3).unwrap().parse().unwrap();
        return (index * 256, index * 256 + 256);
    }
    if let Some(first) = file.strip_prefix("tail/") {
        let first: u64 = first.parse().unwrap();
        return (first, first + 1000);
    }
    (0, 0)
}

fn any_file(files: &Files, random: &Seeded) -> String {
    files.keys().nth(random.below(files.len())).unwrap().clone()
}

/// Deletes a record of a bundle, or swaps two.
fn disorder(files: &mut Files, random: &Seeded) -> Harm {
    let bundles = files.keys().filter(|name| is_current_bundle(name));
    let bundles: Vec<_> = bundles.cloned().collect();
    let bundle = bundles[random.below(bundles.len())].clone();
    let bytes = files[&bundle].clone();
    let mut records = read_bundle(&bytes).unwrap();
    let (one, other) = (random.below(records.len()), random.below(records.len()));
    let first = records_of(&bundle).0;
    let is_deleted = one == other || random.below(3) == 0;
    let what = if is_deleted {
        records.remove(one);
        format!("delete record {} in {bundle}", first + one as u64)
    } else {
        records.swap(one, other);
        format!("swap records {one} and {other} in {bundle}")
    };
    let mut written = Vec::new();
    for record in records {
        write_entry(record, &mut written);
    }
    files.insert(bundle, written);
    let wrong = if is_deleted {
        Wrong::Missing
    } else {
        Wrong::Reordered
    };
    let number = first + one as u64;
    let points = move |finding: &Finding| {
        let is_it = match finding.subject {
            Subject::Record(index) => index == number,
            Subject::Records(start, end) => start <= number && number < end,
            _ => false,
        };
        is_it && finding.wrong == wrong
    };
    (what, Box::new(points))
}

fn corrupt(files: &mut Files, old: &Files, random: &Seeded) -> Harm {
    let file = any_file(files, random);
    let points_at = |file: String| -> Box<dyn Fn(&Finding) -> bool> {
        Box::new(move |finding| is_about(&file, finding))
    };
    match random.below(7) {
        0 | 1 => {
            let bytes = files.get_mut(&file).unwrap();
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
            (
                format!("flip a bit of byte {at} in {file}"),
                points_at(file),
            )
        }
        2 => {
            files.remove(&file);
            // An earlier partial tile may go: nothing rests on it.
            let is_spare = file.contains(".p/") && !is_current(&file);
            let expected: Box<dyn Fn(&Finding) -> bool> = points_at(file.clone());
            let harm = format!("{}delete {file}", if is_spare { "spare: " } else { "" });
            (harm, expected)
        }
        3 => {
            let bytes = files.get_mut(&file).unwrap();
            let length = random.below(bytes.len());
            bytes.truncate(length);
            (format!("truncate {file} to {length}"), points_at(file))
        }
        4 => disorder(files, random),
        5 => {
            let full = [
                "tile/entries/000",
                "tile/entries/003",
                "tile/0/001",
                "tile/0/004",
            ];
            let (one, other) = match random.below(2) {
                0 => (full[0], full[1]),
                _ => (full[2], full[3]),
            };
            let bytes = files[one].clone();
            let swapped = files.insert(other.to_owned(), bytes).unwrap();
            files.insert(one.to_owned(), swapped);
            (format!("swap {one} and {other}"), points_at(one.to_owned()))
        }
        _ => {
            if random.below(2) == 0 {
                *files = old.clone();
            } else {
                files.insert("checkpoint".to_owned(), old["checkpoint"].clone());
            }
            let points = |finding: &Finding| {
                finding.subject == Subject::Checkpoint && finding.wrong == Wrong::RolledBack
            };
            ("roll back".to_owned(), Box::new(points))
        }
    }
}

/// Whether the checkpoint of 1,300 records rests on a partial tile.
fn is_current(file: &str) -> bool {
    ["tile/0/005.p/20", "tile/1/000.p/5", "tile/entries/005.p/20"].contains(&file)
}

fn is_current_bundle(file: &str) -> bool {
    file.starts_with("tile/entries/") && (!file.contains(".p/") || is_current(file))
}

#[test]
fn three_hundred_corruptions_are_found_and_located() {
    let sample = Sample::new();
    let mut harmless = 0;
    for seed in 0..300 {
        let random = Seeded::new(seed);
        let mut harmed = sample.now.clone();
        let (harm, is_it) = corrupt(&mut harmed, &sample.old, &random);
        let report = sample.verify(&harmed);
        if harm.starts_with("spare: ") {
            harmless += 1;
            assert_eq!(report.findings, [], "{seed}: {harm}");
            continue;
        }
        assert!(!report.findings.is_empty(), "{seed}: {harm}: not found");
        let found = report.findings.iter().any(is_it);
        assert!(
            found,
            "{seed}: {harm}: found elsewhere: {:?}",
            report.findings
        );
    }
    assert!(harmless < 20, "{harmless}");
}

#[test]
fn only_the_range_is_read() {
    let sample = Sample::new();
    let folder = Folder::of(sample.directory.path());
    let mut harmed = sample.now;
    harmed.get_mut("tile/entries/000").unwrap()[10] ^= 1;
    write_files(folder.path(), &harmed);
    let range = |from, to| {
        let key = key();
        let what = Verifying {
            folder: &folder,
            key: &key,
            kept: None,
            from,
            to,
        };
        verify(&what).unwrap()
    };
    let beyond = range(256, Some(600));
    assert_eq!((beyond.findings, beyond.read), (vec![], 512));
    assert_eq!(range(0, Some(0)).findings[0].subject, Subject::Record(0));
}

#[test]
fn history_that_was_written_anew_is_not_that_of_the_kept_checkpoint() {
    let sample = Sample::new();
    let folder = Folder::of(&sample.path().join("other"));
    let mut other = Bare::begin(&folder);
    // Whoever has the key can sign another history; records are numbered from elsewhere.
    other.skip(1);
    other.append(1500, 100);
    other.publish(&folder);
    let key = key();
    let what = |kept| Verifying {
        folder: &folder,
        key: &key,
        kept,
        from: 0,
        to: None,
    };
    assert_eq!(verify(&what(None)).unwrap().findings, []);
    let findings = verify(&what(Some(&sample.kept))).unwrap().findings;
    assert_eq!(findings[0].subject, Subject::Records(0, 1300));
    assert_eq!(findings.len(), 1);
}

#[test]
fn every_record_can_be_proven_and_nothing_else() {
    let sample = Sample::new();
    let folder = Folder::of(sample.path());
    let reader = Reader::open(folder, &key()).unwrap();
    for index in [0, 1, 255, 256, 257, 700, 1023, 1024, 1279, 1280, 1299] {
        let (at, record) = reader.find(&index.to_string()).unwrap().unwrap();
        assert_eq!(at, index);
        assert_eq!(record, crate::testing::record(index));
        let proof = reader.prove(index, record).unwrap();
        let read = crate::proof::Proof::parse(&proof.to_string()).unwrap();
        assert_eq!(read, proof);
        assert_eq!(read.verify(&key()), Ok(()));
        let mut other = read.clone();
        other.record.push(b' ');
        assert!(other.verify(&key()).is_err());
        let mut other = read.clone();
        other.index ^= 1;
        assert!(other.verify(&key()).is_err());
        let mut other = read;
        other.hashes.pop();
        assert!(other.verify(&key()).is_err());
    }
    let id = format!("{:024x}", 1350);
    let (at, record) = reader.find(&id).unwrap().unwrap();
    assert_eq!(at, 1350);
    assert!(
        reader.prove(at, record).is_err(),
        "it has no checkpoint yet"
    );
    assert_eq!(reader.find("1400").unwrap(), None);
}
