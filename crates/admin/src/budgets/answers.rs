//! What the routes of budgets answer.

use serde_json::{Value, json};

use crate::answer::schema::{Described, anything, component, list, switch, text};
use crate::fields::SpendingFields;

/// A budget.
pub(crate) fn budget() -> Value {
    let mut row = Described::default();
    SpendingFields::describe(&mut row);
    row.put("budget_id", text()).put_origin();
    row.into_value()
}

pub(crate) fn listed() -> Value {
    list(component("Budget"))
}

/// A form's fields.
pub(crate) fn settings() -> Value {
    list(Described::of([
        ("field_name", text()),
        ("field_type", text()),
        ("field_description", text()),
        ("field_value", anything()),
        ("stored_in_db", switch()),
        ("field_default_value", json!({"type": "null"})),
    ]))
}
