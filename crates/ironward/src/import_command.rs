//! `ironward import`: what another gateway's database holds, taken over.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use ironward_admin::{Existing, Import, ImportedRow, Note, import};
use ironward_core::{Clock as _, SystemClock};
use ironward_secret::{KeyHasher, Secret};
use ironward_store::litellm::read_tables;
use ironward_store::objects::Kind;
use ironward_store::{StoreError, Stored};
use serde_json::{Value, json};

use crate::args::{ImportCommand, LitellmArgs};
use crate::banner;
use crate::exit::Failure;
use crate::installation::Opening;
use crate::shared_secrets::SharedSecrets;
use crate::state::State;
use crate::table::{one_line, table};

/// Runs one of the commands.
pub(crate) fn run(command: &ImportCommand) -> Result<(), Failure> {
    let ImportCommand::Litellm(args) = command;
    let import =
        State::read(&args.show.state)?.run(async |opening| take_over(args, opening).await)?;
    banner::print(&if args.show.json {
        format!("{}\n", as_json(&import, args.dry_run))
    } else {
        report(&import, args.dry_run)
    });
    Ok(())
}

/// Reads everything before anything is written; writes batch by batch, each whole or not at all.
async fn take_over(args: &LitellmArgs, opening: &Opening<'_>) -> Result<Import, Failure> {
    let rows = match (&args.file, &args.from) {
        (Some(file), _) => read_file(file)?,
        (None, Some(url)) => read_database(url).await?,
        (None, None) => {
            return Err(Failure::Usage(
                "name LiteLLM's database with --from or LITELLM_DATABASE_URL, or an export with \
                 --file"
                    .to_owned(),
            ));
        }
    };
    let installation = opening.open().await?;
    let store = &installation.store;
    let mut existing = Existing::default();
    let mut has_keys = false;
    let mut learn = |stored: Stored| {
        has_keys |= stored.kind == Kind::Key;
        existing.learn(&stored);
    };
    store.load_all(None, None, &mut learn).await?;
    let secrets = SharedSecrets::of(store, Arc::clone(&opening.random)).await?;
    let hasher: KeyHasher = secrets.hasher(opening.data_dir, has_keys).await?;
    let now = SystemClock.wall().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
    let import = import(rows, existing, &hasher, now);
    if !args.dry_run {
        for batch in &import.batches {
            store.write(batch).await?;
        }
    }
    Ok(import)
}

async fn read_database(url: &str) -> Result<Vec<ImportedRow>, Failure> {
    let tables = read_tables(Secret::new(url.trim().as_bytes())).await;
    let tables = tables.map_err(|error| unreadable(&error))?;
    if tables
        .iter()
        .all(|(table, _)| *table != "LiteLLM_VerificationToken")
    {
        return Err(Failure::Store(
            "the database holds no table LiteLLM_VerificationToken: it is not LiteLLM's, or its \
             tables are in another schema (add ?options=-csearch_path%3DSCHEMA to its address)"
                .to_owned(),
        ));
    }
    let mut rows = Vec::new();
    for (table, texts) in tables {
        for text in texts {
            let columns = serde_json::from_str(&text)
                .map_err(|error| Failure::Run(format!("a row of {table} is no JSON: {error}")))?;
            let table = table.into();
            rows.push(ImportedRow { table, columns });
        }
    }
    Ok(rows)
}

/// The store speaks of Ironward's own database otherwise.
fn unreadable(error: &StoreError) -> Failure {
    Failure::Store(match error {
        StoreError::Unreachable { place, reason } => format!(
            "LiteLLM's database {place} cannot be read ({reason}): correct --from or \
             LITELLM_DATABASE_URL"
        ),
        StoreError::Address(_) => "the address of LiteLLM's database cannot be read: write \
                                   postgresql://USER:PASSWORD@HOST:PORT/NAME"
            .to_owned(),
        other => format!("LiteLLM's database cannot be read: {other}"),
    })
}

/// One object a line: `{"table":"LiteLLM_TeamTable","row":{...}}`.
fn read_file(path: &Path) -> Result<Vec<ImportedRow>, Failure> {
    let failed = |what: &dyn std::fmt::Display| {
        Failure::Config(format!("{} cannot be read: {what}", path.display()))
    };
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    let mut rows = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| failed(&error))?;
        if line.trim().is_empty() {
            continue;
        }
        rows.push(read_line(&line).ok_or_else(|| {
            Failure::Config(format!(
                "{}:{}: not {{\"table\":\"LiteLLM_...\",\"row\":{{...}}}}; docs/import.md has the \
                 command that writes such a file",
                path.display(),
                number + 1
            ))
        })?);
    }
    Ok(rows)
}

fn read_line(line: &str) -> Option<ImportedRow> {
    let mut line: Value = serde_json::from_str(line).ok()?;
    let columns = line.get_mut("row")?.as_object_mut().map(std::mem::take)?;
    let table = line.get("table")?.as_str()?.into();
    Some(ImportedRow { table, columns })
}

fn report(import: &Import, is_dry: bool) -> String {
    let rows: Vec<_> = import
        .counts
        .iter()
        .map(|(kind, (taken, there))| {
            [
                kind.as_str().to_owned(),
                taken.to_string(),
                there.to_string(),
            ]
        })
        .collect();
    let head = if is_dry { "would be taken" } else { "taken" };
    let mut text = table(["objects", head, "there already"], &rows);
    for Note {
        what,
        id,
        is_left_out,
        why,
    } in &import.notes
    {
        let head = if *is_left_out { "left out" } else { "note" };
        text.push_str(&one_line(&format!("{head}: {what} {id}: {why}")));
        text.push('\n');
    }
    text
}

fn as_json(import: &Import, is_dry: bool) -> Value {
    let counts = import.counts.iter().map(|(kind, (taken, there))| {
        (
            kind.as_str().to_owned(),
            json!({"taken": taken, "there": there}),
        )
    });
    let counts: serde_json::Map<String, Value> = counts.collect();
    let notes: Vec<Value> = import
        .notes
        .iter()
        .map(|note| {
            json!({"what": note.what, "id": note.id, "left_out": note.is_left_out, "why": note.why})
        })
        .collect();
    json!({"dry_run": is_dry, "objects": counts, "notes": notes})
}
