//! What the routes of deployments answer.

use serde_json::{Value, json};

use super::groups::{ABILITIES, LARGEST, SUMS};
use crate::answer::schema::{
    Described, anything, component, count, list, named, number, or_null, page, switch, text, things,
};
use crate::sealing;

fn fields() -> Described {
    let mut row = Described::default();
    row.put("model_id", text())
        .put("model_name", text())
        .put("litellm_params", things())
        .put("sealed_params", named(sealing::described()))
        .put("model_info", things())
        .put("blocked", switch())
        .put_origin();
    row
}

/// A stored deployment.
pub(crate) fn stored() -> Value {
    fields().into_value()
}

/// The same, with what has no effect in it.
pub(crate) fn written() -> Value {
    let mut row = fields();
    row.put("notices", list(text()));
    row.into_value()
}

/// A deployment, stored or of the configuration.
pub(crate) fn deployment() -> Value {
    Described::of([
        ("model_name", text()),
        ("litellm_params", things()),
        ("model_info", things()),
    ])
}

pub(crate) fn listed() -> Value {
    Described::of([("data", list(component("Deployment")))])
}

pub(crate) fn paged() -> Value {
    let names = ["data", "total_count", "current_page", "total_pages"];
    page(names, component("Deployment"), Some("size"))
}

/// What something costs.
pub(crate) fn calculated() -> Value {
    Described::of([("cost", number())])
}

pub(crate) fn deleted() -> Value {
    Described::of([("message", text())])
}

/// What the deployments of a group can do together.
pub(crate) fn groups() -> Value {
    let nothing = || json!({"type": "null"});
    let mut row = Described::default();
    row.put("model_group", text())
        .put("providers", list(text()));
    row.put("mode", anything());
    for name in LARGEST {
        row.put(name, or_null(number()));
    }
    for name in SUMS {
        row.put(name, or_null(count()));
    }
    for name in ABILITIES {
        row.put(name, switch());
    }
    row.put("supported_reasoning_efforts", nothing())
        .put("supported_openai_params", list(text()))
        .put("configurable_clientside_auth_params", nothing());
    Described::of([("data", list(row.into_value()))])
}
