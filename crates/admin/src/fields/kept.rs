use ironward_core::Money;
use ironward_store::objects::Metadata;
use serde_json::Value;

use crate::answer::Row;
use crate::answer::schema::{Described, anything, number};
use crate::call::Call;
use crate::fault::Refusal;
use crate::request::{Field, Fields, Literal};

/// A field that is only kept.
pub(crate) struct KeptField {
    pub(crate) name: &'static str,
    /// What LiteLLM shows where it is not set.
    pub(crate) unset: Unset,
}

/// What stands for a field that is not set.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unset {
    Null,
    List,
    Object,
}

impl KeptField {
    pub(crate) const fn new(name: &'static str, unset: Unset) -> Self {
        Self { name, unset }
    }
}

/// LiteLLM's fields that have no effect yet. They are kept as they were given and shown again, so
/// that tools which write and compare them go on to work.
pub(crate) struct Kept(Vec<(&'static str, Field<Literal>)>);

impl Kept {
    /// Takes each of `kept`.
    pub(crate) fn read(fields: &mut Fields<'_>, kept: &[KeptField]) -> Self {
        let take = |field: &KeptField| (field.name, fields.take(field.name));
        Self(kept.iter().map(take).collect())
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

    /// What [`Self::show`] writes of `fields`.
    pub(crate) fn describe(fields: &[KeptField], row: &mut Described) {
        for field in fields {
            row.put(field.name, anything());
        }
    }

    /// Writes each of `fields` into an answer.
    pub(crate) fn show(kept: &Metadata, fields: &[KeptField], row: &mut Row) {
        for field in fields {
            let unset = || match field.unset {
                Unset::Null => Value::Null,
                Unset::List => Value::Array(Vec::new()),
                Unset::Object => Value::Object(Metadata::new()),
            };
            row.put(
                field.name,
                kept.get(field.name).cloned().unwrap_or_else(unset),
            );
        }
    }
}

/// What was spent, as far as requests have said: only administrators do.
pub(crate) struct Spend(Field<Money>);

impl Spend {
    const NAME: &str = "spend";

    pub(crate) fn read(fields: &mut Fields<'_>) -> Self {
        Self(fields.take(Self::NAME))
    }

    /// # Errors
    /// 403.
    pub(crate) fn apply(self, call: &Call<'_>, kept: &mut Metadata) -> Result<(), Refusal> {
        let spent = match self.0 {
            Field::Absent => return Ok(()),
            Field::Null => Money::ZERO,
            Field::Value(spent) => spent,
        };
        if spent != Money::ZERO && !call.actor.is_administrator() {
            return Err(
                Refusal::forbidden("Only proxy admin can set 'spend'").with_param(Self::NAME)
            );
        }
        if spent == Money::ZERO {
            kept.remove(Self::NAME);
        } else {
            kept.insert(Self::NAME.to_owned(), spent.to_dollars().into());
        }
        Ok(())
    }

    /// What [`Self::show`] writes.
    pub(crate) fn describe(row: &mut Described) {
        row.put(Self::NAME, number());
    }

    pub(crate) fn show(kept: &Metadata, row: &mut Row) {
        let spent = kept.get(Self::NAME).and_then(Value::as_f64);
        row.put(Self::NAME, spent.unwrap_or(0.0));
    }
}
