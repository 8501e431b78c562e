use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, UNIX_EPOCH};

use ironward_core::{Clock, Random};
use tokio::sync::oneshot;

use crate::folder::Folder;
use crate::note::{Signer, VerifierKey};
use crate::record::{Kind, Record};
use crate::writer::{Disk, Durability, Medium};

mod desk;
mod inbox;
mod resume;
mod threads;
mod waiting;

pub use desk::{Desk, Pending, Recorded};
use inbox::{Claim, Entry, Inbox};
use resume::resume;
use threads::Threads;

#[cfg(test)]
mod tests;

/// The journal of one node, open for writing.
pub struct Journal {
    inbox: Arc<Inbox>,
    key: VerifierKey,
    stall: Duration,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Nobody else writes here for as long as this is open.
    _lock: File,
}

/// Is told why the journal cannot be written, and `None` when it can again.
pub type TellTrouble = Box<dyn Fn(Option<&str>) + Send + Sync>;

/// What a journal is opened with.
pub struct Options<'a> {
    /// Where it lies.
    pub folder: Folder,
    /// The seed of the key that signs it.
    pub seed: &'a [u8; 32],
    /// The name of the log, if there is none yet.
    pub origin: &'a str,
    /// When a record counts as written.
    pub durability: Durability,
    /// How long a record may take before the journal counts as stalled; `Duration::MAX`: for calls there
    /// is no limit.
    pub stall: Duration,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for the ids of records.
    pub random: Arc<dyn Random>,
    /// Is told why the journal cannot be written, and `None` when it can again.
    pub report: TellTrouble,
}

/// Why a journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be read or written.
    #[error("the journal in {path} cannot be used: {error}")]
    Io {
        /// The folder.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// Another process writes to it.
    #[error(
        "another process writes to the journal in {path}: give each gateway a data directory of its own"
    )]
    Taken {
        /// The folder.
        path: String,
    },
    /// It was changed, or parts of it are missing.
    #[error(
        "the journal in {path} is not as it was left: {reason}; find out where with ironward journal verify, then bring it back from a backup, or move it away to begin another"
    )]
    Broken {
        /// The folder.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

/// Why the journal cannot be written now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble(pub String);

/// When a record counts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// As the journal's durability says.
    Configured,
    /// Once the disk has it, whatever the durability.
    Disk,
}

/// A record was not written, or is not known to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal cannot be written: {0}")]
pub struct Unwritten(pub String);

impl Unwritten {
    fn stalled(limit: Duration) -> Self {
        Self(format!("stalled for {} ms", limit.as_millis()))
    }
}

/// A record that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its number.
    pub index: u64,
    /// Its id.
    pub id: String,
}

impl Journal {
    /// Opens the journal, or begins one. What a crash left half written at its end is cut off and
    /// recorded.
    ///
    /// # Errors
    /// When it cannot be written, or is not as it was left.
    pub fn open(options: Options<'_>) -> Result<Self, OpenError> {
        Self::open_on(options, Box::new(Disk::default()))
    }

    pub(crate) fn open_on(
        options: Options<'_>,
        medium: Box<dyn Medium>,
    ) -> Result<Self, OpenError> {
        let Options {
            folder,
            clock,
            random,
            report,
            durability,
            stall,
            ..
        } = options;
        let path = folder.path().display().to_string();
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::InvalidData => OpenError::Broken {
                path: path.clone(),
                reason: error.to_string(),
            },
            io::ErrorKind::WouldBlock => OpenError::Taken { path: path.clone() },
            _ => OpenError::Io {
                path: path.clone(),
                error,
            },
        };
        folder.create().map_err(failed)?;
        let lock = folder.lock().map_err(failed)?;
        let signer = Arc::new(signer(&folder, options.seed, options.origin).map_err(failed)?);
        let at = millis(&*clock);
        let resumed = resume(&folder, &signer, (medium, durability), at).map_err(failed)?;
        let key = signer.key().clone();
        let node = key.name().rsplit('/').next().unwrap_or_default();
        let inbox = Arc::new(Inbox::new((Arc::clone(&clock), random), node, report));
        let torn = resumed.torn.clone();
        let threads = Threads::start(resumed, &inbox, &clock).map_err(failed)?;
        let journal = Self {
            inbox,
            key,
            stall,
            threads: Mutex::new(threads),
            _lock: lock,
        };
        if let Some(torn) = torn {
            journal.owe(&Record::new(Kind::Torn).about(torn));
        }
        Ok(journal)
    }

    /// What its checkpoints are verified with.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Why the journal cannot be written now; `None` when it can.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.inbox.trouble()
    }

    /// Appends a record, and waits until it counts as written.
    ///
    /// # Errors
    /// When it does not, or not in time. A record that came too late may still be written.
    pub async fn append(&self, record: &Record, wait: Wait) -> Result<Written, Unwritten> {
        if let Some(Trouble(reason)) = self.trouble() {
            return Err(Unwritten(reason));
        }
        let (id, record) = self.inbox.stamp(record);
        let (told, outcome) = oneshot::channel();
        let is_taken = self.inbox.push(Entry {
            record,
            waits_for_disk: wait == Wait::Disk,
            told,
        });
        if !is_taken {
            return Err(Unwritten("the gateway is ending".to_owned()));
        }
        match tokio::time::timeout(self.stall, outcome).await {
            Ok(Ok(Ok(index))) => Ok(Written { index, id }),
            Ok(Ok(Err(reason))) => Err(Unwritten(reason)),
            Ok(Err(_)) => Err(Unwritten("the gateway is ending".to_owned())),
            Err(_) => {
                self.inbox.stall();
                Err(Unwritten::stalled(self.stall))
            }
        }
    }

    /// Appends a record when the journal can be written, and waits for nothing: for what has happened
    /// whether it can be written or not.
    pub fn owe(&self, record: &Record) {
        let (_, record) = self.inbox.stamp(record);
        let pushed = self.inbox.push_frame(&record, Claim::Owed);
        if pushed.is_some_and(|pushed| pushed.must_ring) {
            self.inbox.ring();
        }
    }

    /// Where a thread has its calls recorded.
    #[must_use]
    pub fn desk(&self) -> Desk {
        Desk::new(&self.inbox, self.stall)
    }

    /// Writes what waits, covers it with a checkpoint, and ends the threads.
    pub fn close(&self) {
        self.inbox.close();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // One that panicked has said so.
            let _ended = thread.join();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}

/// The signer of the log that there is, or of a new one of this name.
fn signer(folder: &Folder, seed: &[u8; 32], origin: &str) -> io::Result<Signer> {
    let invalid = |text: &str| io::Error::new(io::ErrorKind::InvalidData, text.to_owned());
    let written = folder.read_key()?;
    let found = written.as_deref().map(VerifierKey::parse).transpose();
    let found = found.map_err(|_| invalid("its file 'key' is no verifier key"))?;
    let name = found.as_ref().map_or(origin, VerifierKey::name);
    let signer = Signer::new(name, seed);
    let signer = signer.ok_or_else(|| invalid("its name cannot stand in a note"))?;
    match found {
        Some(found) if found == *signer.key() => {}
        Some(_) => return Err(invalid("it was signed by the key of another installation")),
        None => folder.write_key(&signer.key().to_string())?,
    }
    Ok(signer)
}

fn millis(clock: &dyn Clock) -> u64 {
    let since = clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
