use std::collections::{BTreeMap, HashMap, HashSet};

use ironward_core::{Id, Role};
use ironward_store::Change;
use ironward_store::objects::{Kind, Object, Origin, User};
use serde_json::{Map, Value};

use super::budgets::{Found, Inline, named};
use super::columns::Columns;
use super::{Existing, Import, ImportedRow, Note};
use crate::person::least;

/// How many objects are written at once.
const BATCH: usize = 500;

/// The tables that are read.
const TABLES: [&str; 8] = [
    BUDGETS,
    ORGANISATIONS,
    ORGANISATION_MEMBERS,
    USERS,
    TEAMS,
    TEAM_MEMBERS,
    PERMISSIONS,
    KEYS,
];
pub(super) const BUDGETS: &str = "LiteLLM_BudgetTable";
pub(super) const ORGANISATIONS: &str = "LiteLLM_OrganizationTable";
pub(super) const ORGANISATION_MEMBERS: &str = "LiteLLM_OrganizationMembership";
pub(super) const USERS: &str = "LiteLLM_UserTable";
pub(super) const TEAMS: &str = "LiteLLM_TeamTable";
pub(super) const TEAM_MEMBERS: &str = "LiteLLM_TeamMembership";
pub(super) const KEYS: &str = "LiteLLM_VerificationToken";
const PERMISSIONS: &str = "LiteLLM_ObjectPermissionTable";
const MODELS: &str = "LiteLLM_ProxyModelTable";

/// An import while it is made.
pub(super) struct Plan {
    tables: HashMap<Box<str>, Vec<Map<String, Value>>>,
    permissions: HashMap<Box<str>, Map<String, Value>>,
    existing: Existing,
    budgets: Inline,
    pub(super) now: u64,
    changes: BTreeMap<usize, Vec<Change>>,
    counts: BTreeMap<Kind, (usize, usize)>,
    notes: Vec<Note>,
}

impl Plan {
    pub(super) fn new(rows: Vec<ImportedRow>, existing: Existing, now: u64) -> Self {
        let mut tables: HashMap<Box<str>, Vec<Map<String, Value>>> = HashMap::new();
        for row in rows {
            tables.entry(row.table).or_default().push(row.columns);
        }
        let mut plan = Self {
            tables,
            permissions: HashMap::new(),
            existing,
            budgets: Inline::new(),
            now,
            changes: BTreeMap::new(),
            counts: BTreeMap::new(),
            notes: Vec::new(),
        };
        for row in plan.rows(PERMISSIONS) {
            if let Some(Value::String(id)) = row.get("object_permission_id") {
                plan.permissions.insert(id.as_str().into(), row.clone());
            }
        }
        plan
    }

    /// The rows of a table, which are gone from here.
    pub(super) fn rows(&mut self, table: &str) -> Vec<Map<String, Value>> {
        self.tables.remove(table).unwrap_or_default()
    }

    pub(super) fn permission(&self, id: &str) -> Option<&Map<String, Value>> {
        self.permissions.get(id)
    }

    /// The budgets that rows of these tables name.
    pub(super) fn budgets_of(&self, tables: &[&str]) -> HashSet<Box<str>> {
        let rows = tables.iter().filter_map(|table| self.tables.get(*table));
        rows.flat_map(|rows| named(rows)).collect()
    }

    /// The budgets that new members of teams get.
    pub(super) fn budgets_of_new_members(&self) -> Vec<Box<str>> {
        let teams = self.tables.get(TEAMS).into_iter().flatten();
        teams
            .filter_map(|team| {
                let budget = team.get("metadata")?.get("team_member_budget_id")?;
                Some(budget.as_str()?.into())
            })
            .collect()
    }

    /// Keeps the budgets that are parts of what they bound.
    pub(super) fn keep_budgets(&mut self, budgets: Inline) {
        self.budgets = budgets;
    }

    /// A budget that is part of what it bounds.
    ///
    /// # Errors
    /// When it cannot be taken: what it bounds would be left without it.
    pub(super) fn budget(&self, id: &str) -> Result<Found, String> {
        match self.budgets.get(id) {
            Some(Ok(found)) => Ok(found.clone()),
            Some(Err(why)) => Err(format!("its budget cannot be taken: {why}")),
            None => Err("its budget is not there".to_owned()),
        }
    }

    /// The role of a user who is there.
    pub(super) fn role_of(&self, user: &str) -> Option<Role> {
        self.existing.roles.get(user).copied()
    }

    pub(super) fn learn_role(&mut self, user: &str, role: Role) {
        self.existing.roles.insert(user.into(), role);
    }

    /// Whether it is there, or will be.
    pub(super) fn has(&self, kind: Kind, id: &str) -> bool {
        self.existing.objects.get(&(kind, id.into())) == Some(&false)
    }

