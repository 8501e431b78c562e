//! What the routes of users answer.

use serde_json::{Value, json};

use super::fields::KEPT;
use crate::answer::schema::{
    Described, component, count, either, list, or_null, page, switch, text, things,
};
use crate::fields::{GrantFields, Kept, Spend, SpendingFields};
use crate::keys;

fn describe(row: &mut Described) {
    row.put("user_id", text()).put("user_role", text());
    for may_be_unset in ["user_alias", "user_email", "sso_user_id"] {
        row.put(may_be_unset, or_null(text()));
    }
    row.put("teams", list(text()));
    let place = Described::of([
        ("user_id", text()),
        ("organization_id", text()),
        ("user_role", text()),
    ]);
    row.put("organization_memberships", list(place));
    GrantFields::describe(row);
    SpendingFields::describe(row);
    Spend::describe(row);
    row.put("metadata", things());
    Kept::describe(&KEPT, row);
    row.put_origin();
}

fn fields() -> Described {
    let mut row = Described::default();
    describe(&mut row);
    row
}

/// A user.
pub(crate) fn user() -> Value {
    fields().into_value()
}

/// A new user, with the key that comes with them, or with an empty one.
pub(crate) fn made() -> Value {
    let mut with_key = keys::answers::with_key_fields();
    describe(&mut with_key);
    let mut without = fields();
    without.put("key", json!({"const": ""}));
    either([with_key.into_value(), without.into_value()])
}

pub(crate) fn one() -> Value {
    Described::of([
        ("user_id", text()),
        ("user_info", component("User")),
        ("keys", list(component("Key"))),
        ("teams", list(component("Team"))),
    ])
}

pub(crate) fn paged() -> Value {
    let mut row = fields();
    row.put("key_count", count());
    let names = ["users", "total", "page", "total_pages"];
    page(names, row.into_value(), Some("page_size"))
}

pub(crate) fn changed() -> Value {
    Described::of([("user_id", text()), ("data", component("User"))])
}

pub(crate) fn updated() -> Value {
    let result = Described::of([
        ("user_id", or_null(text())),
        ("user_email", or_null(text())),
        ("success", switch()),
        ("error", or_null(text())),
        ("updated_user", or_null(component("User"))),
    ]);
    Described::of([
        ("results", list(result)),
        ("total_requested", count()),
        ("successful_updates", count()),
        ("failed_updates", count()),
    ])
}

/// How many there were.
pub(crate) fn deleted() -> Value {
    count()
}
