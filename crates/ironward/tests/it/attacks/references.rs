//! References to secrets, in every field that a request can have: text or refused, and never what
//! they stand for.

use serde_json::{Map, Value, json};

use crate::canary::Heard;
use crate::dialect::Dialect;
use crate::family::FAMILIES;
use crate::tenants::{CANARY, Tenants, VARIABLE, over_both};

over_both!(
    no_field_of_the_management_api_resolves_one,
    no_field_of_a_call_resolves_one
);

/// Everything that another gateway or a shell would have resolved.
fn references(tenants: &Tenants<'_>) -> Vec<String> {
    let file = tenants.gateway.directory().join("canary");
    let file = file.display();
    vec![
        format!("os.environ/{VARIABLE}"),
        format!("env:{VARIABLE}"),
        format!("${{{VARIABLE}}}"),
        format!("${VARIABLE}"),
        format!("file://{file}"),
        format!("file:{file}"),
        "file:///etc/passwd".to_owned(),
        "vault://secret/x#y".to_owned(),
        "aws-sm://x".to_owned(),
        format!("{{{{ env.{VARIABLE} }}}}"),
    ]
}

/// Ids of what is there: fields that name something are filled with them.
const EXISTING: [(&str, &str); 14] = [
    ("user_id", "low-a"),
    ("team_id", "team-a"),
    ("organization_id", "org-a"),
    ("project_id", "project-a"),
    ("budget_id", "budget-a"),
    ("access_group", "group-a"),
    ("name", "tag-a"),
    ("credential_name", "credential-a"),
    ("model_name", "stored-a"),
    ("model_id", "model-a"),
    ("id", "model-a"),
    ("end_user_id", "customer-a"),
    ("credential", "credential-a"),
    ("model", "model-a"),
];

fn no_field_of_the_management_api_resolves_one(tenants: &Tenants<'_>) {
    let document = tenants.get(&tenants.admin, "/openapi.json").json();
    let references = references(tenants);
    let mut heard = Heard::default();
    let mut count = 0;
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let schema = resolve(&document, schema);
            let Some(fields) = schema["properties"].as_object() else {
                continue;
            };
            for field in fields.keys() {
                // Each field as text and as something else: most take the one or the other.
                let values = values(&references[count % references.len()]);
                let other = 1 + count % 2;
                for value in [values[0].clone(), values[other].clone()] {
                    let body = filled(&document, schema, field, value);
                    let (method, path) = (method.to_uppercase(), placed(path));
                    let reply = tenants.manage(&tenants.admin, &method, &path, &body);
                    assert!(
                        reply.status < 500,
                        "{method} {path} {body}: {}",
                        reply.text()
                    );
                    heard.reply(&format!("{method} {path}"), &reply);
                    count += 1;
                }
            }
        }
    }
    assert!(count > 600, "only {count} fields were tried");
    secrets_stay_text(tenants, &references, &mut heard);
    heard.0.push_str(&tenants.gateway.log());
    heard.assert_silent_about(&[CANARY.to_owned()]);
    assert!(!heard.0.contains("root:x:0"), "/etc/passwd was read");
    tenants.trap.assert_untouched();
}

/// A reference where a field takes text, a list or an object.
fn values(reference: &str) -> [Value; 3] {
    [
        json!(reference),
        json!([reference]),
        json!({"api_key": reference, "a": [reference]}),
    ]
}

fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(reference) => document
            .pointer(reference.trim_start_matches('#'))
            .expect("a schema"),
        None => schema,
    }
}

/// What the operation needs, and this field.
fn filled(document: &Value, schema: &Value, field: &str, value: Value) -> Value {
    let mut body = Map::new();
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().expect("a name");
        let property = resolve(document, &schema["properties"][name]);
        let known = EXISTING.iter().find(|(known, _)| *known == name);
        let value = match (known, property["type"].as_str()) {
            (Some((_, id)), _) => json!(id),
            (None, Some("array")) => json!(["none"]),
            (None, Some("object")) => json!({}),
            (None, Some("number" | "integer")) => json!(1),
            _ => json!("none"),
        };
        body.insert(name.to_owned(), value);
    }
    body.insert(field.to_owned(), value);
    Value::Object(body)
}

