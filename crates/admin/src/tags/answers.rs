//! What the routes of tags answer.

use serde_json::Value;

use crate::answer::schema::{Described, component, list, named, or_null, text};
use crate::fields::SpendingFields;

/// A tag.
pub(crate) fn tag() -> Value {
    let mut row = Described::default();
    row.put("name", text())
        .put("description", or_null(text()))
        .put("models", list(text()))
        .put("model_info", named(text()));
    SpendingFields::describe(&mut row);
    row.put("litellm_budget_table", SpendingFields::described())
        .put_origin();
    row.into_value()
}

/// What a change answers.
pub(crate) fn changed() -> Value {
    Described::of([("message", text()), ("tag", component("Tag"))])
}

pub(crate) fn deleted() -> Value {
    Described::of([("message", text())])
}

/// By name.
pub(crate) fn many() -> Value {
    named(component("Tag"))
}

pub(crate) fn listed() -> Value {
    list(component("Tag"))
}
