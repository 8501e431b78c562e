//! What the routes of access groups answer.

use serde_json::Value;

use crate::answer::schema::{Described, component, count, list, or_null, text};

/// An access group.
pub(crate) fn group() -> Value {
    let mut row = Described::default();
    row.put("access_group", text())
        .put("model_names", list(text()))
        .put("deployment_count", count())
        .put("description", or_null(text()))
        .put_origin();
    row.into_value()
}

/// What a change answers.
pub(crate) fn changed() -> Value {
    Described::of([
        ("access_group", text()),
        ("model_names", list(text())),
        ("models_updated", count()),
    ])
}

pub(crate) fn deleted() -> Value {
    Described::of([
        ("access_group", text()),
        ("models_updated", count()),
        ("message", text()),
    ])
}

pub(crate) fn listed() -> Value {
    Described::of([("access_groups", list(component("AccessGroup")))])
}
