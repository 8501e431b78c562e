use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use ironward_core::Clock;
use serde_json::Value as Json;

use super::{Journal, OpenError, Options, Wait};
use crate::edge::Edge;
use crate::folder::Folder;
use crate::note::Signer;
use crate::read::Reader;
use crate::record::{Kind, Record};
use crate::tail::{Kept, write_record, write_seal};
use crate::testing::{
    Bare, FakeClock, ORIGIN, SEED, Seeded, files, frames, key, record, signer, write_files,
};
use crate::value::Fields;
use crate::verify::{Verifying, verify};
use crate::writer::{Disk, Durability, Medium, Place, Writer};

mod desk;

fn options(folder: &Folder, clock: &Arc<FakeClock>) -> Options<'static> {
    Options {
        folder: folder.clone(),
        seed: &SEED,
        origin: ORIGIN,
        durability: Durability::Process,
        // Whoever runs these tests may have much else to do.
        stall: Duration::from_secs(60),
        clock: Arc::clone(clock) as _,
        random: Arc::new(Seeded::new(1)),
        report: Box::new(|_| {}),
    }
}

fn act(number: u64) -> Record {
    Record::new(Kind::Act).about(Fields::default().with("number", number))
}

#[track_caller]
fn assert_good(folder: &Folder) {
    let key = key();
    let what = Verifying {
        folder,
        key: &key,
        kept: None,
        from: 0,
        to: None,
    };
    assert_eq!(verify(&what).unwrap().findings, []);
}

fn records(folder: &Folder) -> Vec<Json> {
    let mut records = Vec::new();
    let reader = Reader::open(folder.clone(), &key()).unwrap();
    let each = reader.each(0, |_, record| {
        records.push(serde_json::from_slice(record).unwrap());
        true
    });
    each.unwrap();
    records
}

fn kinds(folder: &Folder) -> Vec<String> {
    let records = records(folder);
    let kinds = records
        .iter()
        .map(|record| record["kind"].as_str().unwrap().to_owned());
    kinds.collect()
}

#[tokio::test]
async fn records_outlive_the_journal() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::of(directory.path());
    let clock = FakeClock::new();
    for round in 0..3_u64 {
        let journal = Journal::open(options(&folder, &clock)).unwrap();
        let taken = Journal::open(options(&folder, &clock));
        assert!(matches!(taken, Err(OpenError::Taken { .. })));
        for at in 0..200 {
            let wait = if at % 50 == 0 {
                Wait::Disk
            } else {
                Wait::Configured
            };
            let written = journal.append(&act(at), wait).await.unwrap();
            assert_eq!(written.index, round * 200 + at);
        }
        journal.close();
        assert!(journal.append(&act(0), Wait::Disk).await.is_err());
        drop(journal);
        assert_good(&folder);
    }
    let records = records(&folder);
    assert_eq!(records.len(), 600);
    assert_eq!(records[401]["what"]["number"], 1);
    assert_eq!(records[401]["node"], "node");
}

/// What a gateway that was killed has not signed yet.
#[tokio::test]
async fn records_that_are_only_sealed_are_signed_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::of(directory.path());
    let mut bare = Bare::begin(&folder);
    bare.append(3, 3);
    bare.publish(&folder);
    bare.append(2, 1);
    bare.append_sealed(5, 2);
    drop(bare);
    let key = key();
    let what = Verifying {
        folder: &folder,
        key: &key,
        kept: None,
        from: 0,
        to: None,
    };
    let report = verify(&what).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!((report.size, report.in_tails, report.unsigned), (3, 2, 5));
    let killed = files(folder.path());
    drop(Journal::open(options(&folder, &FakeClock::new())).unwrap());
    assert_eq!(records(&folder).len(), 10);
    assert_good(&folder);
    // Anybody can add a group; nobody but the gateway can seal it.
    let mut forged = killed;
    let tail = forged.get_mut(&Folder::tail(3)).unwrap();
    write_record(&record(99), tail);
    let mut edge = Edge::default();
    for number in (0..10).chain([99]) {
        edge.push(crate::hash_leaf(&record(number)));
    }
    let other = Signer::new(ORIGIN, &[8; 32]).unwrap();
    write_seal(&edge, &other, tail);
    write_files(folder.path(), &forged);
    assert_eq!(verify(&what).unwrap().unsigned, 6);
    drop(Journal::open(options(&folder, &FakeClock::new())).unwrap());
    let records = records(&folder);
    assert_eq!(records.len(), 11);
    assert_eq!(records[10]["kind"], "journal.torn");
    assert_good(&folder);
}

