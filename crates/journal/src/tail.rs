//! What came after the last checkpoint: files to which groups of records are appended, each group
//! with a mark that signs the tree up to it. So an edit is found before a checkpoint covers it, and
//! what a crash left half written ends where the last mark does.
//!
//! A file is a head (16 bytes, then the number of its first record and the size of the journal at its
//! end, big-endian) and frames: `1`, a length of two bytes, a record; or `2`, a size of eight bytes, a
//! root, and the Ed25519 signature of the text of the checkpoint of that size and root. The size in
//! the head is written after the frames, so that a file which was cut behind a mark is told from a
//! whole one.

use crate::edge::Edge;
use crate::hash::{Hash, hash_leaf};
use crate::note::{Signer, VerifierKey};
use crate::tile::write_entry;

const MAGIC: &[u8; 16] = b"ironward tail 1\n";
pub(crate) const RECORD: u8 = 1;
const MARK: u8 = 2;

/// Where the size stands in the head.
pub(crate) const SIZE_AT: u64 = 24;
/// How long the head is.
const HEAD: usize = 32;

/// The head of a tail that starts with this record, in a journal of this size.
pub(crate) fn head(first: u64, size: u64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&first.to_be_bytes());
    bytes.extend_from_slice(&size.to_be_bytes());
    bytes
}

/// Writes a group of records and its mark, and appends them to the edge.
pub(crate) fn write_group(records: &[Vec<u8>], edge: &mut Edge, signer: &Signer, to: &mut Vec<u8>) {
    for record in records {
        to.push(RECORD);
        write_entry(record, to);
        edge.push(hash_leaf(record));
    }
    let (size, root) = (edge.size(), edge.root());
    to.push(MARK);
    to.extend_from_slice(&size.to_be_bytes());
    to.extend_from_slice(&root);
    to.extend_from_slice(&signer.sign(size, root));
}

/// A mark, and where it stands.
#[derive(Debug, Clone)]
struct Mark {
    size: u64,
    root: Hash,
    signature: [u8; 64],
    /// How many records of the file are before it.
    records: usize,
    /// Where it ends.
    end: usize,
}

/// The frames of a tail, as far as they are whole.
#[derive(Debug, Clone)]
pub struct Scanned<'a> {
    /// The number of the first record.
    pub first: u64,
    /// The size of the journal, as its head says.
    pub size: u64,
    /// The records, whether a mark follows them or not.
    pub records: Vec<&'a [u8]>,
    marks: Vec<Mark>,
    /// Whether the file ends with a whole mark, or has nothing but its head.
    is_whole: bool,
}

/// How far a tail holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judged {
    /// How many of its records are signed for.
    pub(crate) records: usize,
    /// Where the last good mark ends.
    pub(crate) end: usize,
    /// What is wrong with the rest, if there is one.
    pub(crate) rest: Option<Rest>,
    /// Where the group that is not good ends, if that can be told: how many records before it.
    pub(crate) until: usize,
    /// Whether the head knows of fewer records than are signed for: a crash came between the two.
    pub(crate) is_head_behind: bool,
}

/// What is wrong with the rest of a tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It ends in the middle of a group: what a crash leaves.
    Cut,
    /// A whole mark is not that of the records before it, or not signed: nothing that a crash of the
    /// process leaves.
    Changed,
}

/// Reads the frames of a tail; `None` when it has no head.
#[must_use]
pub fn scan(bytes: &[u8]) -> Option<Scanned<'_>> {
    let (magic, rest) = bytes.split_first_chunk::<16>()?;
    let (first, rest) = rest.split_first_chunk::<8>()?;
    let (size, mut rest) = rest.split_first_chunk::<8>()?;
    if magic != MAGIC {
        return None;
    }
    let mut scanned = Scanned {
        first: u64::from_be_bytes(*first),
        size: u64::from_be_bytes(*size),
        records: Vec::new(),
        marks: Vec::new(),
        is_whole: rest.is_empty(),
    };
    while let Some((&kind, body)) = rest.split_first() {
        let after = match kind {
            RECORD => take_record(body, &mut scanned),
            MARK => take_mark(body, bytes.len(), &mut scanned),
            _ => None,
        };
        let Some(after) = after else {
            scanned.is_whole = false;
            break;
        };
        scanned.is_whole = kind == MARK;
        rest = after;
    }
    Some(scanned)
}

fn take_record<'a>(body: &'a [u8], scanned: &mut Scanned<'a>) -> Option<&'a [u8]> {
    let (length, body) = body.split_first_chunk::<2>()?;
    let (record, after) = body.split_at_checked(u16::from_be_bytes(*length).into())?;
    scanned.records.push(record);
    Some(after)
}

