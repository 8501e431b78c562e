//! `ironward store`: what the database holds, and the word of an administrator about it.

use std::collections::BTreeMap;

use ironward_store::snapshot::Snapshot;
use ironward_store::{Stored, Tampering};
use serde_json::json;

use crate::args::{ShowArgs, StoreCommand};
use crate::banner;
use crate::exit::Failure;
use crate::state::State;
use crate::table::table;

/// Runs one of the commands.
pub(crate) fn run(command: &StoreCommand) -> Result<(), Failure> {
    match command {
        StoreCommand::Status(args) => show_status(args),
        StoreCommand::Accept(args) => accept(args),
    }
}

fn show_status(args: &ShowArgs) -> Result<(), Failure> {
    let (installation, counts, refused) = State::read(&args.state)?.run(async |opening| {
        let opened = opening.open().await?;
        let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut count = |stored: Stored| {
            if stored.content.is_some() {
                *counts.entry(stored.kind.as_str()).or_default() += 1;
            }
        };
        let load = opened.store.load_all(None, None, &mut count).await?;
        let installation = opened.store.locked().installation().to_owned();
        Ok((installation, counts, load.tampering))
    })?;
    if args.json {
        let report = json!({"installation": installation, "objects": counts,
                            "refused": refused.iter().map(as_json).collect::<Vec<_>>()});
        banner::print(&format!("{report}\n"));
    } else {
        let rows: Vec<_> = counts
            .iter()
            .map(|(kind, count)| [(*kind).to_owned(), count.to_string()])
            .collect();
        banner::print(&format!(
            "installation {installation}\n\n{}{}",
            table(["objects", "count"], &rows),
            lines("refused: ", &refused)
        ));
    }
    if refused.is_empty() {
        return Ok(());
    }
    Err(Failure::Tampered(format!(
        "{} rows were not written by ironward as they are: find out who wrote to the database, then \
         run ironward store accept",
        refused.len()
    )))
}

fn accept(args: &ShowArgs) -> Result<(), Failure> {
    let removed = State::read(&args.state)?.run(async |opening| {
        let opened = opening.open().await?;
        let path = opening.data_dir.snapshot();
        let keys = opened.store.keys();
        let earlier = Snapshot::open(&path).and_then(|snapshot| snapshot.unlock(keys));
        // Whatever is wrong with the snapshot, another one takes its place below.
        let after = earlier.ok().map(|earlier| earlier.seq());
        let removed = opened.store.accept(after).await?;
        opened.store.write_snapshot(&path).await?;
        Ok(removed)
    })?;
    banner::print(&if args.json {
        let removed: Vec<_> = removed.iter().map(as_json).collect();
        format!("{}\n", json!({ "removed": removed }))
    } else {
        format!(
            "the database is taken as it is: {} rows were removed\n{}",
            removed.len(),
            lines("removed: ", &removed)
        )
    });
    Ok(())
}

fn lines(what: &str, rows: &[Tampering]) -> String {
    rows.iter().map(|row| format!("{what}{row}\n")).collect()
}

fn as_json(tampering: &Tampering) -> serde_json::Value {
    json!({"kind": &*tampering.kind, "id": &*tampering.id, "wrong": tampering.to_string()})
}
