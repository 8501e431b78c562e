use std::time::Duration;

use super::IronwardSettings;
use crate::keys::{Effect, Key, Section, Unknown};
use crate::reader::{Field, Reader};

/// How what happens is recorded: `ironward.journal`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JournalSettings {
    /// When a record counts as written.
    pub durability: Durability,
    /// How long a record may take before the journal counts as stalled.
    pub stall_limit: Option<Duration>,
}

/// When a record counts as written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// Once the operating system has it.
    #[default]
    Process,
    /// Once the disk has it.
    Disk,
}

/// The keys of `ironward.journal`.
pub(crate) static JOURNAL: Section<JournalSettings> = Section {
    name: "ironward.journal",
    about: "What happens is recorded in the data directory, so that nobody can change it unseen: [journal.md](journal.md). A change takes a restart.",
    keys: &[
        Key {
            name: "durability",
            default: "process",
            meaning: "When a record counts as written: `process`, once the operating system has it (it outlives the process, and is on the disk 100 ms later), or `disk`, once the disk has it. Records of administrative acts wait for the disk in any case.",
            effect: Effect::Read("word", read_durability),
        },
        Key {
            name: "stall_limit",
            default: "0.25",
            meaning: "How long a record may take. After that whatever waits for it is refused, and so is everything else until the disk keeps up again.",
            effect: Effect::Seconds(|journal, time| journal.stall_limit = Some(time)),
        },
    ],
    ignored: "",
    unknown: Unknown::Problem,
};

/// Reads `ironward.journal`.
pub(super) fn read(ironward: &mut IronwardSettings, reader: &mut Reader<'_>, field: &Field<'_>) {
    JOURNAL.read(&mut ironward.journal, reader, field);
}

fn read_durability(journal: &mut JournalSettings, reader: &mut Reader<'_>, field: &Field<'_>) {
    match reader.word(field).as_deref() {
        Some("process") => journal.durability = Durability::Process,
        Some("disk") => journal.durability = Durability::Disk,
        Some(_) => reader.problem(field, "either 'process' or 'disk'; write one of them"),
        None => {}
    }
}
