mod patch;
mod strict;

use std::ops::Range;

use bytes::Bytes;
use ironward_core::{Fault, FaultKind};
use serde::Deserialize;

use crate::json::mistyped;

pub use patch::Patch;
use strict::Words;
pub use strict::check_strict;

/// A request body that was read strictly, once: one JSON object, no duplicate key at any depth, no
/// lone surrogate, no number out of range, bounded depth, and no control key in another spelling.
///
/// What is sent upstream is made from exactly these fields by [`Body::patch`], so that what was
/// authorised is what is sent.
#[derive(Debug, Clone)]
pub struct Body {
    bytes: Bytes,
    fields: Fields,
    words: Words,
}

/// The words follow from the bytes.
impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        (&self.bytes, &self.fields) == (&other.bytes, &other.fields)
    }
}

impl Eq for Body {}

/// What reading a document gives: its top-level fields, and the short texts in it.
type Read = (Fields, Words);

/// The top-level fields, in the order they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fields {
    /// The names without escapes, one behind the other.
    names: String,
    places: Vec<Field>,
}

/// Where a field's name stands among the names, and its value in the body.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    name: Range<usize>,
    value: Range<usize>,
}

impl Fields {
    fn with_capacity(count: usize) -> Self {
        Self {
            names: String::with_capacity(count * 8),
            places: Vec::with_capacity(count),
        }
    }

    fn push(&mut self, name: &str, value: Range<usize>) {
        let start = self.names.len();
        self.names.push_str(name);
        let name = start..self.names.len();
        self.places.push(Field { name, value });
    }
}

impl Body {
    /// Reads `bytes`.
    ///
    /// # Errors
    /// A bad-request fault that says what is wrong and at which line and column.
    pub fn read(bytes: Bytes) -> Result<Self, Fault> {
        Self::read_with(strict::read_object, bytes)
    }

    /// As [`Body::read`], but slowly and by `serde_json` alone: the two have to agree.
    ///
    /// # Errors
    /// As [`Body::read`].
    #[cfg(fuzzing)]
    pub fn read_by_walk(bytes: Bytes) -> Result<Self, Fault> {
        Self::read_with(strict::read_object_by_walk, bytes)
    }

    fn read_with(
        reader: fn(&[u8]) -> Result<Read, serde_json::Error>,
        bytes: Bytes,
    ) -> Result<Self, Fault> {
        let (fields, words) = reader(&bytes).map_err(|error| {
            Fault::downstream(
                FaultKind::BadRequest,
                format!("the body is not valid JSON: {error}"),
            )
        })?;
        let body = Self {
            bytes,
            fields,
            words,
        };
        body.names().try_for_each(refuse_other_spelling)?;
        Ok(body)
    }

    /// The JSON text of the top-level field `name`; an explicit `null` counts as absent.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let (_, value) = self.values().find(|(field, _)| *field == name)?;
        as_text(value).filter(|text| *text != "null")
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
        self.values()
            .filter_map(|(name, value)| Some((name, as_text(value)?)))
    }

    /// The names of all top-level fields, in the order they were written.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values().map(|(name, _)| name)
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

    /// The fields without another look at the UTF-8 of their values, which takes as long as it
    /// takes to copy them.
    fn values(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let Fields { names, places } = &self.fields;
        places.iter().filter_map(|Field { name, value }| {
            Some((names.get(name.clone())?, self.bytes.get(value.clone())?))
        })
    }
}

fn as_text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
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
    // The right spellings are in lower case.
    if !name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    let Some(key) = CONTROL_KEYS
        .iter()
        .find(|key| key.eq_ignore_ascii_case(name))
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
