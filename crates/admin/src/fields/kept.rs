use ironward_store::objects::Metadata;
use serde_json::Value;

use crate::answer::Row;
use crate::request::{Field, Fields, Literal};

/// LiteLLM's fields that have no effect yet. They are kept as they were given and shown again, so
/// that tools which write and compare them go on to work.
pub(crate) struct Kept(Vec<(&'static str, Field<Literal>)>);

impl Kept {
    /// Takes each of `names`.
    pub(crate) fn read(fields: &mut Fields<'_>, names: &[&'static str]) -> Self {
        let take = |name: &&'static str| (*name, fields.take(name));
        Self(names.iter().map(take).collect())
    }

    /// The first of `names` that the request gives a value to: some of them are for
    /// administrators only.
    pub(crate) fn first_given(&self, names: &[&str]) -> Option<&'static str> {
        let is_given = |field: &Field<Literal>| {
            field.get().is_some_and(|Literal(value)| match value {
                Value::Array(items) => !items.is_empty(),
                Value::Object(map) => !map.is_empty(),
                _ => true,
            })
        };
        let mut given = self.0.iter().filter(|(_, field)| is_given(field));
        given
            .find(|(name, _)| names.contains(name))
            .map(|(name, _)| *name)
    }

    /// Changes what the request names.
    pub(crate) fn apply(self, kept: &mut Metadata) {
        for (name, field) in self.0 {
            match field {
                Field::Absent => {}
                Field::Null => {
                    kept.remove(name);
                }
                Field::Value(Literal(value)) => {
                    kept.insert(name.to_owned(), value);
                }
            }
        }
    }

    /// Writes each of `names` into an answer.
    pub(crate) fn show(kept: &Metadata, names: &[&'static str], row: &mut Row) {
        for name in names {
            row.put(name, kept.get(*name));
        }
    }
}
