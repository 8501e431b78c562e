use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hash::{Hash, hash_leaf, hash_node};
use crate::note::{NoteError, VerifierKey};
use crate::read::split;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// More than a tree of 2^63 leaves has levels.
const MOST_HASHES: usize = 63;

/// That a record is in the journal, in the form of <https://c2sp.org/tlog-proof>, with the record as
/// its extra line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub(crate) index: u64,
    pub(crate) hashes: Vec<Hash>,
    pub(crate) note: String,
    pub(crate) record: Vec<u8>,
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It cannot be read.
    #[error("not a proof as c2sp.org/tlog-proof describes it, with a record in its extra line")]
    Form,
    /// Its checkpoint is not taken.
    #[error("its checkpoint is not taken: {0}")]
    Checkpoint(#[from] NoteError),
    /// The record is not the one at that place.
    #[error("the record is not in the journal of its checkpoint")]
    Absent,
}

impl Proof {
    /// Reads one.
    ///
    /// # Errors
    /// When it has no form.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let (head, note) = text.split_once("\n\n").ok_or(ProofError::Form)?;
        let mut lines = head.split('\n');
        let mut line = |prefix: &str| {
            let line = lines.next().and_then(|line| line.strip_prefix(prefix));
            line.ok_or(ProofError::Form)
        };
        line(FIRST_LINE)?;
        let record = STANDARD
            .decode(line("extra ")?)
            .map_err(|_| ProofError::Form)?;
        let written = line("index ")?;
        let index: u64 = written.parse().map_err(|_| ProofError::Form)?;
        let hashes = lines.map(|line| {
            let hash = STANDARD.decode(line).map_err(|_| ProofError::Form)?;
            Hash::try_from(hash).map_err(|_| ProofError::Form)
        });
        let hashes = hashes
            .take(MOST_HASHES + 1)
            .collect::<Result<Vec<_>, _>>()?;
        if hashes.len() > MOST_HASHES || index.to_string() != written {
            return Err(ProofError::Form);
        }
        Ok(Self {
            index,
            hashes,
            note: note.to_owned(),
            record,
        })
    }

    /// The record's number in the journal.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The record.
    #[must_use]
    pub fn record(&self) -> &[u8] {
        &self.record
    }

    /// Checks that the record is in the journal that this key signs.
    ///
    /// # Errors
    /// When it is not.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), ProofError> {
        let checkpoint = key.open(&self.note)?;
        if self.index >= checkpoint.size {
            return Err(ProofError::Absent);
        }
        // Which side of each split the leaf is on, from the root down.
        let mut sides = Vec::new();
        let (mut start, mut end) = (0, checkpoint.size);
        while end - start > 1 {
            let middle = start + split(end - start);
            let is_left = self.index < middle;
            sides.push(is_left);
            if is_left {
                end = middle;
            } else {
                start = middle;
            }
        }
        if sides.len() != self.hashes.len() {
            return Err(ProofError::Absent);
        }
        let steps = sides.iter().rev().zip(&self.hashes);
        let root = steps.fold(hash_leaf(&self.record), |hash, (is_left, other)| {
            if *is_left {
                hash_node(&hash, other)
            } else {
                hash_node(other, &hash)
            }
        });
        if root == checkpoint.root {
            Ok(())
        } else {
            Err(ProofError::Absent)
        }
    }
}

impl std::fmt::Display for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        writeln!(f, "extra {}", STANDARD.encode(&self.record))?;
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", STANDARD.encode(hash))?;
        }
        write!(f, "\n{}", self.note)
    }
}
