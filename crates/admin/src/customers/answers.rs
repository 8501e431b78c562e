//! What the routes of customers answer.

use serde_json::Value;

use super::fields::REGIONS;
use crate::answer::schema::{Described, component, count, list, moment, or_null, text, word};
use crate::fields::{GrantFields, Spend, SpendingFields};

/// A customer.
pub(crate) fn customer() -> Value {
    let mut row = Described::default();
    row.put("user_id", text()).put("alias", or_null(text()));
    GrantFields::describe(&mut row);
    SpendingFields::describe(&mut row);
    Spend::describe(&mut row);
    row.put("allowed_model_region", or_null(word(REGIONS)))
        .put("default_model", or_null(text()))
        .put("litellm_budget_table", SpendingFields::described())
        .put("created_at", moment())
        .put("updated_at", moment());
    row.into_value()
}

pub(crate) fn listed() -> Value {
    list(component("Customer"))
}

pub(crate) fn blocked() -> Value {
    Described::of([("blocked_users", listed())])
}

pub(crate) fn unblocked() -> Value {
    Described::of([("unblocked_users", list(text()))])
}

pub(crate) fn deleted() -> Value {
    Described::of([("deleted_customers", count()), ("message", text())])
}
