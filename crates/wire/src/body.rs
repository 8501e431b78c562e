mod patch;
mod strict;

use std::ops::Range;

use bytes::Bytes;
use ironward_core::{Fault, FaultKind};
use serde::Deserialize;

use crate::json::mistyped;

pub use patch::Patch;
pub use strict::check_strict;

/// A request body that was read strictly, once: one JSON object, no duplicate key at any depth, no
/// lone surrogate, no number out of range, bounded depth, and no control key in another spelling.
///
/// What is sent upstream is made from exactly these fields by [`Body::patch`], so that what was
/// authorised is what is sent.
#[derive(Debug, Clone)]
pub struct Body {
    bytes: Bytes,
    fields: Vec<Field>,
}

/// One top-level field: its name, and where its value stands.
#[derive(Debug, Clone)]
struct Field {
    name: Box<str>,
    value: Range<usize>,
}

impl Body {
    /// Reads `bytes`.
    ///
    /// # Errors
    /// A bad-request fault that says what is wrong and at which line and column.
    pub fn read(bytes: Bytes) -> Result<Self, Fault> {
        let fields = strict::read_object(&bytes).map_err(|error| {
            Fault::downstream(
                FaultKind::BadRequest,
                format!("the body is not valid JSON: {error}"),
            )
        })?;
        for field in &fields {
            refuse_other_spelling(&field.name)?;
        }
        Ok(Self { bytes, fields })
    }

    /// The JSON text of the top-level field `name`; an explicit `null` counts as absent.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|field| &*field.name == name)?;
        self.text(field).filter(|text| *text != "null")
    }

    /// The field `name` as `T`; absent and `null` are `None`.
    ///
    /// # Errors
    /// A bad-request fault naming the field when it is of another type.
    pub fn read_field<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Result<Option<T>, Fault> {
        self.field(name)
            .map(serde_json::from_str)
            .transpose()
            .map_err(|error| mistyped(name, &error))
    }

    /// The names and JSON texts of all top-level fields, in the order they were written.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .filter_map(|field| Some((&*field.name, self.text(field)?)))
    }

    /// The body as it was received.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Starts a patched copy.
    #[must_use]
    pub fn patch(&self) -> Patch<'_> {
        Patch::new(self)
    }

    fn text(&self, field: &Field) -> Option<&str> {
        std::str::from_utf8(self.bytes.get(field.value.clone())?).ok()
    }
}

/// Keys that the gateway acts on. One in another spelling (`"Model"`) might be read by a lenient
/// upstream although nobody authorised it.
const CONTROL_KEYS: [&str; 18] = [
    "model",
    "stream",
    "stream_options",
    "messages",
    "prompt",
    "input",
    "system",
    "tools",
    "tool_choice",
    "n",
    "max_tokens",
    "max_completion_tokens",
    "user",
    "metadata",
    "thinking",
    "service_tier",
    "extra_body",
    "response_format",
];

fn refuse_other_spelling(name: &str) -> Result<(), Fault> {
    let Some(key) = CONTROL_KEYS
        .iter()
        .find(|key| **key != name && key.eq_ignore_ascii_case(name))
    else {
        return Ok(());
    };
    Err(Fault::invalid(
        *key,
        format!("'{key}' is written in another spelling; field names are case-sensitive"),
    ))
}

#[cfg(test)]
mod tests;
