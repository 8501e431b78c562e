//! What the routes of service accounts answer.

use serde_json::Value;

use crate::answer::schema::{Described, component, list, page, text, things};
use crate::fields::{GrantFields, SpendingFields};

/// A service account.
pub(crate) fn account() -> Value {
    let mut row = Described::default();
    row.put("service_account_id", text())
        .put("service_account_alias", text())
        .put("team_id", text())
        .put("identities", list(things()));
    GrantFields::describe(&mut row);
    SpendingFields::describe(&mut row);
    row.put("metadata", things());
    row.put_origin();
    row.into_value()
}

pub(crate) fn listed() -> Value {
    list(component("ServiceAccount"))
}

pub(crate) fn paged() -> Value {
    let names = ["service_accounts", "total", "page", "total_pages"];
    page(names, component("ServiceAccount"), Some("page_size"))
}
