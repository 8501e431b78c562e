use ironward_wire::Json;

use super::adapt;

fn adapted(schema: &str) -> String {
    let schema = Json::from_text(schema.to_owned()).unwrap();
    adapt(&schema, "tools").unwrap().text().to_owned()
}

#[test]
fn a_schema_that_gemini_reads_stays_as_it_was_written() {
    let schema = r#"{ "type": "object", "properties": {"b": {"type": ["string", "null"]}, "a": {"default": 1.0}}, "additionalProperties": false }"#;
    assert_eq!(adapted(schema), schema);
}

#[test]
fn properties_keep_their_order() {
    assert_eq!(
        adapted(
            r#"{"$schema": "x", "properties": {"b": {"minimum": 0.5}, "a": true}, "required": ["b", "a"]}"#
        ),
        r#"{"properties":{"b":{"minimum":0.5},"a":true},"required":["b","a"]}"#
    );
}

#[test]
fn a_constant_becomes_an_enum_of_one_where_enums_are_taken() {
    assert_eq!(
        adapted(r#"{"anyOf": [{"const": "on"}, {"const": true}, {"const": 1, "enum": [1, 2]}]}"#),
        r#"{"anyOf":[{"enum":["on"]},{},{"const":1,"enum":[1,2]}]}"#
    );
}

#[test]
fn nothing_stands_beside_a_reference() {
    assert_eq!(
        adapted(
            r##"{"properties": {"a": {"$ref": "#/definitions/A", "description": "x"}, "b": {"description": "y", "allOf": [{"$ref": "#/$defs/A"}]}}, "definitions": {"A": {"const": 1}}}"##
        ),
        r##"{"properties":{"a":{"$ref":"#/$defs/A"},"b":{"$ref":"#/$defs/A"}},"$defs":{"A":{"enum":[1]}}}"##
    );
}

#[test]
fn what_all_of_holds_alone_is_merged() {
    assert_eq!(
        adapted(
            r#"{"title": "T", "allOf": [{"type": "object", "title": "U"}], "items": {"allOf": [{}, {}]}}"#
        ),
        r#"{"title":"T","items":{},"type":"object"}"#
    );
}

#[test]
fn names_of_properties_are_not_keywords() {
    let schema = r#"{"properties":{"const":{"type":"string"},"$ref":{"type":"string"},"definitions":{"type":"string"},"$schema":{}}}"#;
    assert_eq!(adapted(schema), schema);
}