/// A kill in the middle of the first checkpoint, or of a later one.
#[tokio::test]
async fn tiles_that_no_checkpoint_covers_yet_are_written_again() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::of(directory.path());
    let clock = FakeClock::new();
    for round in 0..3_u64 {
        let journal = Journal::open(options(&folder, &clock)).unwrap();
        for at in 0..300 {
            journal.owe(&act(at));
        }
        journal.append(&act(300), Wait::Disk).await.unwrap();
        let killed = files(folder.path());
        drop(journal);
        // What the end has written, under the checkpoint and with the tail of before.
        let mut torn = files(folder.path());
        torn.retain(|name, _| !name.starts_with("tail/"));
        for (name, bytes) in killed {
            if name == "checkpoint" || name.starts_with("tail/") {
                torn.insert(name, bytes);
            } else {
                // Partial tiles go after the checkpoint that overtakes them.
                torn.entry(name).or_insert(bytes);
            }
        }
        let full = format!("/{round:03}");
        for (_, bytes) in torn.iter_mut().filter(|(name, _)| name.ends_with(&full)) {
            bytes.truncate(bytes.len() / 2);
        }
        write_files(folder.path(), &torn);
        drop(Journal::open(options(&folder, &clock)).unwrap());
        assert_good(&folder);
        let expected = usize::try_from((round + 1) * 301).unwrap();
        assert_eq!(records(&folder).len(), expected);
    }
}

#[tokio::test]
async fn a_tail_that_was_cut_anywhere_in_its_last_group_is_taken_up_before_it() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::of(directory.path());
    let mut bare = Bare::begin(&folder);
    bare.append(3, 3);
    bare.publish(&folder);
    bare.append(2, 1);
    let tail = Folder::tail(3);
    let before = files(folder.path())[&tail].len();
    bare.append(1, 1);
    drop(bare);
    let whole = files(folder.path());
    let length = whole[&tail].len();
    let clock = FakeClock::new();
    for cut in before..=length {
        let mut cut_off = whole.clone();
        cut_off.get_mut(&tail).unwrap().truncate(cut);
        write_files(folder.path(), &cut_off);
        let journal = Journal::open(options(&folder, &clock)).unwrap();
        let written = journal.append(&act(0), Wait::Configured).await.unwrap();
        drop(journal);
        let kinds = kinds(&folder);
        let is_whole = cut == length;
        let torn = kinds.iter().filter(|kind| *kind == "journal.torn").count();
        assert_eq!(torn, usize::from(!is_whole), "{cut}");
        assert_eq!(kinds.len(), 7, "{cut}");
        assert_eq!(written.index, 6, "{cut}");
        assert_good(&folder);
    }
}

#[tokio::test]
async fn records_that_were_changed_before_a_checkpoint_are_cut_off_and_kept_aside() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::of(directory.path());
    let mut bare = Bare::begin(&folder);
    bare.append(4, 1);
    drop(bare);
    let mut changed = files(folder.path());
    let tail = changed.get_mut(&Folder::tail(0)).unwrap();
    let middle = tail.len() / 2 + 20;
    tail[middle] ^= 1;
    write_files(folder.path(), &changed);
    drop(Journal::open(options(&folder, &FakeClock::new())).unwrap());
    let records = records(&folder);
    let torn = records.last().unwrap();
    assert_eq!(torn["kind"], "journal.torn");
    assert_eq!(
        torn["what"]["reason"],
        "records are not those that were signed"
    );
    let kept = torn["what"]["kept_in"].as_str().unwrap();
    assert!(files(folder.path()).contains_key(kept));
    assert_good(&folder);
}

#[test]
fn a_journal_that_was_changed_is_not_taken_up() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::of(directory.path());
    let mut bare = Bare::begin(&folder);
    bare.append(300, 100);
    bare.publish(&folder);
    drop(bare);
    let whole = files(folder.path());
    for name in [
        "checkpoint",
        "tile/0/001.p/44",
        "tile/entries/001.p/44",
        "key",
    ] {
        let mut changed = whole.clone();
        changed.get_mut(name).unwrap()[5] ^= 1;
        write_files(folder.path(), &changed);
        let opened = Journal::open(options(&folder, &FakeClock::new()));
        assert!(matches!(opened, Err(OpenError::Broken { .. })), "{name}");
    }
    write_files(folder.path(), &whole);
    let other = Options {
        seed: &[8; 32],
        ..options(&folder, &FakeClock::new())
    };
    assert!(matches!(
        Journal::open(other),
        Err(OpenError::Broken { .. })
    ));
}

