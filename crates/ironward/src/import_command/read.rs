use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use ironward_admin::{IMPORTED_TABLES, ImportedRow};
use ironward_store::StoreError;
use ironward_store::litellm::{Tables, read_tables};
use serde_json::Value;

use crate::exit::Failure;

/// What there is to import.
pub(super) struct Source {
    pub(super) rows: Vec<ImportedRow>,
    /// Tables that nothing is taken of, and how many rows they have.
    pub(super) unread: Vec<(&'static str, u64)>,
}

/// Reads LiteLLM's database.
///
/// # Errors
/// When it cannot be read whole.
pub(super) async fn database(url: &str) -> Result<Source, Failure> {
    let tables = read_tables(url.trim()).await;
    let Tables { rows, unread } = tables.map_err(|error| unreadable(&error))?;
    if rows
        .iter()
        .all(|(table, _)| *table != "LiteLLM_VerificationToken")
    {
        return Err(Failure::Store(
            "the database holds no table LiteLLM_VerificationToken: it is not LiteLLM's, or its \
             tables are in another schema (add ?schema=NAME to its address)"
                .to_owned(),
        ));
    }
    let mut read = Vec::new();
    for (table, texts) in rows {
        for text in texts {
            // What it bounds would be left without it: nothing is imported then.
            let columns = serde_json::from_str(&text).map_err(|_| {
                Failure::Store(format!(
                    "a row of {table} cannot be read: its JSON is nested over 127 deep; correct it \
                     in LiteLLM"
                ))
            })?;
            let table = table.into();
            read.push(ImportedRow { table, columns });
        }
    }
    Ok(Source { rows: read, unread })
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
        StoreError::Failed(reason) => format!(
            "LiteLLM's database cannot be read ({reason}): the user of its address needs SELECT on \
             its tables"
        ),
        other => format!("LiteLLM's database cannot be read: {other}"),
    })
}

/// Reads an export: a line `{"table":"LiteLLM_TeamTable","row":{...}}` for each row. A line without
/// `row` says that the table is in it, even if it has no row.
///
/// # Errors
/// When a line is something else, or a table is missing: what it bounds would be left without it.
pub(super) fn file(path: &Path) -> Result<Source, Failure> {
    let name = path.display();
    let failed =
        |what: &dyn Display| Failure::Usage(format!("--file: {name} cannot be read: {what}"));
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    let mut missing = BTreeSet::from(IMPORTED_TABLES);
    let mut rows = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| failed(&error))?;
        if line.trim().is_empty() {
            continue;
        }
        let (table, row) = read_line(&line).ok_or_else(|| {
            Failure::Usage(format!(
                "--file: {name}:{} is not {{\"table\":\"LiteLLM_...\",\"row\":{{...}}}}: write the \
                 file as docs/import.md says",
                number + 1
            ))
        })?;
        missing.remove(&*table);
        rows.extend(row.map(|columns| ImportedRow { table, columns }));
    }
    if missing.is_empty() {
        return Ok(Source {
            rows,
            unread: Vec::new(),
        });
    }
    let missing: Vec<&str> = missing.into_iter().collect();
    Err(Failure::Usage(format!(
        "--file: {name} says nothing of {}: what they bound would be unbounded; write the file as \
         docs/import.md says",
        missing.join(", ")
    )))
}

type Line = (Box<str>, Option<serde_json::Map<String, Value>>);

fn read_line(line: &str) -> Option<Line> {
    let mut line: Value = serde_json::from_str(line).ok()?;
    let row = match line.get_mut("row").map(Value::take) {
        None => None,
        Some(Value::Object(columns)) => Some(columns),
        Some(_) => return None,
    };
    Some((line.get("table")?.as_str()?.into(), row))
}
