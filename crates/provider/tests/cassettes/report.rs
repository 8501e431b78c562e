//! Which exchanges are handled, as a table and against the checked-in list.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::exchange::{Exchange, Kind};

/// Where `one` and `two` begin to differ.
pub(crate) fn difference(what: &str, one: &impl fmt::Debug, two: &impl fmt::Debug) -> String {
    let (one, two) = (format!("{one:?}"), format!("{two:?}"));
    let same = one
        .chars()
        .zip(two.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let around = |text: &str| -> String {
        text.chars()
            .skip(same.saturating_sub(120))
            .take(360)
            .collect()
    };
    format!("{what}:\n  {}\n  {}", around(&one), around(&two))
}

#[derive(Default)]
pub(crate) struct Report {
    counts: BTreeMap<(String, Kind), (usize, usize)>,
    seen: BTreeSet<String>,
    failed: BTreeMap<String, Failure>,
}

struct Failure {
    recorded: String,
    kind: Kind,
    reason: String,
}

impl Report {
    pub(crate) fn add(&mut self, exchange: &Exchange, outcome: Result<(), String>) {
        let key = (exchange.recorded().to_owned(), exchange.kind);
        let (handled, total) = self.counts.entry(key).or_default();
        *total += 1;
        self.seen.insert(exchange.id().to_owned());
        match outcome {
            Ok(()) => *handled += 1,
            Err(reason) => {
                let failure = Failure {
                    recorded: exchange.recorded().to_owned(),
                    kind: exchange.kind,
                    reason,
                };
                self.failed.insert(exchange.id().to_owned(), failure);
            }
        }
    }

    /// What is not as `expected` says, a line `id provider kind: reason` an exchange.
    pub(crate) fn differences(&self, expected: &str) -> Vec<String> {
        let listed: BTreeSet<&str> = expected
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        let new = self
            .failed
            .iter()
            .filter(|(id, _)| !listed.contains(id.as_str()))
            .map(|(id, failure)| format!("not handled: {id} {failure}"));
        let gone = listed
            .iter()
            .filter(|id| self.seen.contains(**id) && !self.failed.contains_key(**id))
            .map(|id| format!("handled, but listed in not_handled.txt: {id}"));
        new.chain(gone).collect()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason: String = self.reason.chars().take(1_500).collect();
        write!(f, "{} {:?}: {reason}", self.recorded, self.kind)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut all_handled, mut all) = (0, 0);
        for ((provider, kind), (handled, total)) in &self.counts {
            writeln!(
                f,
                "{provider:<18} {:<15} {handled:>5} / {total}",
                format!("{kind:?}")
            )?;
            all_handled += handled;
            all += total;
        }
        writeln!(f, "{:<34} {all_handled:>5} / {all}", "all")?;
        for (id, failure) in &self.failed {
            writeln!(f, "{id} {failure}")?;
        }
        Ok(())
    }
}