    /// Whether an object is to be made: it is not there, and was not deleted here.
    pub(super) fn is_new(&mut self, kind: Kind, id: &str, shown: &str) -> bool {
        match self.existing.objects.get(&(kind, id.into())).copied() {
            None => true,
            Some(true) => {
                self.leave_out(kind, shown, "it was deleted here".to_owned());
                false
            }
            Some(false) => {
                self.counts.entry(kind).or_default().1 += 1;
                false
            }
        }
    }

    /// Has an object written.
    pub(super) fn make<T: Object>(&mut self, id: &str, object: &T) {
        let kind = T::KIND;
        self.existing.objects.insert((kind, id.into()), false);
        self.counts.entry(kind).or_default().0 += 1;
        let change = Change::create(&Id::new(id), object);
        self.changes.entry(order(kind)).or_default().push(change);
    }

    /// A person of whom LiteLLM says nothing but that there is one: with the least role.
    pub(super) fn make_person(&mut self, id: &str) {
        if self.has(Kind::User, id) || !self.is_new(Kind::User, id, id) {
            return;
        }
        let origin = self.origin(&mut Columns::new(Map::new()));
        self.make::<User>(id, &least(None, origin));
        let why = "LiteLLM has no row of them: made with the least role";
        self.note(Kind::User, id, why.to_owned());
    }

    /// Whose address it is.
    pub(super) fn person_at(&self, email: &str) -> Option<Box<str>> {
        self.existing.emails.get(&email.to_lowercase()).cloned()
    }

    /// Takes an address for a person, unless it is another's.
    pub(super) fn claim_email(&mut self, email: &str, id: &str) -> bool {
        let place = self.existing.emails.entry(email.to_lowercase());
        **place.or_insert_with(|| id.into()) == *id
    }

    /// The same for their id at the identity provider.
    pub(super) fn claim_sso_id(&mut self, sso_id: &str) -> bool {
        self.existing.sso_ids.insert(sso_id.into())
    }

    /// Who made a row, and when.
    pub(super) fn origin(&self, columns: &mut Columns) -> Origin {
        let by = |text: Option<Box<str>>| text.unwrap_or_else(|| "litellm".into());
        let at = |time: Result<Option<u64>, String>| time.ok().flatten().unwrap_or(self.now);
        Origin {
            created_at: at(columns.time("created_at")),
            created_by: by(columns.text("created_by")),
            updated_at: at(columns.time("updated_at")),
            updated_by: by(columns.text("updated_by")),
        }
    }

    pub(super) fn leave_out(&mut self, kind: Kind, id: &str, why: String) {
        self.notes.push(Note {
            what: kind.as_str().into(),
            id: id.into(),
            is_left_out: true,
            why,
        });
    }

    pub(super) fn note(&mut self, kind: Kind, id: &str, why: String) {
        self.notes.push(Note {
            what: kind.as_str().into(),
            id: id.into(),
            is_left_out: false,
            why,
        });
    }

    /// Says what of a row was not taken.
    pub(super) fn note_rest(&mut self, kind: Kind, id: &str, secrets: &[String], columns: Columns) {
        for name in secrets {
            let why = format!("metadata.{name} holds a secret and was not taken");
            self.note(kind, id, why);
        }
        for name in columns.rest() {
            self.note(kind, id, format!("{name} was not taken"));
        }
    }

    pub(super) fn finish(mut self) -> Import {
        for row in self.rows(MODELS) {
            let name = row.get("model_name").and_then(Value::as_str);
            self.notes.push(Note {
                what: "model".into(),
                id: name.unwrap_or_default().into(),
                is_left_out: true,
                why: "its parameters are encrypted with LITELLM_SALT_KEY: add it again with \
                      ironward model add"
                    .to_owned(),
            });
        }
        let mut others: Vec<(Box<str>, usize)> = self
            .tables
            .iter()
            .filter(|(table, _)| !TABLES.contains(&&***table))
            .map(|(table, rows)| (table.clone(), rows.len()))
            .collect();
        others.sort_unstable();
        for (table, count) in others {
            self.notes.push(Note {
                what: "table".into(),
                id: table,
                is_left_out: true,
                why: format!("{count} rows: nothing is taken of this table"),
            });
        }
        let changes = self.changes.into_values();
        Import {
            batches: changes
                .flat_map(|changes| {
                    let batches = changes.chunks(BATCH).map(<[Change]>::to_vec);
                    batches.collect::<Vec<_>>()
                })
                .collect(),
            counts: self.counts,
            notes: self.notes,
        }
    }
}

/// What others refer to comes first.
const fn order(kind: Kind) -> usize {
    match kind {
        Kind::Budget => 0,
        Kind::Organisation => 1,
        Kind::User => 2,
        Kind::Team => 3,
        _ => 4,
    }
}
