use std::collections::BTreeMap;

use ironward_core::Money;
use serde_json::{Map, Value, json};

use super::{Place, Problems};

/// A value of a request.
pub(crate) trait FromJson: Sized {
    /// Reads it; what is wrong goes to `problems`, with its place and without the value.
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self>;

    /// What it has to be, as JSON Schema.
    fn schema() -> Value;
}

/// A name or an id: any text that people can read, but for control characters; not empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Name(Box<str>);

/// The most characters of a [`Name`].
const LONGEST_NAME: usize = 255;

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_text(self) -> Box<str> {
        self.0
    }
}

impl FromJson for Name {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let text = Box::<str>::from_json(value, at, problems)?;
        if text.is_empty() || text.chars().any(char::is_control) {
            problems.value(&at, "a name is not empty and has no control characters");
            return None;
        }
        if text.chars().nth(LONGEST_NAME).is_some() {
            problems.value(&at, format!("a name has at most {LONGEST_NAME} characters"));
            return None;
        }
        Some(Self(text))
    }

    fn schema() -> Value {
        json!({"type": "string", "minLength": 1, "maxLength": LONGEST_NAME})
    }
}

impl FromJson for Box<str> {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        if let Value::String(text) = value {
            return Some(text.into());
        }
        problems.shape(&at, "string_type", "Input should be a valid string");
        None
    }

    fn schema() -> Value {
        json!({"type": "string"})
    }
}

impl FromJson for bool {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        match value {
            Value::Bool(switch) => return Some(switch),
            Value::String(text) if at.is_query() => {
                // FastAPI's spellings.
                match text.to_ascii_lowercase().as_str() {
                    "true" | "1" | "on" | "yes" => return Some(true),
                    "false" | "0" | "off" | "no" => return Some(false),
                    _ => {}
                }
            }
            _ => {}
        }
        problems.shape(&at, "bool_type", "Input should be a valid boolean");
        None
    }

    fn schema() -> Value {
        json!({"type": "boolean"})
    }
}

impl FromJson for u64 {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let found = match &value {
            Value::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(whole)),
            Value::String(text) if at.is_query() => text.parse().ok(),
            _ => None,
        };
        if found.is_none() {
            problems.shape(
                &at,
                "int_type",
                "Input should be a valid integer, zero or more",
            );
        }
        found
    }

    fn schema() -> Value {
        json!({"type": "integer", "minimum": 0, "maximum": MOST_EXACT})
    }
}

/// Above it a float is no exact count, and JavaScript's clients would change it.
const MOST_EXACT: u64 = 1 << 53;

/// `10.0` is a whole number too.
fn whole(number: f64) -> Option<u64> {
    (number.fract() == 0.0 && number >= 0.0)
        .then(|| format!("{number:.0}").parse().ok())
        .flatten()
        .filter(|number| *number <= MOST_EXACT)
}

impl FromJson for u32 {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let number = u64::from_json(value, at, problems)?;
        let found = Self::try_from(number).ok();
        if found.is_none() {
            problems.value(&at, format!("at most {}", Self::MAX));
        }
        found
    }

    fn schema() -> Value {
        json!({"type": "integer", "minimum": 0, "maximum": Self::MAX})
    }
}

impl FromJson for Money {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let Some(dollars) = value.as_f64() else {
            problems.shape(&at, "float_type", "Input should be a valid number");
            return None;
        };
        match Self::from_dollars(dollars) {
            Ok(money) => Some(money),
            Err(error) => {
                problems.value(&at, error.to_string());
                None
            }
        }
    }

    fn schema() -> Value {
        json!({"type": "number", "minimum": 0})
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let items = match value {
            Value::Array(items) => items,
            value @ Value::String(_) if at.is_query() => vec![value],
            _ => {
                problems.shape(&at, "list_type", "Input should be a valid list");
                return None;
            }
        };
        let mut read = Self::with_capacity(items.len());
        for (position, item) in items.into_iter().enumerate() {
            read.push(T::from_json(item, Place::Item(&at, position), problems)?);
        }
        Some(read)
    }

    fn schema() -> Value {
        json!({"type": "array", "items": T::schema()})
    }
}

impl<T: FromJson> FromJson for BTreeMap<Box<str>, T> {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let entries = Map::from_json(value, at, problems)?;
        let mut read = Self::new();
        for (name, value) in entries {
            let value = T::from_json(value, Place::Field(&at, &name), problems)?;
            read.insert(name.into(), value);
        }
        Some(read)
    }

    fn schema() -> Value {
        json!({"type": "object", "additionalProperties": T::schema()})
    }
}

/// An object that nobody looks into.
impl FromJson for Map<String, Value> {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        if let Value::Object(map) = value {
            return Some(map);
        }
        problems.shape(&at, "dict_type", "Input should be a valid dictionary");
        None
    }

    fn schema() -> Value {
        json!({"type": "object"})
    }
}

/// Anything: a field that is only kept.
impl FromJson for Value {
    fn from_json(value: Value, _: Place<'_>, _: &mut Problems) -> Option<Self> {
        Some(value)
    }

    fn schema() -> Value {
        json!({})
    }
}

/// One of a few words, each with what it means.
pub(crate) fn choice<T: Copy>(
    value: &Value,
    at: Place<'_>,
    problems: &mut Problems,
    words: &[(&str, T)],
) -> Option<T> {
    let found = value
        .as_str()
        .and_then(|text| words.iter().find(|(word, _)| *word == text));
    if found.is_none() {
        let quoted: Vec<String> = words.iter().map(|(word, _)| format!("'{word}'")).collect();
        let listed = match quoted.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        };
        problems.shape(&at, "literal_error", format!("Input should be {listed}"));
    }
    found.map(|(_, meaning)| *meaning)
}
