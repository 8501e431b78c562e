//! Access groups and tags.

use ironward_core::Role;
use serde_json::{Value, json};

use crate::fixture::{ADMIN, Fixture};

async fn with_model() -> Fixture {
    let fixture = Fixture::new().await;
    for name in ["gpt-4o", "gpt-mini"] {
        let body = json!({"model_name": name, "litellm_params": {"model": "openai/x"}});
        let made = fixture.post(ADMIN, "/model/new", &body).await;
        assert_eq!(made.status, 200, "{}", made.text);
    }
    fixture
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

#[tokio::test]
async fn an_access_group_lives_as_litellms_clients_know_it() {
    let fixture = with_model().await;
    let body = json!({"access_group": "beta / \u{fc}", "model_names": ["gpt-4o", "gpt-*", "gpt-4o"],
                      "description": "for the brave"});
    let made = fixture.post(ADMIN, "/access_group/new", &body).await;
    assert_eq!(made.status, 200, "{}", made.text);
    insta::assert_snapshot!("access_group_new", pretty(&made.json));
    assert_eq!(
        fixture.post(ADMIN, "/access_group/new", &body).await.status,
        409
    );
    let path = |end: &str| format!("/access_group/beta%20%2F%20%C3%BC/{end}");
    let shown = fixture.get(ADMIN, &path("info")).await;
    insta::assert_snapshot!("access_group_info", pretty(&shown.json));
    let update = json!({"model_names": ["gpt-4o"], "description": null});
    let changed = fixture.call("PUT", &path("update"), &update).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let listed = fixture.get(ADMIN, "/access_group/list").await;
    let group = &listed.json["access_groups"][0];
    assert_eq!(group["model_names"], json!(["gpt-4o"]));
    assert_eq!(
        (&group["description"], &group["deployment_count"]),
        (&Value::Null, &json!(1))
    );
    let deleted = fixture.call("DELETE", &path("delete"), &json!({})).await;
    insta::assert_snapshot!("access_group_delete", pretty(&deleted.json));
    for (method, end) in [("GET", "info"), ("PUT", "update"), ("DELETE", "delete")] {
        let answer = fixture.call(method, &path(end), &update).await;
        assert_eq!(answer.status, 404, "{method}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_group_grants_what_it_names() {
    let fixture = with_model().await;
    let body = json!({"access_group": "beta", "model_names": ["gpt-mini"]});
    fixture.post(ADMIN, "/access_group/new", &body).await;
    fixture.user("ada", Role::InternalUser, &[]).await;
    let (key, _) = fixture
        .key(&json!({"user_id": "ada", "models": ["beta"]}))
        .await;
    let models = async || {
        let shown = fixture.get(&key, "/model/info").await;
        let rows = shown.json["data"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| row["model_name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(models().await, ["gpt-mini"]);
    let update = json!({"model_names": ["gpt-*"]});
    fixture
        .call("PUT", "/access_group/beta/update", &update)
        .await;
    assert_eq!(models().await, ["gpt-4o", "gpt-mini"]);
    fixture
        .call("DELETE", "/access_group/beta/delete", &json!({}))
        .await;
    assert!(models().await.is_empty());
}

#[tokio::test]
async fn a_group_that_would_mean_something_else_is_refused() {
    let fixture = with_model().await;
    for body in [
        json!({"access_group": "b", "model_names": []}),
        json!({"access_group": "b", "model_names": ["gpt-4"]}),
        json!({"access_group": "b"}),
        json!({"access_group": "", "model_names": ["gpt-4o"]}),
        json!({"access_group": "gpt-4o", "model_names": ["gpt-4o"]}),
        json!({"access_group": "gpt*", "model_names": ["gpt-4o"]}),
        json!({"access_group": "all-proxy-models", "model_names": ["gpt-4o"]}),
        json!({"access_group": "b", "model_names": ["gpt-4o"], "models": []}),
    ] {
        let answer = fixture.post(ADMIN, "/access_group/new", &body).await;
        assert!(
            matches!(answer.status, 400 | 422),
            "{body}: {}",
            answer.text
        );
    }
    assert!(fixture.plane.feed.directory().access_groups.is_empty());
}

#[tokio::test]
async fn a_tag_lives_as_litellms_clients_know_it() {
    let fixture = with_model().await;
    let body = json!({"name": "prod \u{fc}", "description": "live", "models": ["gpt-4o"],
                      "max_budget": 10, "budget_duration": "30d", "rpm_limit": 5, "model_info": {}});
    let made = fixture.post(ADMIN, "/tag/new", &body).await;
    assert_eq!(made.status, 200, "{}", made.text);
    insta::assert_snapshot!("tag_new", pretty(&made.json));
    assert_eq!(fixture.post(ADMIN, "/tag/new", &body).await.status, 409);
    let update = json!({"name": "prod \u{fc}", "max_budget": null, "description": "still live"});
    let changed = fixture.post(ADMIN, "/tag/update", &update).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let shown = fixture
        .post(ADMIN, "/tag/info", &json!({"names": ["prod \u{fc}"]}))
        .await;
    let tag = &shown.json["prod \u{fc}"];
    assert_eq!(
        (&tag["max_budget"], &tag["rpm_limit"]),
        (&Value::Null, &json!(5))
    );
    assert_eq!(tag["models"], json!(["gpt-4o"]));
    let listed = fixture.get(ADMIN, "/tag/list").await;
    assert_eq!(listed.json, json!([tag]));
    for body in [
        json!({"name": "x", "budget_id": "none"}),
        json!({"name": "x", "max_budget": -1}),
        json!({"name": "x", "modles": []}),
        json!({"name": ""}),
    ] {
        let answer = fixture.post(ADMIN, "/tag/new", &body).await;
        assert!(
            matches!(answer.status, 400 | 422),
            "{body}: {}",
            answer.text
        );
    }
    let named = json!({"name": "prod \u{fc}"});
    assert_eq!(fixture.post(ADMIN, "/tag/delete", &named).await.status, 200);
    assert_eq!(fixture.post(ADMIN, "/tag/delete", &named).await.status, 404);
    let gone = json!({"names": ["prod \u{fc}"]});
    assert_eq!(fixture.post(ADMIN, "/tag/info", &gone).await.status, 404);
}

#[tokio::test]
async fn only_administrators_change_groups_and_tags() {
    let fixture = with_model().await;
    fixture.user("ada", Role::InternalUser, &[]).await;
    fixture.user("watch", Role::ProxyAdminViewer, &[]).await;
    let (user, _) = fixture.key(&json!({"user_id": "ada"})).await;
    let (viewer, _) = fixture.key(&json!({"user_id": "watch"})).await;
    for path in [
        "/access_group/new",
        "/tag/new",
        "/tag/update",
        "/tag/delete",
    ] {
        for key in [&user, &viewer] {
            assert_eq!(
                fixture.post(key, path, &json!({})).await.status,
                403,
                "{path}"
            );
        }
    }
    for path in ["/access_group/list", "/tag/list"] {
        assert_eq!(fixture.get(&user, path).await.status, 403, "{path}");
        assert_eq!(fixture.get(&viewer, path).await.status, 200, "{path}");
    }
}
