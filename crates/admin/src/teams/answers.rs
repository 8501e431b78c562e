//! What the routes of teams answer.

use serde_json::{Value, json};

use super::fields::KEPT;
use crate::answer::schema::{
    Described, component, count, list, moment, named, number, or_null, page, text, things, word,
};
use crate::fields::{GrantFields, Kept, Spend, SpendingFields};

fn fields() -> Described {
    let mut row = Described::default();
    row.put("team_id", text())
        .put("team_alias", or_null(text()))
        .put("organization_id", or_null(text()));
    for left_empty in ["admins", "members"] {
        row.put(left_empty, json!({"type": "array", "maxItems": 0}));
    }
    let member = Described::of([
        ("role", word(["admin", "user"])),
        ("user_id", text()),
        ("user_email", or_null(text())),
    ]);
    row.put("members_with_roles", list(member))
        .put("team_member_permissions", list(text()))
        .put("model_aliases", named(text()))
        .put("metadata", things());
    GrantFields::describe(&mut row);
    SpendingFields::describe(&mut row);
    Spend::describe(&mut row);
    row.put("default_team_member_models", list(text()))
        .put("team_member_budget", or_null(number()))
        .put("team_member_budget_duration", or_null(text()))
        .put("team_member_rpm_limit", or_null(count()))
        .put("team_member_tpm_limit", or_null(count()))
        .put("team_member_key_duration", or_null(text()));
    Kept::describe(&KEPT, &mut row);
    row.put_origin();
    row
}

/// A team.
pub(crate) fn team() -> Value {
    fields().into_value()
}

/// A member's place in a team.
pub(crate) fn membership() -> Value {
    let table = Described::of([
        ("max_budget", or_null(number())),
        ("budget_duration", or_null(text())),
        ("budget_reset_at", or_null(moment())),
        ("tpm_limit", or_null(count())),
        ("rpm_limit", or_null(count())),
        ("allowed_models", or_null(list(text()))),
    ]);
    Described::of([
        ("user_id", text()),
        ("team_id", text()),
        ("budget_id", or_null(text())),
        ("spend", number()),
        ("total_spend", number()),
        ("litellm_budget_table", table),
    ])
}

pub(crate) fn one() -> Value {
    Described::of([
        ("team_id", text()),
        ("team_info", component("Team")),
        ("keys", list(component("Key"))),
        ("team_memberships", list(component("TeamMembership"))),
    ])
}

fn counted() -> Value {
    let mut row = fields();
    row.put("members_count", count());
    row.into_value()
}

pub(crate) fn listed() -> Value {
    list(counted())
}

pub(crate) fn paged() -> Value {
    let names = ["teams", "total", "page", "total_pages"];
    page(names, counted(), Some("page_size"))
}

pub(crate) fn changed() -> Value {
    Described::of([("team_id", text()), ("data", component("Team"))])
}

pub(crate) fn deleted() -> Value {
    Described::of([("deleted_teams", list(text()))])
}

pub(crate) fn members_added() -> Value {
    let user = Described::of([
        ("user_id", text()),
        ("user_email", or_null(text())),
        ("teams", list(text())),
    ]);
    let mut row = fields();
    row.put("updated_users", list(user));
    row.put(
        "updated_team_memberships",
        list(component("TeamMembership")),
    );
    row.into_value()
}

pub(crate) fn member_changed() -> Value {
    Described::of([
        ("team_id", text()),
        ("user_id", text()),
        ("user_email", or_null(text())),
        ("role", word(["admin", "user"])),
        ("max_budget_in_team", or_null(number())),
        ("budget_duration", or_null(text())),
        ("tpm_limit", or_null(count())),
        ("rpm_limit", or_null(count())),
        ("allowed_models", or_null(list(text()))),
    ])
}

pub(crate) fn permissions() -> Value {
    Described::of([
        ("team_id", text()),
        ("team_member_permissions", list(text())),
        ("all_available_permissions", list(text())),
    ])
}
