use axum::body::Bytes;
use ironward_core::Money;
use serde_json::{Map, Value, json};

use super::{
    Field, Fields, FromJson, Literal, Name, Place, Problems, Shape, choice, read_body, read_query,
    schema_of,
};
use crate::fault::Refusal;

#[derive(Debug, PartialEq)]
struct Sample {
    alias: Field<Name>,
    models: Option<Vec<Box<str>>>,
    max_budget: Field<Money>,
    tpm_limit: Field<u64>,
    parallel: Field<u32>,
    blocked: Field<bool>,
    windows: Option<Vec<Window>>,
    metadata: Option<Map<String, Value>>,
    params: Option<Literal>,
    kind: Option<Kind>,
    team: Name,
}

#[derive(Debug, PartialEq)]
struct Window {
    length: Box<str>,
}

#[derive(Debug, PartialEq, Clone, Copy)]
enum Kind {
    Good,
    Bad,
}

impl Shape for Sample {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            alias: fields.take("key_alias"),
            models: fields.optional("models"),
            max_budget: fields.take("max_budget"),
            tpm_limit: fields.take("tpm_limit"),
            parallel: fields.take("max_parallel_requests"),
            blocked: fields.take("blocked"),
            windows: fields.optional("budget_limits"),
            metadata: fields.optional("metadata"),
            params: fields.optional("litellm_params"),
            kind: fields.optional("kind"),
            team: fields.require("team_id"),
        }
    }
}

impl Shape for Window {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            length: fields.require("budget_duration"),
        }
    }
}

impl FromJson for Kind {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        choice(
            &value,
            at,
            problems,
            &[("good", Self::Good), ("bad", Self::Bad)],
        )
    }

    fn schema() -> Value {
        json!({"enum": ["good", "bad"]})
    }
}

fn read(text: &str) -> Result<Sample, Refusal> {
    read_body(Bytes::copy_from_slice(text.as_bytes()))
}

/// Status and text of a refusal.
fn refused(text: &str) -> (u16, String) {
    let refusal = read(text).unwrap_err();
    (refusal.status().as_u16(), format!("{refusal:?}"))
}

/// `type` and `loc` of each detail.
fn details(text: &str) -> Vec<(String, Value)> {
    match read(text).unwrap_err() {
        Refusal::Shape(details) => details
            .into_iter()
            .map(|detail| {
                (
                    format!("{}: {}", detail.kind, detail.msg),
                    detail.loc.into(),
                )
            })
            .collect(),
        Refusal::Error(error) => panic!("{error:?}"),
    }
}

