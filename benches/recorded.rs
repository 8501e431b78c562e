//! A journal for gateways that are measured.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ironward_core::SystemClock;
use ironward_journal::{Desk, Durability, Folder, Journal, Options};
use ironward_testkit::SeededRandom;
use tempfile::TempDir;

/// A desk of the one journal of this process.
pub(crate) fn desk() -> Desk {
    static JOURNAL: OnceLock<(Journal, TempDir)> = OnceLock::new();
    let open = || {
        let directory = tempfile::tempdir().expect("a directory");
        (journal(&directory), directory)
    };
    let (journal, _) = JOURNAL.get_or_init(open);
    journal.desk().ringing_later()
}

pub(crate) fn journal(directory: &TempDir) -> Journal {
    let journal = Journal::open(Options {
        folder: Folder::of(directory.path()),
        seed: &[7; 32],
        origin: "ironward/bench/node",
        durability: Durability::Process,
        stall: Duration::from_secs(60),
        clock: Arc::new(SystemClock),
        random: Arc::new(SeededRandom::new(2)),
        report: Box::new(|_| {}),
    });
    journal.expect("a journal")
}
