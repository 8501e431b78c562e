use std::collections::{BTreeMap, HashMap, HashSet};

use ironward_core::{Id, Role};
use ironward_policy::Spending;
use ironward_store::Change;
use ironward_store::objects::{Kind, Object, Origin, Team, User};
use serde_json::{Map, Value};

use super::budgets::{Found, Inline, named};
use super::columns::{Columns, is_name};
use super::existing::{Existing, Place};
use super::{Count, Import, ImportedRow, Note};
use crate::person::least;

/// How many objects are written at once.
const BATCH: usize = 500;

/// The tables that objects are made of. Without one of them what it bounds would be lost.
pub const TABLES: [&str; 8] = [
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
    /// What was left out.
    gone: HashSet<(Kind, Box<str>)>,
    pub(super) now: u64,
    changes: BTreeMap<usize, Vec<Change>>,
    counts: BTreeMap<Kind, Count>,
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
            gone: HashSet::new(),
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

    pub(super) fn learn_team(&mut self, id: &str, team: &Team) {
        self.existing.learn_team(id, team);
    }

    pub(super) fn team(&self, id: &str) -> Option<&Place> {
        self.existing.teams.get(id)
    }

    /// The team of a project or a service account.
    pub(super) fn home(&self, kind: Kind, id: &str) -> Option<Id<Team>> {
        self.existing.homes.get(&(kind, id.into())).cloned()
    }

    /// The id of a row, where it may be one here.
    pub(super) fn id(&mut self, kind: Kind, columns: &mut Columns, name: &str) -> Option<Box<str>> {
        let id = columns.text(name).unwrap_or_default();
        if id.is_empty() {
            self.leave_out(kind, "without an id", format!("{name} is not set"));
            return None;
        }
        if !self.is_nameable(kind, &id) {
            return None;
        }
        Some(id)
    }

    fn is_nameable(&mut self, kind: Kind, id: &str) -> bool {
        let is_nameable = is_name(id);
        if !is_nameable {
            let why = "an id has at most 255 characters here, and no control characters";
            self.leave_out(kind, id, why.to_owned());
        }
        is_nameable
    }

    /// Takes texts out that cannot be names here.
    pub(super) fn drop_odd_names(
        &mut self,
        kind: Kind,
        id: &str,
        columns: &mut Columns,
        names: &[&str],
    ) {
        for name in names {
            if columns.peek(name).is_some_and(|text| !is_name(&text)) {
                columns.take(name);
                let why = format!(
                    "{name} has over 255 characters or control characters and was not taken"
                );
                self.note(kind, id, why);
            }
        }
    }

    /// An alert that comes with the end of the budget is refused here: it goes.
    pub(super) fn drop_late_alert(&mut self, kind: Kind, id: &str, spending: &mut Spending) {
        if let (Some(soft), Some(most)) = (spending.soft_budget, spending.max_budget)
            && soft >= most
        {
            spending.soft_budget = None;
            let why = "soft_budget is not below max_budget and was not taken";
            self.note(kind, id, why.to_owned());
        }
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
                self.counts.entry(kind).or_default().there += 1;
                false
            }
        }
    }

    /// Has an object written, unless the store could not hold it.
    pub(super) fn make<T: Object>(&mut self, id: &str, shown: &str, object: &T) -> bool {
        let kind = T::KIND;
        let change = Change::create(&Id::new(id), object);
        if let Err(error) = change.check() {
            self.leave_out(kind, shown, error.to_string());
            return false;
        }
        self.existing.objects.insert((kind, id.into()), false);
        self.counts.entry(kind).or_default().taken += 1;
        self.changes.entry(order(kind)).or_default().push(change);
        true
    }

    /// A person of whom LiteLLM says nothing but that there is one: with the least role.
    pub(super) fn make_person(&mut self, id: &str) {
        if self.has(Kind::User, id) || self.is_gone(Kind::User, id) {
            return;
        }
        if !self.is_nameable(Kind::User, id) || !self.is_new(Kind::User, id, id) {
            return;
        }
        let person: User = least(None, self.origin(&mut Columns::new(Map::new())));
        if self.make(id, id, &person) {
            self.learn_role(id, person.role);
            let why = "LiteLLM has no row of them: made with the least role";
            self.note(Kind::User, id, why.to_owned());
        }
    }

    /// Whether it was left out already: it is said once, and a person is not made anew without what
    /// bounded them.
    fn is_gone(&self, kind: Kind, id: &str) -> bool {
        self.gone.contains(&(kind, id.into()))
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

    /// Takes an alias for a key, unless it is another's.
    pub(super) fn claim_key_alias(&mut self, alias: &str) -> bool {
        self.existing.key_aliases.insert(alias.into())
    }

    /// The same for a person's id at the identity provider.
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
        self.gone.insert((kind, id.into()));
        self.counts.entry(kind).or_default().left_out += 1;
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
            let why = format!("{name} holds a secret and was not taken");
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
        let mut others: Vec<_> = self
            .tables
            .iter()
            .filter(|(table, _)| !TABLES.contains(&&***table))
            .collect();
        others.sort_unstable_by_key(|(table, _)| &**table);
        let others = others
            .iter()
            .map(|(table, rows)| Note::of_table(table, rows.len().try_into().unwrap_or(u64::MAX)));
        self.notes.extend(others);
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