#[test]
fn absent_null_and_a_value_are_told_apart() {
    let sample = read(r#"{"team_id":"t","key_alias":null,"max_budget":10.5,"tpm_limit":7.0}"#);
    let sample = sample.unwrap();
    assert_eq!(sample.alias, Field::Null);
    assert_eq!(sample.blocked, Field::Absent);
    assert_eq!(sample.max_budget.value().unwrap().to_string(), "10.5");
    assert_eq!(sample.tpm_limit, Field::Value(7));
    assert_eq!(sample.team.as_str(), "t");
}

#[test]
fn every_problem_is_named_with_its_place_and_no_value() {
    let secret = "sk-very-secret-0123456789";
    let body = json!({
        "key_alias": 5,
        "models": ["a", {"x": secret}],
        "max_budget": secret,
        "tpm_limit": -1,
        "blocked": secret,
        "budget_limits": [{"budget_duration": "1d"}, {"budget_durations": "1d"}],
        "metadata": secret,
        "kind": secret,
        "teem_id": secret,
    });
    let found = details(&body.to_string());
    assert_eq!(
        found,
        [
            (
                "string_type: Input should be a valid string",
                json!(["body", "key_alias"])
            ),
            (
                "string_type: Input should be a valid string",
                json!(["body", "models", 1])
            ),
            (
                "float_type: Input should be a valid number",
                json!(["body", "max_budget"])
            ),
            (
                "int_type: Input should be a valid integer, zero or more",
                json!(["body", "tpm_limit"])
            ),
            (
                "bool_type: Input should be a valid boolean",
                json!(["body", "blocked"])
            ),
            (
                "missing: Field required",
                json!(["body", "budget_limits", 1, "budget_duration"])
            ),
            (
                "extra_forbidden: Extra inputs are not permitted; did you mean \
                 'budget_duration'?",
                json!(["body", "budget_limits", 1, "budget_durations"])
            ),
            (
                "dict_type: Input should be a valid dictionary",
                json!(["body", "metadata"])
            ),
            (
                "literal_error: Input should be 'good' or 'bad'",
                json!(["body", "kind"])
            ),
            ("missing: Field required", json!(["body", "team_id"])),
            (
                "extra_forbidden: Extra inputs are not permitted; did you mean 'team_id'?",
                json!(["body", "teem_id"])
            ),
        ]
        .map(|(what, place)| (what.to_owned(), place))
    );
    assert!(!format!("{found:?}").contains("very-secret"));
}

#[test]
fn what_is_no_sound_json_is_refused() {
    for (text, part) in [
        (
            "{\"team_id\":\"a\",\"team_id\":\"b\"}",
            "duplicate key 'team_id'",
        ),
        (
            "{\"team_id\":\"a\",\"metadata\":{\"a\":1,\"\\u0061\":2}}",
            "duplicate key 'a'",
        ),
        ("{\"team_id\":\"\\ud800\"}", "line 1"),
        ("{\"max_budget\":1e400}", "out of range"),
        ("{\"team_id\":", "EOF"),
    ] {
        let (status, message) = refused(text);
        assert_eq!(status, 400, "{text}");
        assert!(message.contains(part), "{message}");
    }
    let deep = format!(
        "{{\"metadata\":{}{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    assert_eq!(refused(&deep).0, 400);
    assert_eq!(
        read_body::<Sample>(Bytes::from_static(b"{\"a\":\"\xff\"}"))
            .unwrap_err()
            .status(),
        400
    );
    for text in ["", "  ", "[]", "\"sk-secret-secret\"", "7"] {
        let (status, message) = refused(text);
        assert_eq!(status, 422, "{text}");
        assert!(!message.contains("secret-secret"));
    }
}

#[test]
fn values_that_cannot_be_taken_are_a_bad_request() {
    for body in [
        json!({"team_id": "", }),
        json!({"team_id": "a\u{0}b"}),
        json!({"team_id": "x".repeat(256)}),
        json!({"team_id": "t", "max_budget": -0.5}),
        json!({"team_id": "t", "max_budget": 1e30}),
        json!({"team_id": "t", "max_parallel_requests": 5_000_000_000_u64}),
    ] {
        assert_eq!(refused(&body.to_string()).0, 400, "{body}");
    }
    assert!(read(&json!({"team_id": "Ünïcødé 🦀 ' \" ; -- \u{202e}"}).to_string()).is_ok());
}

#[test]
fn references_to_secrets_are_not_resolved() {
    for text in [
        "os.environ/HOME",
        "file:///etc/passwd",
        "vault://x",
        "${HOME}",
    ] {
        let body = json!({"team_id": "t", "litellm_params": {"a": [{"api_key": text}]}});
        let (status, message) = refused(&body.to_string());
        assert_eq!(status, 400);
        assert!(message.contains("litellm_params.a[0].api_key"), "{message}");
        assert!(!message.contains(text));
        // Where nothing is ever resolved they are text.
        assert!(read(&json!({"team_id": text, "metadata": {"x": text}}).to_string()).is_ok());
    }
}

#[test]
fn an_answer_to_many_problems_stays_short() {
    let names: Vec<String> = (0..10_000).map(|n| format!("\"field{n}\":1")).collect();
    assert_eq!(details(&format!("{{{}}}", names.join(","))).len(), 50);
    let long = details(&format!("{{\"{}\":1}}", "x".repeat(100_000)));
    assert!(format!("{long:?}").len() < 1_000);
}

#[derive(Debug, PartialEq)]
struct Filter {
    page: Option<u64>,
    full: Option<bool>,
    expand: Option<Vec<Box<str>>>,
    alias: Option<Box<str>>,
}

impl Shape for Filter {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            page: fields.optional("page"),
            full: fields.optional("return_full_object"),
            expand: fields.optional("expand"),
            alias: fields.optional("key_alias"),
        }
    }
}

#[test]
fn a_query_is_read_as_text() {
    let read = read_query::<Filter>(Some(
        "page=3&return_full_object=True&expand[]=user&key_alias=a%20b+c%26",
    ));
    assert_eq!(
        read.unwrap(),
        Filter {
            page: Some(3),
            full: Some(true),
            expand: Some(vec!["user".into()]),
            alias: Some("a b c&".into()),
        }
    );
    assert!(read_query::<Filter>(None).is_ok());
    let two = read_query::<Filter>(Some("expand=a&expand=b")).unwrap();
    assert_eq!(two.expand.unwrap().len(), 2);
    for (query, status) in [
        ("page=x", 422),
        ("page=1&page=2", 422),
        ("paeg=1", 422),
        ("key_alias=%ff", 400),
    ] {
        assert_eq!(
            read_query::<Filter>(Some(query)).unwrap_err().status(),
            status,
            "{query}"
        );
    }
}

#[test]
fn the_schema_says_what_is_read() {
    let schema = schema_of::<Sample>();
    assert_eq!(schema["required"], json!(["team_id"]));
    assert_eq!(schema["additionalProperties"], json!(false));
    assert_eq!(
        schema["properties"]["max_budget"]["anyOf"][0]["type"],
        "number"
    );
    let window = &schema["properties"]["budget_limits"]["anyOf"][0]["items"];
    assert_eq!(window["required"], json!(["budget_duration"]));
}