/// A disk that can be full, and can stand still.
#[derive(Default)]
struct Poor {
    disk: Disk,
    is_full: Arc<AtomicBool>,
    is_still: Arc<(Mutex<bool>, Condvar)>,
    syncs: Arc<AtomicUsize>,
}

impl Clone for Poor {
    fn clone(&self) -> Self {
        Self {
            disk: Disk::default(),
            is_full: Arc::clone(&self.is_full),
            is_still: Arc::clone(&self.is_still),
            syncs: Arc::clone(&self.syncs),
        }
    }
}

impl Poor {
    fn stop(&self) {
        *self.is_still.0.lock().unwrap() = true;
    }

    fn go(&self) {
        *self.is_still.0.lock().unwrap() = false;
        self.is_still.1.notify_all();
    }
}

impl Medium for Poor {
    fn open(&mut self, path: &Path, place: Place) -> io::Result<()> {
        self.disk.open(path, place)
    }

    fn write(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let still = self.is_still.0.lock().unwrap();
        drop(
            self.is_still
                .1
                .wait_while(still, |is_still| *is_still)
                .unwrap(),
        );
        if self.is_full.load(Ordering::SeqCst) {
            // Half of it is written before the disk is full.
            let half = &bytes[..bytes.len() / 2];
            self.disk.write(half, offset)?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.disk.write(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::SeqCst);
        self.disk.sync()
    }

    fn sync_later(&mut self) -> io::Result<()> {
        self.sync()
    }
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::of(directory.path());
    let (clock, poor) = (FakeClock::new(), Poor::default());
    let said = Arc::new(Mutex::new(Vec::new()));
    let saying = Arc::clone(&said);
    let options = Options {
        report: Box::new(move |why| saying.lock().unwrap().push(why.map(str::to_owned))),
        ..options(&folder, &clock)
    };
    let journal = Journal::open_on(options, Box::new(poor.clone())).unwrap();
    journal.append(&act(0), Wait::Disk).await.unwrap();
    poor.is_full.store(true, Ordering::SeqCst);
    let refused = journal.append(&act(1), Wait::Configured).await.unwrap_err();
    assert!(
        refused.0.contains("no storage space") || refused.0.contains("full"),
        "{refused}"
    );
    assert!(journal.trouble().is_some());
    let refused = journal.append(&act(2), Wait::Configured).await;
    assert!(refused.is_err(), "nothing is taken meanwhile");
    journal.owe(&act(3));
    poor.is_full.store(false, Ordering::SeqCst);
    clock.pass(Duration::from_millis(250));
    // What is owed wakes the writer, which tries again.
    journal.owe(&act(4));
    while journal.trouble().is_some() {
        tokio::task::yield_now().await;
    }
    journal.append(&act(5), Wait::Configured).await.unwrap();
    drop(journal);
    let records = records(&folder);
    let numbers = records
        .iter()
        .map(|record| record["what"]["number"].as_u64());
    let numbers: Vec<_> = numbers.flatten().collect();
    assert_eq!(
        numbers,
        [0, 3, 4, 5],
        "what was refused is not there, what is owed is"
    );
    assert!(kinds(&folder).contains(&"journal.recovered".to_owned()));
    assert_good(&folder);
    let said = said.lock().unwrap();
    assert_eq!(
        said.iter().map(Option::is_some).collect::<Vec<_>>(),
        [true, false]
    );
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_stands_still_refuses_and_recovers_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::of(directory.path());
    let (clock, poor) = (FakeClock::new(), Poor::default());
    let options = Options {
        stall: Duration::from_millis(250),
        ..options(&folder, &clock)
    };
    let opened = Journal::open_on(options, Box::new(poor.clone()));
    let journal = opened.unwrap();
    poor.stop();
    let refused = journal.append(&act(0), Wait::Disk).await.unwrap_err();
    assert_eq!(refused.0, "stalled for 250 ms");
    assert!(journal.trouble().is_some());
    poor.go();
    while journal.trouble().is_some() {
        tokio::task::yield_now().await;
    }
    drop(journal);
    assert_eq!(kinds(&folder), ["act", "journal.recovered"]);
    assert_good(&folder);
}

#[test]
fn the_disk_and_checkpoints_are_due_in_time() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::of(directory.path());
    folder.create().unwrap();
    let (clock, poor) = (FakeClock::new(), Poor::default());
    let start = |durability| {
        let medium = Box::new(poor.clone());
        Writer::start(
            folder.clone(),
            signer(),
            medium,
            durability,
            Edge::default(),
        )
        .unwrap()
    };
    let syncs = || poor.syncs.load(Ordering::SeqCst);
    let commit = |writer: &mut Writer, count: usize, waits_for_disk| {
        let mut frames = frames(vec![vec![1]; count]);
        let outcome = writer.commit(&mut frames, waits_for_disk, clock.now());
        outcome.unwrap();
    };
    let mut writer = start(Durability::Process);
    commit(&mut writer, 1, false);
    clock.pass(Duration::from_millis(99));
    writer.sync_if_due(clock.now()).unwrap();
    assert_eq!(syncs(), 0);
    clock.pass(Duration::from_millis(1));
    writer.sync_if_due(clock.now()).unwrap();
    writer.sync_if_due(clock.now()).unwrap();
    assert_eq!(syncs(), 1);
    commit(&mut writer, 1, true);
    assert_eq!(
        syncs(),
        2,
        "whoever waits for the disk does not wait longer"
    );
    assert!(!writer.is_checkpoint_due(clock.now()));
    clock.pass(Duration::from_secs(60));
    assert!(writer.is_checkpoint_due(clock.now()));
    let mut writer = start(Durability::Disk);
    commit(&mut writer, 999, false);
    assert_eq!(syncs(), 3);
    assert!(!writer.is_checkpoint_due(clock.now()));
    commit(&mut writer, 1, false);
    assert!(writer.is_checkpoint_due(clock.now()));
    // While records come quickly there is one a second.
    let handed_over = writer.hand_over(Kept::default(), clock.now());
    assert!(handed_over.unwrap().is_some());
    commit(&mut writer, 5000, false);
    clock.pass(Duration::from_millis(999));
    assert!(!writer.is_checkpoint_due(clock.now()));
    clock.pass(Duration::from_millis(1));
    assert!(writer.is_checkpoint_due(clock.now()));
}

