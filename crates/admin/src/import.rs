//! What LiteLLM's database holds, as Ironward's objects: budgets, organisations, users, teams and
//! keys, by the checks that requests go through. Nothing here reads a database or writes one.
//!
//! What would be left with less of a limit than it had in LiteLLM is left out, and every loss is a
//! line of the report.

mod budgets;
mod columns;
mod keys;
mod limits;
mod organisations;
mod people;
mod plan;
mod teams;
mod time;

use std::collections::{BTreeMap, HashMap, HashSet};

use ironward_core::Role;
use ironward_secret::KeyHasher;
use ironward_store::objects::{Content, Kind};
use ironward_store::{Change, Stored};
use serde_json::{Map, Value};

use plan::Plan;

/// A row of LiteLLM's database.
#[derive(Debug, Clone)]
pub struct ImportedRow {
    /// The table: `LiteLLM_TeamTable`.
    pub table: Box<str>,
    /// The columns as `row_to_json` writes them.
    pub columns: Map<String, Value>,
}

/// What is in the store already.
#[derive(Default)]
pub struct Existing {
    /// Whether each was deleted.
    objects: HashMap<(Kind, Box<str>), bool>,
    /// Addresses in lower case, with whom each belongs to.
    emails: HashMap<String, Box<str>>,
    sso_ids: HashSet<Box<str>>,
    roles: HashMap<Box<str>, Role>,
}

/// What is to be written.
pub struct Import {
    /// Each is written whole or not at all, in this order: what a later one refers to is there.
    pub batches: Vec<Vec<Change>>,
    /// By kind, how many objects are in the batches, and how many were there already.
    pub counts: BTreeMap<Kind, (usize, usize)>,
    /// What was not taken, and why.
    pub notes: Vec<Note>,
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

impl Existing {
    /// Takes an object of the store down.
    pub fn learn(&mut self, stored: &Stored) {
        let is_deleted = stored.content.is_none();
        self.objects
            .insert((stored.kind, stored.id.clone()), is_deleted);
        if let Some(Content::User(user)) = &stored.content {
            if let Some(email) = &user.email {
                self.emails.insert(email.to_lowercase(), stored.id.clone());
            }
            self.roles.insert(stored.id.clone(), user.role);
            self.sso_ids.extend(user.sso_user_id.clone());
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
