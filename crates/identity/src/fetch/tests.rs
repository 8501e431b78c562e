use std::time::Duration;

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};
use ironward_config::{Algorithm, KeySource};
use ironward_core::{Location, Reach};
use serde_json::json;

use super::{LEAST_AGE, MOST_AGE, MOST_BYTES, USUAL_AGE, max_age};
use crate::testing::scripted::{Answer, Scripted};
use crate::testing::{ISSUER, Signer, issuer, key_set};

const DISCOVERY: &str = "/.well-known/openid-configuration";

fn discovery(issuer: &str, jwks_uri: &str) -> Answer {
    Answer::json(json!({"issuer": issuer, "jwks_uri": jwks_uri, "more": [1]}).to_string())
}

fn keys() -> Answer {
    Answer::json(key_set(&[Signer::new("k", Algorithm::EdDsa).jwk()]))
}

/// Fetches from `answers` and gives what went wrong.
async fn failure(answers: &[(&str, Answer)]) -> String {
    let upstream = Scripted::new(answers);
    let fetcher = upstream.fetcher(issuer(ISSUER, &[Algorithm::EdDsa]));
    let failed = fetcher
        .fetch()
        .await
        .err()
        .expect("it was fetched")
        .to_string();
    assert!(
        failed.starts_with(&format!("no keys of {ISSUER}: {ISSUER}/")),
        "{failed}"
    );
    assert!(!failed.contains('\n'), "{failed}");
    failed
}

#[tokio::test]
async fn keys_are_found_by_discovery() {
    let jwks_uri = format!("{ISSUER}/keys/?v=1");
    let upstream = Scripted::new(&[
        (DISCOVERY, discovery(ISSUER, &jwks_uri)),
        ("/keys/?v=1", keys()),
    ]);
    let fetcher = upstream.fetcher(issuer(ISSUER, &[Algorithm::EdDsa]));
    let fetched = fetcher
        .fetch()
        .await
        .map_err(|failed| failed.to_string())
        .unwrap();
    assert_eq!(fetched.keys.len(), 1);
    assert_eq!(fetched.max_age, USUAL_AGE);
    assert_eq!(upstream.asked(), [DISCOVERY, "/keys/?v=1"]);
}

#[tokio::test]
async fn keys_that_the_operator_names_need_no_discovery() {
    let upstream = Scripted::new(&[("/certs", keys())]);
    let location = Location::parse("https://keys.example.org/certs").unwrap();
    let issuer = ironward_config::Issuer {
        issuer: "kubernetes/serviceaccount".to_owned(),
        keys: KeySource::Configured(location),
        ..issuer(ISSUER, &[Algorithm::EdDsa])
    };
    let fetched = upstream.fetcher(issuer).fetch().await;
    assert!(fetched.is_ok());
    assert_eq!(upstream.asked(), ["/certs"]);
}

#[tokio::test]
async fn a_document_of_another_issuer_is_refused() {
    for other in [
        "https://other.example.com",
        "https://id.example.com/",
        "https://ID.example.com",
        "",
    ] {
        let answer = discovery(other, &format!("{ISSUER}/keys"));
        let failed = failure(&[(DISCOVERY, answer), ("/keys", keys())]).await;
        assert!(failed.contains("that of another issuer"), "{failed}");
    }
}

#[tokio::test]
async fn keys_on_another_host_have_to_be_configured() {
    for uri in [
        "https://keys.example.com/keys",
        "https://id.example.com:8443/keys",
        "http://id.example.com/keys",
        "http://169.254.169.254/latest/meta-data",
        "https://id.example.com.evil.example.com/keys",
    ] {
        let failed = failure(&[(DISCOVERY, discovery(ISSUER, uri)), ("/keys", keys())]).await;
        assert!(failed.contains("on another host"), "{failed}");
    }
    for uri in [
        "https://id.example.com@evil.example.com/keys",
        "file:///etc/passwd",
        "/keys",
        "",
    ] {
        let failed = failure(&[(DISCOVERY, discovery(ISSUER, uri)), ("/keys", keys())]).await;
        assert!(failed.contains("jwks_uri is"), "{failed}");
    }
}

#[tokio::test]
async fn how_far_an_issuer_reaches_is_not_for_its_document_to_say() {
    let upstream = Scripted::new(&[
        (DISCOVERY, discovery(ISSUER, &format!("{ISSUER}/keys"))),
        ("/keys", keys()),
    ]);
    let mut private = issuer(ISSUER, &[Algorithm::EdDsa]);
    if let KeySource::Discovery(location) = &mut private.keys {
        location.origin.reach = Reach::Private;
    }
    assert!(upstream.fetcher(private).fetch().await.is_ok());
}

#[tokio::test]
async fn answers_that_are_no_documents_are_refused() {
    let whole = "x".repeat(MOST_BYTES + 1);
    for (answer, part) in [
        (Answer::Status(404), "status 404"),
        (Answer::Status(500), "status 500"),
        (Answer::Status(204), "status 204"),
        (Answer::Down, "no connection"),
        (Answer::json(String::new()), "not a JSON object"),
        (Answer::json("<html>".to_owned()), "not a JSON object"),
        (
            Answer::json("{\"issuer\":\"x\"}".to_owned()),
            "not a JSON object",
        ),
        (
            Answer::json(format!(
                "{{\"issuer\":\"{ISSUER}\",\"jwks_uri\":\"{ISSUER}/keys\",\"issuer\":\"{ISSUER}\"}}"
            )),
            "not a JSON object",
        ),
        (Answer::json(whole), "larger than the limit"),
    ] {
        let failed = failure(&[(DISCOVERY, answer), ("/keys", keys())]).await;
        assert!(failed.contains(part), "{failed}");
    }
    let found = || discovery(ISSUER, &format!("{ISSUER}/keys"));
    for (answer, part) in [
        (Answer::json(key_set(&[])), "holds no key"),
        (
            Answer::json(key_set(&[json!({"kty": "oct", "k": "AA"})])),
            "shared secret",
        ),
        (Answer::Status(503), "status 503"),
    ] {
        let failed = failure(&[(DISCOVERY, found()), ("/keys", answer)]).await;
        assert!(failed.contains(part), "{failed}");
    }
}

#[test]
fn freshness_is_read_and_bounded() {
    let age = |values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CACHE_CONTROL, HeaderValue::from_static(value));
        }
        max_age(&headers)
    };
    assert_eq!(age(&[]), USUAL_AGE);
    assert_eq!(age(&["no-store"]), USUAL_AGE);
    assert_eq!(
        age(&["public, Max-Age=1800, must-revalidate"]),
        Duration::from_secs(1800)
    );
    assert_eq!(
        age(&["public", "max-age=\"1800\""]),
        Duration::from_secs(1800)
    );
    assert_eq!(age(&["max-age=0"]), LEAST_AGE);
    assert_eq!(age(&["max-age=31536000"]), MOST_AGE);
    assert_eq!(age(&["max-age=99999999999999999999999"]), USUAL_AGE);
    assert_eq!(age(&["s-maxage=1800"]), USUAL_AGE);
}