fn take_mark<'a>(body: &'a [u8], length: usize, scanned: &mut Scanned<'a>) -> Option<&'a [u8]> {
    let (size, body) = body.split_first_chunk::<8>()?;
    let (root, body) = body.split_first_chunk::<32>()?;
    let (signature, after) = body.split_first_chunk::<64>()?;
    scanned.marks.push(Mark {
        size: u64::from_be_bytes(*size),
        root: *root,
        signature: *signature,
        records: scanned.records.len(),
        end: length - after.len(),
    });
    Some(after)
}

impl Scanned<'_> {
    /// How far it holds after a tree with this edge, which is moved on to there.
    pub(crate) fn judge(&self, edge: &mut Edge, key: &VerifierKey) -> Judged {
        let matching = self.matching(edge.clone());
        let is_all = matching.len() == self.marks.len();
        // A mark signs everything before it: the last good one says it for all.
        let good = matching
            .iter()
            .rev()
            .find(|mark| key.is_signed(mark.size, &mark.root, &mark.signature));
        let (records, end) = good.map_or((0, HEAD), |mark| (mark.records, mark.end));
        for record in self.records.iter().take(records) {
            edge.push(hash_leaf(record));
        }
        let is_last = self.marks.last().is_none_or(|mark| mark.end == end);
        let rest = match (is_all && is_last, self.is_whole && self.size <= edge.size()) {
            (true, true) => None,
            (true, false) => Some(Rest::Cut),
            (false, _) => Some(Rest::Changed),
        };
        let bad = self.marks.iter().find(|mark| mark.end > end);
        Judged {
            records,
            end,
            rest,
            until: bad.map_or(self.records.len(), |mark| mark.records),
            is_head_behind: self.size < edge.size(),
        }
    }

    /// The number of the last record of the first group whose own signature is not good. Where a later
    /// one is, the records hold all the same.
    pub(crate) fn unsigned(&self, key: &VerifierKey) -> Option<u64> {
        let is_bad = |mark: &&Mark| !key.is_signed(mark.size, &mark.root, &mark.signature);
        let bad = self.marks.iter().find(is_bad)?;
        Some(bad.size.saturating_sub(1))
    }

    /// The marks that are those of the records before them.
    fn matching(&self, mut edge: Edge) -> Vec<&Mark> {
        let mut records = self.records.iter();
        let mut taken = 0;
        let mut matching = Vec::new();
        for mark in &self.marks {
            for record in records.by_ref().take(mark.records - taken) {
                edge.push(hash_leaf(record));
            }
            taken = mark.records;
            if (edge.size(), edge.root()) != (mark.size, mark.root) {
                break;
            }
            matching.push(mark);
        }
        matching
    }
}

#[cfg(test)]
mod tests {
    use super::{HEAD, Rest, head, scan, write_group};
    use crate::edge::Edge;
    use crate::note::Signer;

    fn tail(groups: &[&[&str]]) -> (Vec<u8>, Vec<usize>) {
        let signer = Signer::new("t", &[1; 32]).unwrap();
        let mut edge = Edge::default();
        let mut bytes = head(0, 0);
        let mut ends = vec![bytes.len()];
        for group in groups {
            let records: Vec<_> = group.iter().map(|text| text.as_bytes().to_vec()).collect();
            write_group(&records, &mut edge, &signer, &mut bytes);
            ends.push(bytes.len());
        }
        bytes[..HEAD].copy_from_slice(&head(0, edge.size()));
        (bytes, ends)
    }

    #[test]
    fn a_cut_tail_holds_up_to_its_last_whole_group() {
        let (bytes, ends) = tail(&[&["a"], &["b", "c"], &["d"]]);
        let key = Signer::new("t", &[1; 32]).unwrap();
        for cut in ends[0]..=bytes.len() {
            let mut edge = Edge::default();
            let judged = scan(&bytes[..cut]).unwrap().judge(&mut edge, key.key());
            let last = ends.iter().rposition(|end| *end <= cut).unwrap();
            assert_eq!(judged.records, [0, 1, 3, 4][last]);
            assert_eq!(judged.end, ends[last]);
            let is_end = cut == bytes.len();
            assert_eq!(judged.rest, (!is_end).then_some(Rest::Cut), "{cut}");
            assert_eq!(edge.size(), judged.records as u64);
        }
        for cut in 0..HEAD {
            assert!(scan(&bytes[..cut]).is_none());
        }
    }

    #[test]
    fn no_byte_of_a_tail_can_be_changed() {
        let (bytes, ends) = tail(&[&["a"], &["b", "c"]]);
        let key = Signer::new("t", &[1; 32]).unwrap();
        for at in ends[0]..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let scanned = scan(&changed).unwrap();
            let judged = scanned.judge(&mut Edge::default(), key.key());
            let is_signature = (ends[1] - 64..ends[1]).contains(&at);
            if is_signature {
                assert_eq!(scanned.unsigned(key.key()), Some(0));
                assert_eq!((judged.records, judged.rest), (3, None));
                continue;
            }
            let before = usize::from(at >= ends[1]);
            assert_eq!(judged.records, before, "{at}");
            assert!(judged.rest.is_some());
        }
    }
}
