use std::collections::HashMap;

use ironward_core::Id;
use ironward_store::objects::{Kind, Member, Metadata, Team};
use serde_json::{Map, Value};

use super::columns::Columns;
use super::limits::{Limits, check, join_permission};
use super::plan::{Plan, TEAM_MEMBERS, TEAMS};
use crate::fields::Duration;
use crate::request::{Field, Fields, FromJson as _, Name, Place, Problems, Shape};
use crate::teams::{KEPT, Permission, member, paths};

struct Row {
    alias: Field<Name>,
    metadata: Field<Metadata>,
    permissions: Field<Vec<Permission>>,
    member_models: Field<Vec<Box<str>>>,
    member_key_duration: Field<Duration>,
    limits: Limits,
}

impl Shape for Row {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            alias: fields.take("team_alias"),
            metadata: fields.take("metadata"),
            permissions: fields.take("team_member_permissions"),
            member_models: fields.take("default_team_member_models"),
            member_key_duration: fields.take("team_member_key_duration"),
            limits: Limits::read(fields, &KEPT),
        }
    }
}

/// The budgets of members, by team and user.
type Budgets = HashMap<(Box<str>, Box<str>), Box<str>>;

/// LiteLLM's own sessions are keys of this team.
pub(super) const CONSOLE: &str = "litellm-dashboard";

pub(super) fn plan(plan: &mut Plan) {
    let mut budgets = Budgets::new();
    for row in plan.rows(TEAM_MEMBERS) {
        let text = |name: &str| row.get(name).and_then(Value::as_str).map(Box::from);
        if let (Some(team), Some(user), Some(budget)) =
            (text("team_id"), text("user_id"), text("budget_id"))
        {
            budgets.insert((team, user), budget);
        }
    }
    for row in plan.rows(TEAMS) {
        let mut columns = Columns::new(row);
        let Some(id) = plan.id(Kind::Team, &mut columns, "team_id") else {
            continue;
        };
        if *id == *CONSOLE || !plan.is_new(Kind::Team, &id, &id) {
            continue;
        }
        let secrets = columns.without_secrets();
        match read(plan, &id, &mut columns, &budgets) {
            Ok(team) => {
                if plan.make(&id, &id, &team) {
                    plan.learn_team(&id, &team);
                    plan.note_rest(Kind::Team, &id, &secrets, columns);
                }
            }
            Err(why) => plan.leave_out(Kind::Team, &id, why),
        }
    }
}

fn read(
    plan: &mut Plan,
    id: &str,
    columns: &mut Columns,
    budgets: &Budgets,
) -> Result<Team, String> {
    let reset = columns.time("budget_reset_at")?;
    join_permission(plan, columns)?;
    plan.drop_odd_names(Kind::Team, id, columns, &["team_alias"]);
    drop_odd_permissions(plan, id, columns);
    let mut team = Team {
        origin: plan.origin(columns),
        ..Team::default()
    };
    if let Some(organisation) = columns.text("organization_id") {
        if !plan.has(Kind::Organisation, &organisation) {
            return Err("its organization is not there".to_owned());
        }
        team.organisation = Some(Id::new(&organisation));
    }
    if let Some(budget) = columns.take_metadata("team_member_budget_id") {
        let budget = budget.as_str().unwrap_or_default();
        let found = plan.budget(budget);
        let found = found.map_err(|why| format!("what its new members get: {why}"))?;
        team.member_defaults.spending = found.spending;
    }
    let members = columns.take("members_with_roles");
    let row: Row = columns.read()?;
    row.alias.map(Name::into_text).apply(&mut team.alias);
    row.metadata.apply_or_default(&mut team.metadata);
    team.member_permissions = row.permissions.map(paths).value().unwrap_or_default();
    let models = row.member_models.value();
    team.member_defaults.models = models.filter(|models| !models.is_empty());
    let life = row.member_key_duration.value();
    team.member_defaults.key_duration = life.map(|life| life.0.to_string().into());
    let Team {
        grant,
        spending,
        kept,
        ..
    } = &mut team;
    row.limits.apply((grant, spending, kept), plan.now);
    if spending.budget_duration.is_some() && reset.is_some() {
        spending.budget_reset_at = reset;
    }
    plan.drop_late_alert(Kind::Team, id, spending);
    check(plan, Kind::Team, id, grant)?;
    for named in members.iter().filter_map(Value::as_array).flatten() {
        if let Some(member) = read_member(plan, id, named, budgets)? {
            let mut members = team.members.iter_mut();
            match members.find(|known| known.user == member.user) {
                Some(known) => known.is_admin |= member.is_admin,
                None => team.members.push(member),
            }
        }
    }
    Ok(team)
}

/// Takes routes out that a team cannot open to its members here: they get less.
fn drop_odd_permissions(plan: &mut Plan, id: &str, columns: &mut Columns) {
    const NAME: &str = "team_member_permissions";
    let Some(Value::Array(mut routes)) = columns.take(NAME) else {
        return;
    };
    routes.retain(|route| {
        let mut unheard = Problems::default();
        let is_known = Permission::from_json(route.clone(), Place::Body, &mut unheard).is_some();
        if !is_known {
            let why = format!("{NAME}: {route} cannot be opened to members and was not taken");
            plan.note(Kind::Team, id, why);
        }
        is_known
    });
    columns.put(NAME, routes.into());
}

/// # Errors
/// When what bounds the member cannot be taken.
fn read_member(
    plan: &mut Plan,
    team: &str,
    named: &Value,
    budgets: &Budgets,
) -> Result<Option<Member>, String> {
    let named: Map<String, Value> = named.as_object().cloned().unwrap_or_default();
    let mut named = Columns::new(named);
    let (id, email) = (named.text("user_id"), named.text("user_email"));
    let by_email = || email.and_then(|email| plan.person_at(&email));
    let Some(user) = id.or_else(by_email) else {
        let why = "a member who is named by nothing that is known was not taken";
        plan.note(Kind::Team, team, why.to_owned());
        return Ok(None);
    };
    plan.make_person(&user);
    if !plan.has(Kind::User, &user) {
        let why = format!("the member {user} was not taken: they are left out");
        plan.note(Kind::Team, team, why);
        return Ok(None);
    }
    let is_admin = named.text("role").as_deref() == Some("admin");
    let mut member = member(&Team::default(), Id::new(&user), is_admin, plan.now);
    if let Some(budget) = budgets.get(&(team.into(), user.clone())) {
        let found = plan.budget(budget);
        let found = found.map_err(|why| format!("its member {user}: {why}"))?;
        member.spending = found.spending;
        member.grant.models = (!found.models.is_empty()).then_some(found.models);
    }
    Ok(Some(member))
}