#[test]
fn a_tail_that_is_gone_or_not_ours_is_not_written_to() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::of(directory.path());
    let mut bare = Bare::begin(&folder);
    bare.append(2, 1);
    let path = folder.path().join(Folder::tail(0));
    let clock = FakeClock::new();
    let commit = |bare: &mut Bare, waits_for_disk| {
        let mut frames = frames([vec![1]]);
        bare.writer.commit(&mut frames, waits_for_disk, clock.now())
    };
    commit(&mut bare, false).unwrap();
    std::fs::remove_file(&path).unwrap();
    // Nobody looks for it for each group, but whenever the disk counts, and ten times a second.
    commit(&mut bare, false).unwrap();
    assert!(commit(&mut bare, true).is_err());
    assert!(commit(&mut bare, false).is_err());
    bare.writer.rewrite().unwrap();
    commit(&mut bare, false).unwrap();
    std::fs::remove_file(&path).unwrap();
    clock.pass(Duration::from_millis(100));
    assert!(commit(&mut bare, false).is_err());
    std::fs::write(
        &path,
        b"something else that is long enough to be written to",
    )
    .unwrap();
    assert!(commit(&mut bare, false).is_err());
    // It is written anew from memory, with what went to the file that was gone.
    bare.writer.rewrite().unwrap();
    commit(&mut bare, false).unwrap();
    bare.publish(&folder);
    assert_good(&folder);
    let mut count = 0;
    let reader = Reader::open(folder, &key()).unwrap();
    let each = reader.each(0, |_, _| {
        count += 1;
        true
    });
    each.unwrap();
    assert_eq!(count, 6);
}

/// `UPDATE=1` writes the folder that a small journal has to be, to the byte.
#[test]
fn a_small_journal_is_the_golden_folder() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::of(directory.path());
    let mut bare = Bare::begin(&folder);
    bare.append(3, 2);
    bare.publish(&folder);
    bare.append(256, 100);
    bare.publish(&folder);
    bare.append_sealed(2, 1);
    bare.append(1, 1);
    let made = files(folder.path());
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden");
    if std::env::var_os("UPDATE").is_some() {
        write_files(&golden, &made);
    }
    assert!(
        made == files(&golden),
        "the golden folder differs: read what UPDATE=1 writes"
    );
}
