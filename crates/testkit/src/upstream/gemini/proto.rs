use serde_json::Value;

use crate::upstream::refusal::Refusal;
use crate::upstream::route::unknown_field;

/// The field names of a proto message in JSON may be in camel or in snake case; this makes them
/// camel. What the caller owns (schemas, arguments, results) is left as it is.
pub(super) fn camel(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                let name = camel_name(name);
                let opaque = OPAQUE.contains(&name.as_str());
                let value = if opaque { value.clone() } else { camel(value) };
                (name, value)
            })
            .collect(),
        Value::Array(items) => items.iter().map(camel).collect(),
        other => other.clone(),
    }
}

fn camel_name(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        if c == '_' && !camel.is_empty() {
            upper = true;
        } else if upper {
            camel.extend(c.to_uppercase());
            upper = false;
        } else {
            camel.push(c);
        }
    }
    camel
}

/// Refuses the first unknown name of a proto message, as the JSON transcoder does.
pub(super) fn known(value: &Value, place: &str, fields: &[&str]) -> Result<(), Refusal> {
    let Some(name) = unknown_field(value, fields) else {
        return Ok(());
    };
    let at = if place.is_empty() {
        String::new()
    } else {
        format!(" at '{place}'")
    };
    Err(Refusal::field(
        name.clone(),
        format!("Invalid JSON payload received. Unknown name \"{name}\"{at}: Cannot find field."),
    ))
}

/// Checks a `Schema` message: a part of OpenAPI 3.0, not JSON Schema.
pub(super) fn check_schema(schema: &Value, place: &str) -> Result<(), Refusal> {
    known(schema, place, SCHEMA_FIELDS)?;
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        check_schema(field, &format!("{place}.properties[{name}]"))?;
    }
    for (at, option) in schema["anyOf"].as_array().into_iter().flatten().enumerate() {
        check_schema(option, &format!("{place}.any_of[{at}]"))?;
    }
    if schema["type"].is_array() {
        return Err(Refusal::field(
            place,
            format!("Invalid value at '{place}.type' (TYPE_ENUM), Proto field is not repeating."),
        ));
    }
    match &schema["items"] {
        Value::Null => Ok(()),
        items => check_schema(items, &format!("{place}.items")),
    }
}

/// Fields whose content is the caller's own.
const OPAQUE: &[&str] = &[
    "args",
    "parameters",
    "parametersJsonSchema",
    "response",
    "responseJsonSchema",
    "responseSchema",
];

/// <https://ai.google.dev/api/caching#Schema>
const SCHEMA_FIELDS: &[&str] = &[
    "anyOf",
    "default",
    "description",
    "enum",
    "example",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "nullable",
    "pattern",
    "properties",
    "propertyOrdering",
    "required",
    "title",
    "type",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{camel, check_schema};

    #[test]
    fn names_become_camel_except_in_what_the_caller_owns() {
        let body = json!({"system_instruction": {"a_b": 1}, "parameters": {"keep_me": 1}});
        assert_eq!(
            camel(&body),
            json!({"systemInstruction": {"aB": 1}, "parameters": {"keep_me": 1}})
        );
    }

    #[test]
    fn json_schema_words_are_refused_with_their_place() {
        let schema =
            json!({"type": "object", "properties": {"a": {"additionalProperties": false}}});
        let refusal = check_schema(&schema, "p").unwrap_err();
        assert!(
            refusal
                .message
                .contains("\"additionalProperties\" at 'p.properties[a]'")
        );
    }
}
