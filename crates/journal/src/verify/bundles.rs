use std::io;

use super::{Check, Subject, Wrong};
use crate::hash::{Hash, hash_leaf};
use crate::tile::{Bundle, Tile, WIDTH, read_bundle};

impl Check<'_> {
    /// The records of a bundle have to be those of the hashes.
    pub(super) fn check_bundle(&mut self, tile: Tile, hashes: &[Hash]) -> io::Result<()> {
        let first = tile.index * WIDTH;
        let count = u64::try_from(hashes.len()).unwrap_or(u64::MAX);
        if !self.reads(first, first + count) {
            return Ok(());
        }
        let bundle = Bundle {
            index: tile.index,
            width: tile.width,
        };
        let Some(bytes) = self.what.folder.read(&bundle.path())? else {
            let detail = format!("{} is not there", bundle.path());
            self.find(
                Subject::Records(first, first + count),
                Wrong::Missing,
                detail,
            );
            return Ok(());
        };
        self.report.read += count;
        let Some(records) = read_bundle(&bytes) else {
            return self.locate(&bundle, first, &cut_records(&bytes), hashes);
        };
        let is_good = records.len() == hashes.len()
            && records
                .iter()
                .zip(hashes)
                .all(|(record, hash)| hash_leaf(record) == *hash);
        if is_good {
            return Ok(());
        }
        self.locate(&bundle, first, &records, hashes)
    }

    /// Says which records of a bundle are wrong.
    fn locate(
        &mut self,
        bundle: &Bundle,
        first: u64,
        records: &[&[u8]],
        hashes: &[Hash],
    ) -> io::Result<()> {
        let found: Vec<Hash> = records.iter().map(|record| hash_leaf(record)).collect();
        // What is good at the beginning and at the end stands in its place; between lies what is wrong.
        let head = found.iter().zip(hashes);
        let head = head.take_while(|(found, hash)| found == hash).count();
        let tail = found.iter().rev().zip(hashes.iter().rev());
        let tail = tail.take_while(|(found, hash)| found == hash).count();
        let tail = tail.min(found.len().min(hashes.len()) - head);
        let number = |at: usize| first + u64::try_from(at).unwrap_or(u64::MAX);
        let wrong = found.get(head..found.len() - tail).unwrap_or_default();
        let due = hashes.get(head..hashes.len() - tail).unwrap_or_default();
        if wrong.len() != due.len() {
            let (kind, what) = if wrong.len() < due.len() {
                (Wrong::Missing, "fewer records than were signed")
            } else {
                (Wrong::Edited, "more records than were signed")
            };
            let end = number(head + due.len().max(1));
            let detail = format!("{} holds {what}", bundle.path());
            self.find(Subject::Records(number(head), end), kind, detail);
            return Ok(());
        }
        if wrong.is_empty() {
            let detail = "it does not end with a whole record";
            self.find(Subject::File(bundle.path()), Wrong::Edited, detail);
        }
        for (at, (found, hash)) in wrong.iter().zip(due).enumerate() {
            if found == hash {
                continue;
            }
            let place = hashes.iter().position(|hash| hash == found);
            let (kind, detail) = match place {
                Some(place) => {
                    let detail = format!("record {} stands in its place", number(place));
                    (Wrong::Reordered, detail)
                }
                None => (
                    Wrong::Edited,
                    format!("in {}: not what was signed", bundle.path()),
                ),
            };
            self.find(Subject::Record(number(head + at)), kind, detail);
        }
        Ok(())
    }
}

/// The records of a bundle that does not end with a whole one.
fn cut_records(bytes: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk::<2>()
        && let Some((record, after)) = after.split_at_checked(u16::from_be_bytes(*length).into())
    {
        records.push(record);
        rest = after;
    }
    records
}
