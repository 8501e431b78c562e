use super::{HEAD, MAGIC, MARK, RECORD, SEAL, hash_leaf};
use crate::edge::Edge;
use crate::hash::Hash;
use crate::note::Signer;

use super::VerifierKey;

/// The end of a group, and where it stands.
#[derive(Debug, Clone)]
struct End {
    size: u64,
    proof: Proof,
    /// How many records of the file are before it.
    records: usize,
    /// Where it ends.
    at: usize,
}

#[derive(Debug, Clone)]
enum Proof {
    Seal([u8; 32]),
    Mark(Hash, [u8; 64]),
}

/// The frames of a tail, as far as they are whole.
#[derive(Debug, Clone)]
pub struct Scanned<'a> {
    /// The number of the first record.
    pub first: u64,
    /// The size of the journal at the last mark, as its head says.
    pub size: u64,
    /// The records, whether the end of a group follows them or not.
    pub records: Vec<&'a [u8]>,
    ends: Vec<End>,
    /// Whether the file ends with the end of a group, or has nothing but its head.
    is_whole: bool,
}

/// Who looks at a tail, and what they can check.
#[derive(Clone, Copy)]
pub(crate) enum Judge<'a> {
    /// Anybody: marks.
    Public(&'a VerifierKey),
    /// The gateway: marks and seals.
    Gateway(&'a Signer),
}

/// How far a tail holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judged {
    /// How many of its records hold.
    pub(crate) records: usize,
    /// How many of these are signed for. Where seals cannot be checked the others hold as far as can be
    /// told.
    pub(crate) signed: usize,
    /// Where the last group that holds ends.
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
    /// The end of a group is not that of the records before it: nothing that a crash of the process
    /// leaves.
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
        ends: Vec::new(),
        is_whole: rest.is_empty(),
    };
    while !rest.is_empty() {
        let Some((is_end, after)) = scanned.take(rest, bytes.len()) else {
            scanned.is_whole = false;
            break;
        };
        scanned.is_whole = is_end;
        rest = after;
    }
    Some(scanned)
}

impl<'a> Scanned<'a> {
    /// Takes a frame; whether it ends a group, and what comes after it.
    fn take(&mut self, frame: &'a [u8], length: usize) -> Option<(bool, &'a [u8])> {
        let (count, rest) = frame.split_first_chunk::<2>()?;
        let (kind, rest) = rest.split_first()?;
        let (body, after) = rest.split_at_checked(u16::from_be_bytes(*count).into())?;
        if *kind == RECORD {
            self.records.push(body);
            return Some((false, after));
        }
        let (size, body) = body.split_first_chunk::<8>()?;
        let proof = match *kind {
            SEAL => Proof::Seal(body.try_into().ok()?),
            MARK => {
                let (root, signature) = body.split_first_chunk::<32>()?;
                Proof::Mark(*root, signature.try_into().ok()?)
            }
            _ => return None,
        };
        self.ends.push(End {
            size: u64::from_be_bytes(*size),
            proof,
            records: self.records.len(),
            at: length - after.len(),
        });
        Some((true, after))
    }
}

impl Judge<'_> {
    /// Whether the end of a group can be that of a tree with this edge.
    fn takes(self, end: &End, edge: &Edge) -> bool {
        let is_proof = match (&end.proof, self) {
            (Proof::Seal(seal), Self::Gateway(signer)) => signer.is_seal(edge, seal),
            (Proof::Seal(_), Self::Public(_)) => true,
            (Proof::Mark(root, _), _) => edge.root() == *root,
        };
        end.size == edge.size() && is_proof
    }

    /// Whether it says so in a way that only the gateway could; `None`: nobody else can tell.
    fn is_proven(self, end: &End) -> Option<bool> {
        let key = match self {
            Self::Public(key) => key,
            Self::Gateway(signer) => signer.key(),
        };
        match (&end.proof, self) {
            (Proof::Seal(_), Self::Gateway(_)) => Some(true),
            (Proof::Seal(_), Self::Public(_)) => None,
            (Proof::Mark(root, signature), _) => Some(key.is_signed(end.size, root, signature)),
        }
    }
}

impl Scanned<'_> {
    /// How far it holds after a tree with this edge, which is moved on to there.
    pub(crate) fn judge(&self, edge: &mut Edge, judge: Judge<'_>) -> Judged {
        let matching = self.matching(edge.clone(), judge);
        let is_all = matching.len() == self.ends.len();
        // The end of a group vouches for everything before it: the last good one says it for all. Behind
        // it may be ends about which nobody here can tell.
        let mut open = None;
        let mut good = None;
        for end in matching.iter().rev() {
            match judge.is_proven(end) {
                Some(true) => {
                    good = Some(*end);
                    break;
                }
                // Seals before a mark that is not good hold no better than it.
                Some(false) => open = Some(*end),
                None => {}
            }
        }
        let is_sound = is_all && open.is_none();
        let last = if is_sound { self.ends.last() } else { good };
        let (records, at) = last.map_or((0, HEAD), |end| (end.records, end.at));
        let signed = if matches!(judge, Judge::Public(_)) {
            good.map_or(0, |end| end.records)
        } else {
            self.signed().min(records)
        };
        for record in self.records.iter().take(records) {
            edge.push(hash_leaf(record));
        }
        let rest = match (is_sound, self.is_whole && self.size <= edge.size()) {
            (true, true) => None,
            (true, false) => Some(Rest::Cut),
            (false, _) => Some(Rest::Changed),
        };
        let bad = self.ends.iter().find(|end| end.at > at);
        let is_behind = self.first.saturating_add(count(signed)) > self.size;
        Judged {
            records,
            signed,
            end: at,
            rest,
            until: bad.map_or(self.records.len(), |end| end.records),
            is_head_behind: signed > 0 && is_behind,
        }
    }

    /// How many records are before the last mark.
    fn signed(&self) -> usize {
        let is_mark = |end: &&End| matches!(end.proof, Proof::Mark(..));
        let last = self.ends.iter().rev().find(is_mark);
        last.map_or(0, |end| end.records)
    }

    /// The number of the last record before the first mark whose own signature is not good. Where a later
    /// one is, the records hold all the same.
    pub(crate) fn unsigned(&self, key: &VerifierKey) -> Option<u64> {
        let judge = Judge::Public(key);
        let is_bad = |end: &&End| judge.is_proven(end) == Some(false);
        let bad = self.ends.iter().find(is_bad)?;
        Some(bad.size.saturating_sub(1))
    }

    /// The ends of groups that are those of the records before them.
    fn matching(&self, mut edge: Edge, judge: Judge<'_>) -> Vec<&End> {
        let mut records = self.records.iter();
        let mut taken = 0;
        let mut matching = Vec::new();
        for end in &self.ends {
            for record in records.by_ref().take(end.records - taken) {
                edge.push(hash_leaf(record));
            }
            taken = end.records;
            if !judge.takes(end, &edge) {
                break;
            }
            matching.push(end);
        }
        matching
    }
}

fn count(records: usize) -> u64 {
    u64::try_from(records).unwrap_or(u64::MAX)
}
