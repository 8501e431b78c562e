use std::collections::BTreeMap;

use ironward_core::nearest;
use serde_json::{Value, json};

use super::{Field, FromJson, Place, Problems};

/// An object of a request with every field that it may have. One function reads it and, run over
/// nothing, says what it reads: that is where the `OpenAPI` document comes from.
pub(crate) trait Shape: Sized {
    /// Takes each field that there is by its name.
    fn read(fields: &mut Fields<'_>) -> Self;
}

/// The fields of an object while they are read.
pub(crate) struct Fields<'p> {
    given: BTreeMap<String, Value>,
    known: Vec<Property>,
    at: Place<'p>,
    problems: &'p mut Problems,
}

/// A field that a shape takes.
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) is_required: bool,
    pub(crate) schema: fn() -> Value,
}

impl<'p> Fields<'p> {
    /// The value of `name`, and whether it is there at all.
    pub(crate) fn take<T: FromJson>(&mut self, name: &'static str) -> Field<T> {
        self.known(name, false, T::schema);
        match self.given.remove(name) {
            None => Field::Absent,
            Some(Value::Null) => Field::Null,
            Some(value) => T::from_json(value, Place::Field(&self.at, name), self.problems)
                .map_or(Field::Absent, Field::Value),
        }
    }

    /// The value of `name`; `null` is as good as absent.
    pub(crate) fn optional<T: FromJson>(&mut self, name: &'static str) -> Option<T> {
        self.take(name).value()
    }

    /// The value of `name`, which has to be there. What stands in for a missing one is never used:
    /// the request is refused.
    pub(crate) fn require<T: FromJson + Default>(&mut self, name: &'static str) -> T {
        self.known(name, true, T::schema);
        let at = Place::Field(&self.at, name);
        match self.given.remove(name) {
            Some(value) => T::from_json(value, at, self.problems),
            None => {
                self.problems.shape(&at, "missing", "Field required");
                None
            }
        }
        .unwrap_or_default()
    }

    /// A finding that concerns several fields: 400, naming `name`.
    pub(crate) fn refuse(&mut self, name: &'static str, message: &str) {
        self.problems.value(&Place::Field(&self.at, name), message);
    }

    /// A value outside its range: 422.
    pub(crate) fn wrong(&mut self, name: &'static str, kind: &'static str, message: &str) {
        self.problems
            .shape(&Place::Field(&self.at, name), kind, message);
    }

    fn known(&mut self, name: &'static str, is_required: bool, schema: fn() -> Value) {
        self.known.push(Property {
            name,
            is_required,
            schema,
        });
    }

    /// What nobody took is unknown here.
    fn finish(self) {
        for name in self.given.keys() {
            if self.problems.is_full() {
                return;
            }
            let known = self.known.iter().map(|property| property.name);
            let hint = nearest(name, known)
                .map(|near| format!("; did you mean '{near}'?"))
                .unwrap_or_default();
            self.problems.shape(
                &Place::Field(&self.at, name),
                "extra_forbidden",
                format!("Extra inputs are not permitted{hint}"),
            );
        }
    }

    fn over(given: BTreeMap<String, Value>, at: Place<'p>, problems: &'p mut Problems) -> Self {
        Self {
            given,
            known: Vec::new(),
            at,
            problems,
        }
    }
}

/// Reads `given` as `T`; problems go where they are gathered.
pub(crate) fn read<T: Shape>(
    given: BTreeMap<String, Value>,
    at: Place<'_>,
    problems: &mut Problems,
) -> T {
    let mut fields = Fields::over(given, at, problems);
    let read = T::read(&mut fields);
    fields.finish();
    read
}

/// The fields that `T` takes.
pub(crate) fn properties<T: Shape>() -> Vec<Property> {
    let mut unheard = Problems::default();
    let mut fields = Fields::over(BTreeMap::new(), Place::Body, &mut unheard);
    let _empty = T::read(&mut fields);
    fields.known
}

/// An object inside an object.
impl<T: Shape> FromJson for T {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        match value {
            Value::Object(map) => Some(read(map.into_iter().collect(), at, problems)),
            _ => {
                problems.shape(&at, "dict_type", "Input should be a valid dictionary");
                None
            }
        }
    }

    fn schema() -> Value {
        let properties = properties::<T>();
        let required: Vec<&str> = properties
            .iter()
            .filter(|property| property.is_required)
            .map(|property| property.name)
            .collect();
        let properties: BTreeMap<&str, Value> = properties
            .iter()
            .map(|property| {
                let schema = (property.schema)();
                let schema = if property.is_required {
                    schema
                } else {
                    json!({"anyOf": [schema, {"type": "null"}]})
                };
                (property.name, schema)
            })
            .collect();
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }
}
