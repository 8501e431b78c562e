use std::collections::HashMap;

use ironward_core::{Id, Role};
use ironward_store::objects::{Kind, Membership, Metadata, User};
use serde_json::{Map, Value};

use super::columns::Columns;
use super::limits::{Limits, check, join_permission};
use super::plan::{ORGANISATION_MEMBERS, Plan, USERS};
use crate::person::least;
use crate::request::{Field, Fields, Name, Shape};
use crate::users::KEPT;

struct Row {
    alias: Field<Name>,
    metadata: Field<Metadata>,
    limits: Limits,
}

impl Shape for Row {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            alias: fields.take("user_alias"),
            metadata: fields.take("metadata"),
            limits: Limits::read(fields, &KEPT),
        }
    }
}

/// The roles of LiteLLM that are taken over.
const ROLES: [Role; 4] = [
    Role::ProxyAdmin,
    Role::ProxyAdminViewer,
    Role::InternalUser,
    Role::InternalUserViewer,
];

pub(super) fn plan(plan: &mut Plan) {
    let mut places: HashMap<Box<str>, Vec<Map<String, Value>>> = HashMap::new();
    for row in plan.rows(ORGANISATION_MEMBERS) {
        if let Some(user) = row.get("user_id").and_then(Value::as_str) {
            places.entry(user.into()).or_default().push(row);
        }
    }
    for row in plan.rows(USERS) {
        let mut columns = Columns::new(row);
        let Some(id) = plan.id(Kind::User, &mut columns, "user_id") else {
            continue;
        };
        if !plan.is_new(Kind::User, &id, &id) {
            continue;
        }
        let secrets = columns.without_secrets();
        let places = places.remove(&id).unwrap_or_default();
        match read(plan, &id, &mut columns, places) {
            Ok(user) => {
                if plan.make(&id, &id, &user) {
                    plan.learn_role(&id, user.role);
                    plan.note_rest(Kind::User, &id, &secrets, columns);
                }
            }
            Err(why) => plan.leave_out(Kind::User, &id, why),
        }
    }
}

fn read(
    plan: &mut Plan,
    id: &str,
    columns: &mut Columns,
    places: Vec<Map<String, Value>>,
) -> Result<User, String> {
    let reset = columns.time("budget_reset_at")?;
    join_permission(plan, columns)?;
    let names = ["user_alias", "user_email", "sso_user_id"];
    plan.drop_odd_names(Kind::User, id, columns, &names);
    let is_deactivated = columns.metadata_say("scim_active", false);
    let mut user = least(None, plan.origin(columns));
    let (email, sso_id) = (columns.text("user_email"), columns.text("sso_user_id"));
    user.role = role(plan, id, columns.text("user_role").as_deref());
    if columns.take("password").is_some() {
        let why = "there are no passwords: people sign in with the identity provider";
        plan.note(Kind::User, id, why.to_owned());
    }
    // Organisations by membership, and the older column.
    let older = columns.text("organization_id");
    let row: Row = columns.read()?;
    row.alias.map(Name::into_text).apply(&mut user.alias);
    row.metadata.apply_or_default(&mut user.metadata);
    let User {
        grant,
        spending,
        kept,
        ..
    } = &mut user;
    row.limits.apply((grant, spending, kept), plan.now);
    if spending.budget_duration.is_some() && reset.is_some() {
        spending.budget_reset_at = reset;
    }
    // LiteLLM lets nobody in whom the identity provider has deactivated.
    if is_deactivated {
        grant.blocked = true;
        let why = "the identity provider has deactivated them: blocked";
        plan.note(Kind::User, id, why.to_owned());
    }
    plan.drop_late_alert(Kind::User, id, spending);
    check(plan, Kind::User, id, grant)?;
    for place in places {
        add_place(plan, id, &mut user, Columns::new(place))?;
    }
    if let Some(organisation) = older {
        let place = [("organization_id".to_owned(), Value::from(&*organisation))];
        let place = Columns::new(place.into_iter().collect());
        add_place(plan, id, &mut user, place)?;
    }
    user.email = email.filter(|email| {
        let is_theirs = plan.claim_email(email, id);
        if !is_theirs {
            let why = "user_email is another user's already and was not taken";
            plan.note(Kind::User, id, why.to_owned());
        }
        is_theirs
    });
    user.sso_user_id = sso_id.filter(|sso_id| {
        let is_theirs = plan.claim_sso_id(sso_id);
        if !is_theirs {
            let why = "sso_user_id is another user's already and was not taken";
            plan.note(Kind::User, id, why.to_owned());
        }
        is_theirs
    });
    Ok(user)
}

/// A role that is not known here becomes the least one.
fn role(plan: &mut Plan, id: &str, written: Option<&str>) -> Role {
    let Some(written) = written else {
        return Role::InternalUserViewer;
    };
    let found = ROLES.into_iter().find(|role| role.as_str() == written);
    if found == Some(Role::ProxyAdmin) {
        let why = "they administer the gateway: proxy_admin was taken over";
        plan.note(Kind::User, id, why.to_owned());
    }
    found.unwrap_or_else(|| {
        let least = Role::InternalUserViewer;
        let why = format!(
            "there is no such role for a user: {} was given",
            least.as_str()
        );
        plan.note(Kind::User, id, why);
        least
    })
}

/// # Errors
/// When the place cannot be taken: it narrows what the user may spend.
fn add_place(plan: &mut Plan, id: &str, user: &mut User, mut place: Columns) -> Result<(), String> {
    let Some(organisation) = place.text("organization_id") else {
        return Ok(());
    };
    let is_there = |found: &Membership| found.organisation.as_str() == &*organisation;
    if user.organisations.iter().any(is_there) {
        return Ok(());
    }
    if !plan.has(Kind::Organisation, &organisation) {
        let why = "a place in an organization that is not there was not taken";
        plan.note(Kind::User, id, why.to_owned());
        return Ok(());
    }
    let role = match place.text("user_role").as_deref() {
        Some("org_admin") => Role::OrgAdmin,
        Some("internal_user") => Role::InternalUser,
        _ => Role::InternalUserViewer,
    };
    let spending = match place.text("budget_id") {
        Some(budget) => plan.budget(&budget)?.spending,
        None => ironward_policy::Spending::default(),
    };
    user.organisations.push(Membership {
        organisation: Id::new(&organisation),
        role,
        spending,
    });
    Ok(())
}
