//! What answers look like, as JSON Schema. A `described` stands beside each function that writes an
//! answer, and every answer of the tests is held against what the document says of it.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a schema is made of others, which nobody else has"
)]

use serde_json::{Map, Value, json};

/// An object of an answer with every field that it has: none is left out, and there are no others.
#[derive(Debug, Default)]
pub(crate) struct Described(Map<String, Value>);

impl Described {
    /// An object of these fields.
    pub(crate) fn of<const N: usize>(fields: [(&str, Value); N]) -> Value {
        let mut described = Self::default();
        for (name, schema) in fields {
            described.put(name, schema);
        }
        described.into_value()
    }

    /// Adds a field, as `Row::put` writes it.
    pub(crate) fn put(&mut self, name: &str, schema: Value) -> &mut Self {
        self.0.insert(name.to_owned(), schema);
        self
    }

    /// When it was made and changed, and by whom.
    pub(crate) fn put_origin(&mut self) -> &mut Self {
        self.put("created_at", moment())
            .put("created_by", text())
            .put("updated_at", moment())
            .put("updated_by", text())
    }

    pub(crate) fn into_value(self) -> Value {
        let names: Vec<&String> = self.0.keys().collect();
        json!({
            "type": "object",
            "required": names,
            "properties": self.0,
            "additionalProperties": false,
        })
    }
}

/// A schema of the document's components.
pub(crate) fn component(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub(crate) fn text() -> Value {
    json!({"type": "string"})
}

/// A time, as `answer::time` writes it.
pub(crate) fn moment() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// A whole number, zero or more.
pub(crate) fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

pub(crate) fn number() -> Value {
    json!({"type": "number"})
}

pub(crate) fn switch() -> Value {
    json!({"type": "boolean"})
}

/// What was given, whatever it is.
pub(crate) fn anything() -> Value {
    json!({})
}

/// An object whose fields others have chosen.
pub(crate) fn things() -> Value {
    json!({"type": "object"})
}

pub(crate) fn word<const N: usize>(words: [&str; N]) -> Value {
    json!({"type": "string", "enum": Vec::from(words)})
}

pub(crate) fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

/// An object with values of one kind under names that others have chosen.
pub(crate) fn named(values: Value) -> Value {
    json!({"type": "object", "additionalProperties": values})
}

pub(crate) fn or_null(schema: Value) -> Value {
    match schema.get("type").and_then(Value::as_str) {
        Some(kind) if schema.get("enum").is_none() => {
            let mut schema = schema.clone();
            if let Some(fields) = schema.as_object_mut() {
                fields.insert("type".to_owned(), json!([kind, "null"]));
            }
            schema
        }
        _ => json!({"anyOf": [schema, {"type": "null"}]}),
    }
}

pub(crate) fn either<const N: usize>(schemas: [Value; N]) -> Value {
    json!({"anyOf": Vec::from(schemas)})
}

/// A list and where in the whole one it stands: `names` are what LiteLLM calls the list, the number
/// of all items, the page and the number of pages.
pub(crate) fn page(names: [&str; 4], items: Value, size: Option<&str>) -> Value {
    let [rows, total, page, pages] = names;
    let mut described = Described::default();
    described.put(rows, list(items)).put(total, count());
    described.put(page, count()).put(pages, count());
    if let Some(size) = size {
        described.put(size, count());
    }
    described.into_value()
}
