//! What the routes of credentials answer.

use serde_json::Value;

use crate::answer::schema::{
    Described, component, either, list, moment, named, or_null, switch, text, things,
};
use crate::sealing;

fn fields() -> Described {
    let mut row = Described::default();
    let value = either([text(), sealing::described()]);
    row.put("credential_name", text())
        .put("credential_values", named(value))
        .put("credential_info", things())
        .put("origin", list(text()))
        .put("last_used_at", or_null(moment()));
    row
}

/// A credential: a text where it is no secret, a fingerprint where it is one.
pub(crate) fn credential() -> Value {
    let mut row = fields();
    row.put_origin();
    row.into_value()
}

/// The credential that a deployment names, or what is sealed in the deployment itself.
pub(crate) fn of_model() -> Value {
    either([component("Credential"), fields().into_value()])
}

pub(crate) fn listed() -> Value {
    Described::of([
        ("success", switch()),
        ("credentials", list(component("Credential"))),
    ])
}

pub(crate) fn done() -> Value {
    Described::of([("success", switch()), ("message", text())])
}
