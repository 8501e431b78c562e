//! Names and ids of every kind may hold any text that people can read; what they cannot is refused.

use axum::body::Body;
use ironward_testkit::names::{self, NAMES, NO_NAMES, Step};

use crate::fixture::{ADMIN, Answered, Fixture};

async fn take(fixture: &Fixture, step: &Step) -> Answered {
    let bearer = format!("Bearer {ADMIN}");
    let headers = [("authorization", bearer.as_str())];
    let body = step.body.as_ref().map(ToString::to_string);
    let body = body.map_or_else(Body::empty, Body::from);
    fixture.send(step.method, &step.path, &headers, body).await
}

#[tokio::test]
async fn a_name_is_kept_as_it_is() {
    let fixture = Fixture::new().await;
    for name in NAMES {
        for step in names::steps(name) {
            let answer = take(&fixture, &step).await;
            assert_eq!(answer.status, 200, "{name:?} {step:?}: {}", answer.text);
            if let Some(text) = &step.holds {
                let held = names::holds(&answer.json, text);
                assert!(held, "{name:?} {step:?}: {}", answer.text);
            }
        }
    }
}

#[tokio::test]
async fn what_nobody_can_read_is_no_name() {
    let fixture = Fixture::new().await;
    let long = "x".repeat(256);
    for name in NO_NAMES.iter().copied().chain([long.as_str()]) {
        for step in names::namings(name) {
            let answer = take(&fixture, &step).await;
            // A required field without a name in it is missing.
            if answer.status == 422 {
                continue;
            }
            assert_eq!(answer.status, 400, "{name:?} {step:?}: {}", answer.text);
            let said = answer.json["error"]["message"].as_str().unwrap();
            assert!(
                said.contains("control character") || said.contains("255 characters"),
                "{name:?} {step:?}: {said}"
            );
            assert!(!answer.json["error"]["param"].is_null(), "{}", answer.text);
        }
    }
}

/// Two spellings of what looks alike are two names.
#[tokio::test]
async fn what_looks_alike_is_not_the_same() {
    let fixture = Fixture::new().await;
    for name in ["\u{e9}", "e\u{301}", "\u{fb01}", "fi", "FI", " fi"] {
        let step = &names::steps(name)[24];
        assert_eq!(step.path, "/customer/new");
        let answer = take(&fixture, step).await;
        assert_eq!(answer.status, 200, "{name:?}: {}", answer.text);
    }
}
