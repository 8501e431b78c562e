//! What the routes of organisations answer.

use serde_json::{Value, json};

use super::fields::KEPT;
use crate::answer::schema::{Described, component, list, moment, number, or_null, text, things};
use crate::fields::{GrantFields, Kept, Spend, SpendingFields};

fn fields() -> Described {
    let mut row = Described::default();
    row.put("organization_id", text())
        .put("organization_alias", text());
    GrantFields::describe(&mut row);
    SpendingFields::describe(&mut row);
    Spend::describe(&mut row);
    row.put("litellm_budget_table", SpendingFields::described())
        .put("metadata", things());
    Kept::describe(&KEPT, &mut row);
    row.put_origin();
    row
}

/// An organisation.
pub(crate) fn organisation() -> Value {
    fields().into_value()
}

/// A place in an organisation.
pub(crate) fn membership() -> Value {
    Described::of([
        ("user_id", text()),
        ("user_email", or_null(text())),
        ("organization_id", text()),
        ("user_role", text()),
        ("spend", number()),
        ("budget_id", json!({"type": "null"})),
        ("created_at", moment()),
        ("updated_at", moment()),
        (
            "litellm_budget_table",
            Described::of([("max_budget", or_null(number()))]),
        ),
    ])
}

/// With its members and teams.
pub(crate) fn whole() -> Value {
    let mut row = fields();
    row.put("members", list(component("OrganizationMembership")))
        .put("teams", list(component("Team")));
    row.into_value()
}

pub(crate) fn listed() -> Value {
    list(whole())
}

pub(crate) fn deleted() -> Value {
    list(component("Organization"))
}

pub(crate) fn members_added() -> Value {
    Described::of([
        ("organization_id", text()),
        ("updated_users", list(component("User"))),
        (
            "updated_organization_memberships",
            list(component("OrganizationMembership")),
        ),
    ])
}
