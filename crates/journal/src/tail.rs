//! What came after the last checkpoint: files to which groups of records are appended. Each group ends
//! with a seal, which only the gateway can make and check, or with a mark, which anybody can check: a
//! mark costs twenty times as much, so there is one whenever the disk is waited for, and at least ten a
//! second. So an edit is found before a checkpoint covers it, and what a crash left half written ends
//! where the last group does.
//!
//! A file is a head (16 bytes, then the number of its first record and the size of the journal at the
//! last mark, big-endian) and frames: a length of two bytes, a kind, and so many bytes. Kind `0` is a
//! record: its kind and bytes are what its leaf is the hash of. Kind `1` is a seal: a size of eight
//! bytes, and the MAC of the edge of the tree of that size. Kind `2` is a mark: a size of eight bytes, a
//! root, and the Ed25519 signature of the text of the checkpoint of that size and root. The size in the
//! head is written after the mark, so that a file which was cut behind a mark is told from a whole one.

use crate::edge::Edge;
use crate::hash::{Hash, hash_framed, hash_leaf};
use crate::note::{Signer, VerifierKey};

mod scanned;

pub(crate) use scanned::{Judge, Judged, Rest};
pub use scanned::{Scanned, scan};

const MAGIC: &[u8; 16] = b"ironward tail 2\n";
const RECORD: u8 = 0;
const SEAL: u8 = 1;
const MARK: u8 = 2;
const SEAL_LENGTH: u16 = 8 + 32;
const MARK_LENGTH: u16 = 8 + 32 + 64;

/// Where the size stands in the head.
pub(crate) const SIZE_AT: u64 = 24;
/// How long the head is.
pub(crate) const HEAD: usize = 32;

/// The head of a tail that starts with this record, in a journal of this size.
pub(crate) fn head(first: u64, size: u64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&first.to_be_bytes());
    bytes.extend_from_slice(&size.to_be_bytes());
    bytes
}

/// Writes the frame of a record.
pub(crate) fn write_record(record: &[u8], to: &mut Vec<u8>) {
    let length = u16::try_from(record.len()).unwrap_or(u16::MAX);
    to.extend_from_slice(&length.to_be_bytes());
    to.push(RECORD);
    to.extend(record.iter().take(length.into()));
}

/// Ends a group with a seal.
pub(crate) fn write_seal(edge: &Edge, signer: &Signer, to: &mut Vec<u8>) {
    to.extend_from_slice(&SEAL_LENGTH.to_be_bytes());
    to.push(SEAL);
    to.extend_from_slice(&edge.size().to_be_bytes());
    to.extend_from_slice(&signer.seal(edge));
}

/// Ends a group with a mark.
pub(crate) fn write_mark(edge: &Edge, signer: &Signer, to: &mut Vec<u8>) {
    let (size, root) = (edge.size(), edge.root());
    to.extend_from_slice(&MARK_LENGTH.to_be_bytes());
    to.push(MARK);
    to.extend_from_slice(&size.to_be_bytes());
    to.extend_from_slice(&root);
    to.extend_from_slice(&signer.sign(size, root));
}

/// Records in their frames, one after the other.
pub(crate) struct Frames<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Frames<'a> {
    /// The frame without its length: what the leaf is the hash of.
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length)) + 1;
        let (frame, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(frame)
    }
}

/// The records of a tail: what it takes to write it anew, and to make tiles of it.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    frames: Vec<u8>,
    /// Of each record.
    leaves: Vec<Hash>,
    /// Of each full tile of them.
    full: Vec<Hash>,
}

/// Room that is kept for the records of the next tail, though those of this one were fewer.
const SPARE: usize = 1 << 20;

impl Kept {
    /// Adds records, which come to the end of the tree.
    pub(crate) fn add(&mut self, frames: &[u8], edge: &mut Edge) {
        self.frames.extend_from_slice(frames);
        for frame in Frames(frames) {
            let leaf = hash_framed(frame);
            self.leaves.push(leaf);
            self.full.extend(edge.push(leaf));
        }
    }

    pub(crate) fn frames(&self) -> &[u8] {
        &self.frames
    }

    pub(crate) fn leaves(&self) -> &[Hash] {
        &self.leaves
    }

    pub(crate) fn full(&self) -> &[Hash] {
        &self.full
    }

    pub(crate) const fn len(&self) -> usize {
        self.leaves.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// How much there is, to go back to.
    pub(crate) const fn mark(&self) -> [usize; 3] {
        [self.frames.len(), self.leaves.len(), self.full.len()]
    }

    /// As if nothing had been added since.
    pub(crate) fn go_back(&mut self, [frames, leaves, full]: [usize; 3]) {
        self.frames.truncate(frames);
        self.leaves.truncate(leaves);
        self.full.truncate(full);
    }

    /// Makes room for other records, in the same memory unless that is far more than these took.
    pub(crate) fn clear(&mut self) {
        if self.frames.capacity() > SPARE && self.frames.capacity() / 4 > self.frames.len() {
            *self = Self::default();
        }
        self.go_back([0; 3]);
    }
}

#[cfg(test)]
mod tests;
