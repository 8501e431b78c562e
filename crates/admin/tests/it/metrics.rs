//! `GET /metrics`: for whom, and as what.

use std::sync::Arc;

use axum::body::Body;
use ironward_admin::Guest;
use ironward_core::Role;
use serde_json::json;

use crate::fixture::{ADMIN, Fixture};

const PATH: &str = "/metrics";

impl Fixture {
    fn open_metrics(&self) {
        self.change_settings(|settings| settings.open_metrics = true);
    }
}

#[tokio::test]
async fn who_looks_after_the_gateway_reads_its_numbers() {
    let fixture = Fixture::new().await;
    let mut keys = vec![(ADMIN.to_owned(), 200)];
    for role in Role::ALL {
        let status = match role {
            Role::ProxyAdmin | Role::ProxyAdminViewer | Role::Auditor | Role::Operator => 200,
            _ => 403,
        };
        fixture.user(role.as_str(), role, &[]).await;
        let (key, _) = fixture.key(&json!({"user_id": role.as_str()})).await;
        keys.push((key, status));
    }
    fixture.team("red", None, &["team_admin*"]).await;
    let (of_team, _) = fixture.key(&json!({"team_id": "red"})).await;
    keys.push((of_team, 403));
    keys.push(("sk-nobody".to_owned(), 401));
    for (key, status) in &keys {
        let answer = fixture.get(key, PATH).await;
        assert_eq!(answer.status, *status, "{}", answer.text);
        assert_eq!(answer.headers["cache-control"], "no-store");
        let is_shown = answer.text.contains("ironward_calls_running 3\n");
        assert_eq!(is_shown, *status == 200, "{}", answer.text);
    }
    let nobody = fixture.send("GET", PATH, &[], Body::empty()).await;
    assert_eq!(nobody.status, 401);
}

#[tokio::test]
async fn the_format_is_the_one_that_is_asked_for() {
    let fixture = Fixture::new().await;
    let bearer = format!("Bearer {ADMIN}");
    for (accept, kind, end) in [
        (None, "text/plain; version=0.0.4; charset=utf-8", false),
        (
            Some("*/*"),
            "text/plain; version=0.0.4; charset=utf-8",
            false,
        ),
        (
            Some("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"),
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            true,
        ),
    ] {
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(accept.map(|accept| ("accept", accept)));
        let answer = fixture.send("GET", PATH, &headers, Body::empty()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], kind, "{accept:?}");
        assert_eq!(answer.text.ends_with("# EOF\n"), end, "{accept:?}");
    }
}

#[tokio::test]
async fn without_a_key_it_is_shown_on_the_own_listener_alone() {
    let fixture = Fixture::new().await;
    fixture.open_metrics();
    let open = fixture.send("GET", PATH, &[], Body::empty()).await;
    assert_eq!(open.status, 200, "{}", open.text);
    // A wrong key is as good as none.
    assert_eq!(fixture.get("sk-nobody", PATH).await.status, 200);
    for method in ["POST", "HEAD", "DELETE"] {
        let answer = fixture.send(method, PATH, &[], Body::empty()).await;
        assert_eq!(answer.status, 404, "{method}");
    }
    for path in ["/metrics/", "/metrics/x", "/key/list", "/openapi.json"] {
        let answer = fixture.send("GET", path, &[], Body::empty()).await;
        assert!(matches!(answer.status, 401 | 404), "{path}");
    }
    let guest = Guest::new(Arc::clone(&fixture.plane));
    assert!(guest.find(PATH).is_some());
    let request = axum::http::Request::builder()
        .uri(PATH)
        .header("host", "gw");
    let answer = guest
        .answer(None, request.body(Body::empty()).unwrap())
        .await;
    assert_eq!(answer.status(), 401);
}
