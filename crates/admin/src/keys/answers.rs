//! What the routes of keys answer.

use serde_json::{Value, json};

use super::fields::{KEPT, KEY_TYPE, SPEND};
use crate::answer::schema::{
    Described, component, count, either, list, moment, named, number, or_null, page, switch, text,
    things, word,
};
use crate::fields::{GrantFields, Kept, SpendingFields};

/// A key, but for the `token`, which one answer leaves out.
fn fields() -> Described {
    let mut row = Described::default();
    row.put("token_id", text()).put("key_name", text());
    row.put("key_alias", or_null(text()))
        .put(KEY_TYPE, or_null(text()))
        .put("status", word(["active", "expired", "revoked"]))
        .put("expires", or_null(moment()))
        .put(SPEND, number());
    for place in [
        "user_id",
        "agent_id",
        "team_id",
        "project_id",
        "organization_id",
        "org_id",
    ] {
        row.put(place, or_null(text()));
    }
    GrantFields::describe(&mut row);
    SpendingFields::describe(&mut row);
    row.put("litellm_budget_table", or_null(SpendingFields::described()));
    row.put("aliases", named(text())).put("tags", list(text()));
    row.put("auto_rotate", switch())
        .put("rotation_interval", or_null(text()))
        .put("metadata", things());
    Kept::describe(&KEPT, &mut row);
    row.put("live_secrets", count())
        .put("last_active", or_null(moment()))
        .put_origin();
    row
}

/// A key.
pub(crate) fn key() -> Value {
    let mut row = fields();
    row.put("token", text());
    row.into_value()
}

/// A key and its new secret; also a changed key and its id.
pub(crate) fn with_key() -> Value {
    with_key_fields().into_value()
}

/// The same, for an answer that has more fields.
pub(crate) fn with_key_fields() -> Described {
    let mut row = fields();
    row.put("token", text()).put("key", text());
    row
}

pub(crate) fn one() -> Value {
    Described::of([("key", text()), ("info", fields().into_value())])
}

pub(crate) fn many() -> Value {
    Described::of([("key", list(text())), ("info", list(component("Key")))])
}

/// Ids, or keys as the request wants them.
pub(crate) fn listed() -> Value {
    let user = Described::of([
        ("user_id", text()),
        ("user_email", or_null(text())),
        ("user_alias", or_null(text())),
        ("user_role", text()),
    ]);
    let mut with_user = fields();
    with_user.put("token", text()).put("user", or_null(user));
    let item = either([text(), component("Key"), with_user.into_value()]);
    let names = ["keys", "total_count", "current_page", "total_pages"];
    page(names, item, None)
}

pub(crate) fn aliases() -> Value {
    let names = ["aliases", "total_count", "current_page", "total_pages"];
    page(names, text(), Some("size"))
}

pub(crate) fn deleted() -> Value {
    Described::of([("deleted_keys", list(text()))])
}

pub(crate) fn reset() -> Value {
    Described::of([
        ("key_hash", text()),
        ("spend", number()),
        ("previous_spend", number()),
        ("max_budget", or_null(number())),
        ("budget_reset_at", or_null(moment())),
    ])
}

pub(crate) fn updated() -> Value {
    let done = Described::of([("key", text()), ("key_info", with_key())]);
    let failed = Described::of([
        ("key", json!({"type": "null"})),
        ("position", count()),
        ("failed_reason", text()),
    ]);
    Described::of([
        ("total_requested", count()),
        ("successful_updates", list(done)),
        ("failed_updates", list(failed)),
    ])
}

pub(crate) fn health() -> Value {
    Described::of([
        ("key", word(["healthy"])),
        ("logging_callbacks", json!({"type": "null"})),
    ])
}

pub(crate) fn explained() -> Value {
    let line = Described::of([
        ("link", text()),
        ("name", text()),
        ("rule", text()),
        ("allowed", switch()),
        ("why", text()),
    ]);
    Described::of([
        ("key", text()),
        ("model", text()),
        ("stands_for", text()),
        ("model_group", or_null(text())),
        ("allowed", switch()),
        ("reason", or_null(text())),
        ("lines", list(line)),
        ("not_judged", list(text())),
    ])
}
