//! What LiteLLM's database holds, as Ironward's objects: budgets, organisations, users, teams and
//! keys, by the checks that requests go through. Nothing here reads a database or writes one.
//!
//! What would be left with less of a limit than it had in LiteLLM is left out, and every loss is a
//! line of the report.

mod budgets;
mod columns;
mod existing;
mod keys;
mod limits;
mod organisations;
mod people;
mod places;
mod plan;
mod teams;
mod time;

use std::collections::BTreeMap;

use ironward_secret::KeyHasher;
use ironward_store::Change;
use ironward_store::objects::Kind;
use serde_json::{Map, Value};

pub use existing::Existing;
use plan::Plan;
pub use plan::TABLES as IMPORTED_TABLES;

/// A row of LiteLLM's database.
#[derive(Debug, Clone)]
pub struct ImportedRow {
    /// The table: `LiteLLM_TeamTable`.
    pub table: Box<str>,
    /// The columns as `row_to_json` writes them.
    pub columns: Map<String, Value>,
}

/// What is to be written.
pub struct Import {
    /// Each is written whole or not at all, in this order: what a later one refers to is there.
    pub batches: Vec<Vec<Change>>,
    /// How many objects of each kind there are.
    pub counts: BTreeMap<Kind, Count>,
    /// What was not taken, and why.
    pub notes: Vec<Note>,
}

/// What became of the objects of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// They are in the batches.
    pub taken: usize,
    /// They were there already and stay as they are.
    pub there: usize,
    /// They are left out, each with a note.
    pub left_out: usize,
}

/// One thing that was not taken as it was, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// `key`, `team`; or a table that nothing is taken of.
    pub what: Box<str>,
    /// LiteLLM's id; of a key its alias or how it is shown, never its hash.
    pub id: Box<str>,
    /// Whether all of it was left out.
    pub is_left_out: bool,
    /// Why.
    pub why: String,
}

impl Note {
    /// Rows of a table that nothing is taken of.
    #[must_use]
    pub fn of_table(table: &str, rows: u64) -> Self {
        let rows = match rows {
            1 => "1 row".to_owned(),
            rows => format!("{rows} rows"),
        };
        Self {
            what: "table".into(),
            id: table.into(),
            is_left_out: true,
            why: format!("{rows}: nothing is taken of this table"),
        }
    }
}

/// Makes objects of LiteLLM's rows. Those that `existing` has stay as they are, and what was deleted
/// here does not come back.
#[must_use]
pub fn import(rows: Vec<ImportedRow>, existing: Existing, hasher: &KeyHasher, now: u64) -> Import {
    let mut plan = Plan::new(rows, existing, now);
    budgets::plan(&mut plan);
    organisations::plan(&mut plan);
    people::plan(&mut plan);
    teams::plan(&mut plan);
    keys::plan(&mut plan, hasher);
    plan.finish()
}

#[cfg(test)]
mod tests;
