use std::io;

use super::{Check, Subject, Wrong};
use crate::edge::Edge;
use crate::folder::Folder;
use crate::tail::{Judge, Judged, Rest, Scanned, scan};

impl Check<'_> {
    /// What the tails hold behind the checkpoint; how many records there are with them. Without an
    /// edge nothing can be said of them.
    pub(super) fn check_tails(&mut self, size: u64, edge: Option<Edge>) -> io::Result<u64> {
        let Some(mut edge) = edge else {
            return Ok(size);
        };
        let mut is_there = false;
        for first in self.what.folder.tails()? {
            let name = Folder::tail(first);
            let bytes = self.what.folder.read(&name)?.unwrap_or_default();
            let Some(scanned) = scan(&bytes).filter(|scanned| scanned.first == first) else {
                let detail = "it does not begin as a tail does";
                self.find(Subject::File(name), Wrong::Edited, detail);
                is_there = true;
                continue;
            };
            let end = first.saturating_add(count(scanned.records.len()));
            if first < size && end <= size {
                // It has a checkpoint and was about to go.
                continue;
            }
            if first != edge.size() {
                let detail = format!("nothing is there before {name}");
                self.find(Subject::Records(edge.size(), first), Wrong::Missing, detail);
                is_there = true;
                break;
            }
            is_there = true;
            let judged = scanned.judge(&mut edge, Judge::Public(self.what.key));
            self.find_rest(&name, &scanned, &judged);
            self.report.unsigned += count(judged.records - judged.signed);
            let unsigned = scanned
                .unsigned(self.what.key)
                .filter(|_| judged.rest.is_none());
            if let Some(record) = unsigned {
                let detail = format!("the signature after record {record} is not good");
                self.find(Subject::File(name), Wrong::Edited, detail);
            }
        }
        if !is_there {
            let detail = "no tail is there, and what came after the checkpoint with it";
            self.find(Subject::File(Folder::tail(size)), Wrong::Missing, detail);
        }
        self.report.in_tails = edge.size() - size - self.report.unsigned;
        Ok(edge.size())
    }

    fn find_rest(&mut self, name: &str, scanned: &Scanned<'_>, judged: &Judged) {
        let number = |at: usize| scanned.first.saturating_add(count(at));
        let start = number(judged.records);
        let (wrong, end, detail) = match judged.rest {
            None if judged.is_head_behind => {
                let detail = "its head does not know of its last records";
                self.find(Subject::File(name.to_owned()), Wrong::Torn, detail);
                return;
            }
            None => return,
            Some(Rest::Cut) if scanned.size > number(scanned.records.len()) => {
                (Wrong::Missing, scanned.size, "cut off the end of")
            }
            Some(Rest::Cut) => (Wrong::Torn, number(judged.until), "not whole in"),
            Some(Rest::Changed) => (
                Wrong::Edited,
                number(judged.until),
                "not what was signed in",
            ),
        };
        let end = end.max(start + 1);
        self.find(
            Subject::Records(start, end),
            wrong,
            format!("{detail} {name}"),
        );
    }
}

fn count(records: usize) -> u64 {
    u64::try_from(records).unwrap_or(u64::MAX)
}