/// The path with an id in it.
fn placed(path: &str) -> String {
    let mut path = path.to_owned();
    for (name, id) in EXISTING
        .into_iter()
        .chain([("team", "team-a"), ("key", "none")])
    {
        path = path.replace(&format!("{{{name}}}"), id);
    }
    path
}

/// Where a secret is expected a reference is refused, or sent to the provider letter by letter.
fn secrets_stay_text(tenants: &Tenants<'_>, references: &[String], heard: &mut Heard) {
    for (number, reference) in references.iter().enumerate() {
        let (model, credential) = (format!("m{number}"), format!("c{number}"));
        let params = json!({"model": "openai/gpt-test", "api_base": format!("{}/v1", tenants.upstream.url()),
                            "allow_private_address": true, "api_key": reference});
        for (path, body) in [
            (
                "/model/new",
                json!({"model_name": model, "litellm_params": params}),
            ),
            (
                "/credentials",
                json!({"credential_name": credential, "credential_values": {"api_key": reference}}),
            ),
            (
                "/model/update",
                json!({"model_info": {"id": "model-a"}, "litellm_params": params}),
            ),
        ] {
            let reply = tenants.manage(&tenants.admin, "POST", path, &body);
            assert!(
                matches!(reply.status, 200 | 400),
                "{body}: {}",
                reply.text()
            );
            heard.reply(path, &reply);
        }
    }
    // Whatever was stored is in force now, and sends what was written.
    for model in (0..references.len()).map(|number| format!("m{number}")) {
        tenants.chat(&tenants.admin, &model);
    }
    for call in tenants.upstream.calls() {
        heard.0.push_str(&format!("{call:?}\n"));
    }
    for path in [
        "/credentials",
        "/v2/model/info?size=100",
        "/key/list?return_full_object=true&size=100",
    ] {
        heard.reply(path, &tenants.get(&tenants.admin, path));
    }
}

fn no_field_of_a_call_resolves_one(tenants: &Tenants<'_>) {
    let mut heard = Heard::default();
    for (number, reference) in references(tenants).into_iter().enumerate() {
        for dialect in Dialect::BOTH {
            let families = [FAMILIES[0], FAMILIES[1 + number % (FAMILIES.len() - 1)]];
            for family in families {
                let model = format!("allowed-{}", family.name);
                let mut bodies = vec![
                    dialect.body(&model, &reference),
                    dialect.body(&reference, "hello"),
                ];
                for field in [
                    "user",
                    "api_key",
                    "metadata",
                    "system",
                    "stop",
                    "tools",
                    "mock_response",
                    "extra_headers",
                ] {
                    for value in values(&reference) {
                        let mut body = dialect.body(&model, "hello");
                        body[field] = value;
                        bodies.push(body);
                    }
                }
                for body in bodies {
                    let bytes = body.to_string();
                    let reply =
                        tenants.call(&tenants.a.low.secret, dialect.path(), bytes.as_bytes());
                    assert!(reply.status < 500, "{body}: {}", reply.text());
                    heard.reply(dialect.path(), &reply);
                }
            }
        }
    }
    let calls = tenants.upstream.calls();
    assert!(calls.len() > 30, "the prompts arrive: {}", calls.len());
    for call in calls {
        heard
            .0
            .push_str(&format!("{}?{} {:?}", call.path, call.query, call.headers));
        heard.0.push_str(&String::from_utf8_lossy(&call.body));
        heard.0.push('\n');
    }
    heard.0.push_str(&tenants.gateway.log());
    heard.assert_silent_about(&[CANARY.to_owned()]);
    assert!(!heard.0.contains("root:x:0"), "/etc/passwd was read");
    tenants.assert_unharmed();
}
