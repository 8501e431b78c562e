use serde_json::json;

use super::example;

#[test]
fn an_object_has_its_fields_in_their_types() {
    let schema = json!({
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"enum": ["C", "F"]},
            "days": {"type": "integer", "minimum": 3, "multipleOf": 2},
            "heat": {"type": "number", "maximum": 1},
            "dry": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            "note": {"anyOf": [{"type": "null"}, {"type": "string", "maxLength": 2}]},
            "when": {"type": "string", "format": "date"},
        },
        "required": ["city"],
    });
    assert_eq!(
        example(&schema),
        json!({
            "city": "city", "unit": "C", "days": 4, "heat": 1.0, "dry": true,
            "tags": ["tags", "tags"], "note": "no", "when": "2026-01-02",
        })
    );
}

#[test]
fn references_are_followed_and_recursion_ends() {
    let schema = json!({
        "$ref": "#/$defs/node",
        "$defs": {"node": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "next": {"$ref": "#/$defs/node"}},
            "required": ["name"],
        }},
    });
    assert_eq!(example(&schema)["name"], "name");
    let endless = json!({"type": "object", "properties": {"x": {"$ref": "#"}}, "required": ["x"]});
    assert!(example(&endless).is_object());
}

#[test]
fn gemini_spells_its_types_in_capitals() {
    let schema = json!({"type": "OBJECT", "properties": {"n": {"type": "INTEGER"}}});
    assert_eq!(example(&schema), json!({"n": 1}));
}

#[test]
fn parts_of_all_of_are_merged() {
    let schema = json!({"allOf": [
        {"type": "object", "properties": {"a": {"type": "string"}}},
        {"type": "object", "properties": {"b": {"type": "integer"}}},
    ], "properties": {"c": {"const": 3}}});
    assert_eq!(example(&schema), json!({"a": "a", "b": 1, "c": 3}));
}
