//! What somebody learns who has no key.

use axum::body::Body;
use serde_json::json;

use crate::fixture::{ADMIN, Answered, Fixture};

async fn ask(fixture: &Fixture, method: &str, path: &str) -> Answered {
    fixture.send(method, path, &[], Body::empty()).await
}

#[tokio::test]
async fn a_stranger_learns_nothing() {
    let fixture = Fixture::new().await;
    for path in [
        "/",
        "/docs",
        "/redoc",
        "/openapi.json",
        "/metrics",
        "/model/info",
        "/.env",
        "/config/update",
        "/mcp-rest/test/connection",
        "/prompts/test",
        "/guardrails/test_custom_code",
        "/routes",
        "/key/list",
        "/key/info",
        "/key/generate",
    ] {
        for method in [
            "GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "HEAD", "PROPFIND",
        ] {
            let answer = ask(&fixture, method, path).await;
            assert!(
                matches!(answer.status, 401 | 404),
                "{method} {path}: {}",
                answer.status
            );
            let names: Vec<&str> = answer.headers.keys().map(|name| name.as_str()).collect();
            assert!(!names.contains(&"allow"), "{method} {path}: {names:?}");
            assert!(!names.contains(&"server"), "{method} {path}: {names:?}");
            let said = answer.text.to_ascii_lowercase();
            for word in ["ironward", "axum", "0.1", "openai", "sqlite"] {
                assert!(!said.contains(word), "{method} {path}: {said}");
            }
        }
    }
    for path in [
        "/health/liveliness",
        "/health/liveness",
        "/health/readiness",
    ] {
        assert_eq!(ask(&fixture, "GET", path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn another_spelling_of_a_path_is_another_path() {
    let fixture = Fixture::new().await;
    let bearer = format!("Bearer {ADMIN}");
    for path in [
        "/v1/../key/list",
        "/key/%6cist",
        "/%6bey/list",
        "//key/list",
        "/key//list",
        "/key/list/",
        "/KEY/LIST",
        "/key/list;x=y",
        "/key%2flist",
        "/key/list%00",
        "/key/./list",
        "/x/%2e%2e/key/list",
    ] {
        let headers = [("authorization", bearer.as_str())];
        let answer = fixture.send("GET", path, &headers, Body::empty()).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
    }
    // What is addressed to two hosts, or to none that is spelled as one, is refused for that alone.
    for (path, hosts) in [
        ("/key/list", vec!["gw/health/liveness?x="]),
        ("/key/list", vec!["gw#"]),
        ("/key/list", vec!["a", "b"]),
        ("http://gw/key/list", vec!["gw"]),
        ("http://gw/health/liveness?/key/list", vec!["gw"]),
        ("/health/liveness", vec!["a", "b"]),
    ] {
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(hosts.iter().map(|host| ("host", *host)));
        let answer = fixture.send("GET", path, &headers, Body::empty()).await;
        assert_eq!(answer.status, 400, "{path} of {hosts:?}: {}", answer.text);
    }
    let headers = [("host", "gw"), ("x-forwarded-host", "gw/health/liveness?")];
    let answer = fixture
        .send("GET", "/key/list", &headers, Body::empty())
        .await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn every_key_that_is_not_let_in_gets_the_same_answer() {
    let fixture = Fixture::new().await;
    let none = ask(&fixture, "GET", "/key/list").await;
    assert_eq!(none.status, 401);
    assert_eq!(none.json["error"]["code"], json!("401"));
    assert_eq!(none.json["error"]["type"], json!("auth_error"));
    for headers in [
        vec![("authorization", "")],
        vec![("authorization", "Bearer ")],
        vec![("authorization", "Bearer sk-1234")],
        vec![("authorization", "Bearer sk-admin-key-of-the-test")],
        vec![("authorization", "Digest x")],
        vec![("authorization", "Bearer sk-x' UNION SELECT 1--")],
        vec![("x-api-key", "'; SELECT pg_sleep(5)--")],
        vec![("authorization", "Bearer sk-iw-0123456789abcdef")],
        vec![("authorization", "Bearer a"), ("authorization", "Bearer b")],
        vec![
            ("x-litellm-api-key", "sk-wrong"),
            ("authorization", "Bearer sk-admin-key-of-the-tests"),
        ],
    ] {
        let answer = fixture
            .send("GET", "/key/list", &headers, Body::empty())
            .await;
        assert_eq!(
            (answer.status, &answer.text),
            (401, &none.text),
            "{headers:?}"
        );
    }
    // The key in the query is no key.
    let answer = ask(&fixture, "GET", &format!("/key/list?key={ADMIN}")).await;
    assert_eq!(answer.text, none.text);
}

#[tokio::test]
async fn who_is_let_in_is_told_the_method() {
    let fixture = Fixture::new().await;
    let bearer = format!("Bearer {ADMIN}");
    let headers = [("authorization", bearer.as_str())];
    let answer = fixture
        .send("PUT", "/key/list", &headers, Body::empty())
        .await;
    assert_eq!(
        (answer.status, answer.headers["allow"].to_str().unwrap()),
        (405, "GET")
    );
    let headers = [headers[0], ("content-type", "text/plain")];
    let answer = fixture
        .send("POST", "/key/generate", &headers, Body::from("{}"))
        .await;
    assert_eq!(answer.status, 415);
    let big = Body::from(vec![b' '; 5 << 20]);
    let answer = fixture
        .send("POST", "/key/generate", &[headers[0]], big)
        .await;
    assert_eq!(answer.status, 413);
}

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

#[tokio::test]
async fn what_the_document_names_is_there_and_closed_to_strangers() {
    let fixture = Fixture::new().await;
    let document = fixture.get(ADMIN, "/openapi.json").await.json;
    let bearer = format!("Bearer {ADMIN}");
    let mut count = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = no_name(path);
        for (method, operation) in methods.as_object().unwrap() {
            let method = method.to_ascii_uppercase();
            let answer = ask(&fixture, &method, &path).await;
            assert_eq!(answer.status, 401, "{method} {path}");
            // What it answers to nothing is a status that it names.
            let headers = [("authorization", bearer.as_str())];
            let answer = fixture.send(&method, &path, &headers, Body::empty()).await;
            let named = operation["responses"].as_object().unwrap();
            assert!(
                named.contains_key(&answer.status.to_string()),
                "{method} {path}: {}",
                answer.text
            );
            assert_ne!(
                answer.json["error"]["message"],
                json!("Not Found"),
                "{method} {path}"
            );
            count += 1;
        }
    }
    assert!(count >= 16, "{count}");
}

/// The path with a name that nothing has.
fn no_name(path: &str) -> String {
    let mut parts = path.split(['{', '}']);
    let mut filled = String::new();
    while let Some(text) = parts.next() {
        filled.push_str(text);
        if parts.next().is_some() {
            filled.push_str("none");
        }
    }
    filled
}
