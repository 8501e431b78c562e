//! JSON Schema as Gemini's `parametersJsonSchema` and `responseJsonSchema` take it.
//!
//! They ignore keywords that they do not know, so little has to change: `const`, `allOf` of one and
//! `definitions` are rewritten in keywords that they do know, and nothing may stand beside `$ref`.
//! <https://ai.google.dev/api/generate-content#FIELDS.response_json_schema>

use std::fmt;

use ironward_core::Fault;
use ironward_wire::Json;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// `schema` as Gemini takes it; most schemas are that already.
///
/// # Errors
/// A bad-request fault naming `param` when it is not JSON.
pub(super) fn adapt(schema: &Json, param: &str) -> Result<Json, Fault> {
    const REWRITTEN: [&str; 5] = [
        "\"$schema\"",
        "\"$ref\"",
        "\"const\"",
        "\"allOf\"",
        "\"definitions\"",
    ];
    if !REWRITTEN
        .iter()
        .any(|keyword| schema.text().contains(keyword))
    {
        return Ok(schema.clone());
    }
    let adapted = schema.read::<Node>(param)?.adapted();
    Json::from_value(&adapted)
        .map_err(|error| Fault::invalid(param, format!("'{param}' is not a schema: {error}")))
}

/// JSON whose objects keep their order: Gemini writes properties in the order of the schema.
enum Node {
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
    Scalar(Value),
}

impl Node {
    /// This schema, rewritten.
    fn adapted(self) -> Self {
        let Self::Object(fields) = self else {
            return self;
        };
        let is_reference = fields.iter().any(|(name, _)| name == "$ref");
        let has_enum = fields.iter().any(|(name, _)| name == "enum");
        let mut adapted = Vec::with_capacity(fields.len());
        let mut merged = Vec::new();
        for (name, value) in fields {
            match name.as_str() {
                "$schema" => {}
                "$ref" => adapted.push((name, value.rooted_in_defs())),
                "$defs" | "definitions" => adapted.push(("$defs".to_owned(), value.each_adapted())),
                _ if is_reference && !name.starts_with('$') => {}
                // Its `enum` is documented for texts and numbers only.
                "const" if !has_enum => {
                    if matches!(value, Self::Scalar(Value::String(_) | Value::Number(_))) {
                        adapted.push(("enum".to_owned(), Self::Array(vec![value])));
                    }
                }
                "allOf" => merged = value.only_member(),
                "properties" => adapted.push((name, value.each_adapted())),
                "items" | "additionalProperties" | "anyOf" | "oneOf" | "prefixItems" => {
                    let value = match value {
                        Self::Array(items) => {
                            Self::Array(items.into_iter().map(Self::adapted).collect())
                        }
                        value => value.adapted(),
                    };
                    adapted.push((name, value));
                }
                _ => adapted.push((name, value)),
            }
        }
        for (name, value) in merged {
            if !adapted.iter().any(|(present, _)| *present == name) {
                adapted.push((name, value));
            }
        }
        // What `allOf` brought in may be a reference.
        if !is_reference && adapted.iter().any(|(name, _)| name == "$ref") {
            adapted.retain(|(name, _)| name.starts_with('$'));
        }
        Self::Object(adapted)
    }

    /// An object of schemas, each rewritten.
    fn each_adapted(self) -> Self {
        match self {
            Self::Object(fields) => Self::Object(
                fields
                    .into_iter()
                    .map(|(name, schema)| (name, schema.adapted()))
                    .collect(),
            ),
            other => other,
        }
    }

    /// The fields of the schema that `allOf` holds alone.
    fn only_member(self) -> Vec<(String, Self)> {
        let Self::Array(members) = self else {
            return Vec::new();
        };
        let mut members = members.into_iter();
        match (members.next().map(Self::adapted), members.next()) {
            (Some(Self::Object(fields)), None) => fields,
            _ => Vec::new(),
        }
    }

    fn rooted_in_defs(self) -> Self {
        match self {
            Self::Scalar(Value::String(path)) => {
                Self::Scalar(Value::String(match path.strip_prefix("#/definitions/") {
                    Some(name) => format!("#/$defs/{name}"),
                    None => path,
                }))
            }
            other => other,
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            Self::Array(items) => items.serialize(serializer),
            Self::Scalar(value) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Node::Object(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::Array(items))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }
}

#[cfg(test)]
mod tests;
