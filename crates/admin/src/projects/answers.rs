//! What the routes of projects answer.

use serde_json::Value;

use super::fields::KEPT;
use crate::answer::schema::{Described, component, list, text, things};
use crate::fields::{GrantFields, Kept, Spend, SpendingFields};

/// A project.
pub(crate) fn project() -> Value {
    let mut row = Described::default();
    row.put("project_id", text())
        .put("project_alias", text())
        .put("team_id", text());
    GrantFields::describe(&mut row);
    SpendingFields::describe(&mut row);
    Spend::describe(&mut row);
    row.put("metadata", things());
    Kept::describe(&KEPT, &mut row);
    row.put_origin();
    row.into_value()
}

pub(crate) fn listed() -> Value {
    list(component("Project"))
}
