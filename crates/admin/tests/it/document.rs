//! The `OpenAPI` document: who may read it, that it says what there is, and that it changes only where
//! somebody looks.

use std::collections::BTreeSet;

use axum::body::Body;
use ironward_policy::access::Route;
use serde_json::{Value, json};

use crate::fixture::{ADMIN, Fixture};

#[tokio::test]
async fn the_document_is_for_administrators() {
    let fixture = Fixture::new().await;
    let (key, _) = fixture.key(&json!({})).await;
    assert_eq!(fixture.get(&key, "/openapi.json").await.status, 403);
    let document = fixture.get(ADMIN, "/openapi.json").await;
    assert_eq!(document.status, 200);
    assert_eq!(document.json["openapi"], json!("3.1.0"));
    let body = &document.json["paths"]["/key/generate"]["post"]["requestBody"];
    let schema = &body["content"]["application/json"]["schema"];
    assert_eq!(schema["additionalProperties"], json!(false));
    assert!(schema["properties"]["model_max_budget"].is_object());
}

/// Its outline, in lines that somebody can read, so that no operation, field or status comes or goes
/// unseen. What the schemas say is held against every answer of these tests.
#[tokio::test]
async fn the_document_is_what_it_was() {
    let fixture = Fixture::new().await;
    let document = fixture.get(ADMIN, "/openapi.json").await.json;
    let names = |value: &Value| -> Vec<String> {
        let fields = value.as_object().into_iter().flatten();
        fields.map(|(name, _)| name.clone()).collect()
    };
    let mut lines = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let mut takes: Vec<String> = parameters
                .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
                .chain(names(&schema["properties"]))
                .collect();
            takes.sort();
            let answers = names(&operation["responses"]).join(" ");
            lines.push(format!("{method} {path}: {answers}"));
            lines.extend(takes.into_iter().map(|name| format!("    {name}")));
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        lines.push(format!("schema {name}"));
        let fields = names(&schema["properties"]).into_iter();
        lines.extend(fields.map(|name| format!("    {name}")));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

const PROBES: [&str; 3] = [
    "/health/liveliness",
    "/health/liveness",
    "/health/readiness",
];

#[tokio::test]
async fn every_route_is_there_described_and_closed_to_strangers() {
    let fixture = Fixture::new().await;
    let document = fixture.get(ADMIN, "/openapi.json").await.json;
    let bearer = format!("Bearer {ADMIN}");
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let asked = filled(path);
        for method in methods.as_object().unwrap().keys() {
            let method = method.to_ascii_uppercase();
            described.insert((method.clone(), path.clone()));
            let answer = fixture.send(&method, &asked, &[], Body::empty()).await;
            let is_probe = PROBES.contains(&path.as_str());
            let expected = if is_probe { 200 } else { 401 };
            assert_eq!(answer.status, expected, "{method} {path}");
            // What it answers to nothing is a status that is described, and no missing route.
            let headers = [("authorization", bearer.as_str())];
            let answer = fixture.send(&method, &asked, &headers, Body::empty()).await;
            let said = &answer.json["error"]["message"];
            assert_ne!(*said, json!("Not Found"), "{method} {path}");
        }
    }
    let mut expected = BTreeSet::new();
    for route in Route::ALL {
        let method = route.row().method.as_str().to_owned();
        expected.extend(route.paths().map(|path| (method.clone(), path.to_owned())));
    }
    expected.extend(PROBES.map(|path| ("GET".to_owned(), path.to_owned())));
    assert_eq!(described, expected);
}

/// The path with a name that nothing has.
fn filled(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { "none" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_operation_has_its_name() {
    let fixture = Fixture::new().await;
    let document = fixture.get(ADMIN, "/openapi.json").await.json;
    let components = document["components"]["schemas"].as_object().unwrap();
    let mut named = BTreeSet::new();
    references(&document, &mut named);
    let known: BTreeSet<String> = components.keys().cloned().collect();
    assert_eq!(
        named, known,
        "components that are named, and those that are there"
    );
    let mut names = BTreeSet::new();
    for methods in document["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name}");
        }
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value.as_str().filter(|_| name == "$ref") {
                    Some(reference) => {
                        let name = reference.rsplit('/').next().unwrap();
                        found.insert(name.to_owned());
                    }
                    None => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn a_name_in_the_path_that_is_no_text_is_told_to_who_is_let_in() {
    let fixture = Fixture::new().await;
    for path in ["/credentials/by_name/%FF", "/access_group/%C3%28/info"] {
        assert_eq!(
            fixture.send("GET", path, &[], Body::empty()).await.status,
            401
        );
        let answer = fixture.get(ADMIN, path).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert_eq!(
            answer.json["error"]["message"],
            json!("the path is not UTF-8")
        );
    }
}
