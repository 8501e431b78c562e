use std::collections::BTreeMap;

use crate::catalogue::Item;
use crate::{Catalogue, write_entry};

/// What another catalogue says differently of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The name.
    pub name: String,
    /// What the first one says: parts of its line that the other does not have.
    pub before: Vec<String>,
    /// What the other one says.
    pub after: Vec<String>,
}

/// What differs between two catalogues, in the order of names. A name that only one of them has
/// differs in everything.
#[must_use]
pub fn differences(before: &Catalogue<'_>, after: &Catalogue<'_>) -> Vec<Change> {
    let mut names: BTreeMap<&str, [Vec<String>; 2]> = BTreeMap::new();
    for (at, catalogue) in [before, after].into_iter().enumerate() {
        for (name, item) in catalogue.items() {
            if let Some(parts) = names.entry(name).or_default().get_mut(at) {
                *parts = parts_of(&item);
            }
        }
    }
    let changes = names.into_iter().filter_map(|(name, [before, after])| {
        let only = |these: &[String], others: &[String]| -> Vec<String> {
            let these = these.iter().filter(|part| !others.contains(part));
            these.cloned().collect()
        };
        let change = Change {
            name: name.to_owned(),
            before: only(&before, &after),
            after: only(&after, &before),
        };
        (!change.before.is_empty() || !change.after.is_empty()).then_some(change)
    });
    changes.collect()
}

fn parts_of(item: &Item<'_>) -> Vec<String> {
    match item {
        Item::Alias(target) => vec![format!("= {target}")],
        Item::Entry(entry) => {
            let line = write_entry(entry.provider, entry);
            line.split(' ').map(str::to_owned).collect()
        }
    }
}
