use ironward_config::looks_like_reference;
use serde_json::{Value, json};

use super::{FromJson, Place, Problems, shortened};

/// A value that LiteLLM would look through for references to secrets kept elsewhere. None is
/// resolved here, so none is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal(pub(crate) Value);

impl FromJson for Literal {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        refuse_references(&value, at, problems);
        Some(Self(value))
    }

    fn schema() -> Value {
        json!({})
    }
}

/// Reports each reference in `value` at its place.
pub(crate) fn refuse_references(value: &Value, at: Place<'_>, problems: &mut Problems) {
    match value {
        Value::String(text) if looks_like_reference(text) => problems.value(
            &at,
            "references are resolved in the configuration file only; send the value itself",
        ),
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                refuse_references(item, Place::Item(&at, position), problems);
            }
        }
        Value::Object(map) => {
            for (name, item) in map {
                let name = shortened(name);
                refuse_references(item, Place::Field(&at, &name), problems);
            }
        }
        _ => {}
    }
}
