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
async fn a_flood_of_wrong_keys_is_told_to_wait_and_locks_nobody_out() {
    let fixture = Fixture::new().await;
    let (blocked, id) = fixture.key(&json!({})).await;
    let block = json!({"key": id});
    assert_eq!(fixture.post(ADMIN, "/key/block", &block).await.status, 200);
    let from = "192.0.2.1:999";
    // However a key is wrong, it counts, and is answered alike.
    for key in ["sk-wrong", &*blocked, "sk-iw-malformed"]
        .iter()
        .cycle()
        .take(60)
    {
        let answer = fixture.get_from(from, key, "/key/list").await;
        assert_eq!(answer.status, 401);
    }
    for key in ["sk-wrong", &*blocked, "sk-iw-malformed"] {
        let answer = fixture.get_from(from, key, "/key/list").await;
        assert_eq!(answer.status, 429, "{}", answer.text);
        assert_eq!(answer.json["error"]["type"], "rate_limit_error");
        let wait: u64 = answer.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((2..5).contains(&wait), "{wait}");
    }
    // A route that is not there says nothing else than before.
    let strange = fixture.get_from(from, "sk-wrong", "/key/generate").await;
    assert_eq!(strange.status, 404);
    // Neither who shares the address nor who is elsewhere is locked out.
    assert_eq!(fixture.get_from(from, ADMIN, "/key/list").await.status, 200);
    let other = fixture
        .get_from("203.0.113.9:999", "sk-wrong", "/key/list")
        .await;
    assert_eq!(other.status, 401);
    fixture.clock.advance(std::time::Duration::from_secs(10));
    let later = fixture.get_from(from, "sk-wrong", "/key/list").await;
    assert_eq!(later.status, 401);
}
