//! A user's life, as LiteLLM's clients live it, and who gives which role.

use axum::body::Body;
use ironward_core::Role;
use serde_json::{Value, json};

use crate::fixture::{ADMIN, Answered, Fixture};

fn everything() -> Value {
    json!({
        "user_id": "eve",
        "user_email": "Eve@Example.com",
        "user_alias": "Eve",
        "user_role": "internal_user",
        "teams": ["team-a", {"team_id": "team-b", "max_budget_in_team": 2, "user_role": "admin"}],
        "organizations": ["org-a"],
        "max_budget": 10.5,
        "budget_duration": "30d",
        "models": ["gpt-4o"],
        "tpm_limit": 1000,
        "rpm_limit": 10,
        "max_parallel_requests": 3,
        "key_alias": "eve-key",
        "duration": "30d",
        "metadata": {"a": 1},
        "aliases": {"best": "gpt-4o"},
        "model_max_budget": {"gpt-4o": {"max_budget": 3, "budget_duration": "7d"}},
        "object_permission": {"mcp_servers": ["github"]},
        "sso_user_id": "sub-1",
        "send_invite_email": false,
    })
}

async fn with_places() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.organisation("org-a").await;
    fixture.organisation("org-b").await;
    fixture.user("chief", Role::InternalUser, &["org-a"]).await;
    fixture.user("low", Role::InternalUser, &[]).await;
    fixture.user("root", Role::ProxyAdmin, &["org-a"]).await;
    fixture
        .team("team-a", Some("org-a"), &["low", "chief*"])
        .await;
    fixture.team("team-b", Some("org-b"), &[]).await;
    fixture
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

async fn done(fixture: &Fixture, key: &str, path: &str, body: Value) -> Value {
    let answer = fixture.post(key, path, &body).await;
    assert_eq!(answer.status, 200, "{path} {body}: {}", answer.text);
    answer.json
}

/// Sends the text of a body, and sees that it changes nothing.
async fn refused(fixture: &Fixture, key: &str, path: &str, body: &str, status: u16) -> Answered {
    let before = fixture.plane.feed.directory().changes().borrow().to_owned();
    let authorization = format!("Bearer {key}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
    ];
    let answer = fixture
        .send("POST", path, &headers, Body::from(body.to_owned()))
        .await;
    assert_eq!(answer.status, status, "{path} {body}: {}", answer.text);
    let after = fixture.plane.feed.directory().changes().borrow().to_owned();
    assert_eq!(before, after, "{path} {body} changed something");
    answer
}

#[tokio::test]
async fn answers_have_litellms_shapes() {
    let fixture = with_places().await;
    let mut made = done(&fixture, ADMIN, "/user/new", everything()).await;
    let key = made["key"].as_str().unwrap().to_owned();
    made["key"] = json!("[the key]");
    insta::assert_snapshot!("user_new", pretty(&made));
    // The key works, and is the user's.
    let own = fixture.get(&key, "/user/info").await;
    assert_eq!(own.status, 200, "{}", own.text);
    assert!(!own.text.contains(&key));
    assert_eq!(own.json["keys"][0]["key_alias"], json!("eve-key"));
    assert_eq!(own.json["keys"][0]["organization_id"], json!("org-a"));
    assert_eq!(own.json["teams"].as_array().unwrap().len(), 2);
    let flat = fixture.get(&key, "/v2/user/info?user_id=eve").await;
    assert_eq!(flat.json, own.json["user_info"]);
    insta::assert_snapshot!("user_info", pretty(&flat.json));
    let team = fixture.get(ADMIN, "/team/info?team_id=team-b").await.json;
    assert_eq!(
        team["team_info"]["members_with_roles"],
        json!([{"role": "admin", "user_id": "eve", "user_email": "Eve@Example.com"}])
    );
    let listed = fixture
        .get(ADMIN, "/user/list?search=EVE&role=internal_user&team=team-a&user_ids=eve,low&organization_ids=org-a&page_size=5")
        .await
        .json;
    assert_eq!(listed["users"][0]["key_count"], json!(1));
    assert_eq!(
        (
            &listed["total"],
            &listed["page"],
            &listed["page_size"],
            &listed["total_pages"]
        ),
        (&json!(1), &json!(1), &json!(5), &json!(1))
    );
    let plain = done(
        &fixture,
        ADMIN,
        "/user/new",
        json!({"auto_create_key": false}),
    )
    .await;
    assert_eq!(
        (&plain["key"], &plain["user_role"]),
        (&json!(""), &json!("internal_user_viewer"))
    );
    assert_eq!(fixture.plane.feed.directory().keys.len(), 1);
}

#[tokio::test]
async fn an_update_keeps_what_is_absent_and_clears_what_is_null() {
    let fixture = with_places().await;
    done(&fixture, ADMIN, "/user/new", everything()).await;
    let before = fixture.get(ADMIN, "/v2/user/info?user_id=eve").await.json;
    let update = async |body: Value| done(&fixture, ADMIN, "/user/update", body).await;
    let mut after = update(json!({"user_id": "eve"})).await["data"].clone();
    after["updated_at"] = before["updated_at"].clone();
    assert_eq!(after, before);
    // By the address, in any case, which is then no change of it.
    let after = update(json!({"user_email": "EVE@example.com", "user_alias": null,
        "max_budget": null, "models": null, "metadata": null, "user_role": null, "rpm_limit": 7,
        "sso_user_id": null}))
    .await["data"]
        .clone();
    for field in ["user_alias", "max_budget", "sso_user_id"] {
        assert_eq!(after[field], Value::Null, "{field}");
    }
    assert_eq!(
        (&after["models"], &after["metadata"], &after["user_role"]),
        (&json!([]), &json!({}), &json!("internal_user_viewer"))
    );
    assert_eq!(
        (
            &after["rpm_limit"],
            &after["tpm_limit"],
            &after["user_email"]
        ),
        (&json!(7), &json!(1000), &json!("Eve@Example.com"))
    );
    let many = json!({"users": [{"user_id": "eve", "user_email": "eva@example.com"},
        {"user_id": "none"}, {"user_id": "low", "user_email": "EVA@example.com"}]});
    let many = done(&fixture, ADMIN, "/user/bulk_update", many).await;
    assert_eq!(
        (&many["successful_updates"], &many["failed_updates"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(
        many["results"][0]["updated_user"]["user_email"],
        "eva@example.com"
    );
}

#[tokio::test]
async fn ids_addresses_and_subjects_are_unique() {
    let fixture = with_places().await;
    done(&fixture, ADMIN, "/user/new", everything()).await;
    for (body, status) in [
        (json!({"user_id": "eve"}), 409),
        (json!({"user_email": "eve@EXAMPLE.com"}), 409),
        (json!({"sso_user_id": "sub-1"}), 409),
        (json!({"key_alias": "eve-key"}), 400),
        (json!({"teams": ["none"]}), 400),
        (json!({"organizations": ["none"]}), 400),
        (json!({"password": "secret"}), 422),
        (json!({"user_role": "org_admin"}), 422),
        (json!({"user_role": "owner"}), 422),
        (
            json!({"models": ["all-team-models"], "access_group_ids": ["none"]}),
            400,
        ),
    ] {
        refused(&fixture, ADMIN, "/user/new", &body.to_string(), status).await;
    }
    let mail = json!({"user_id": "low", "user_email": "EVE@example.com"});
    refused(&fixture, ADMIN, "/user/update", &mail.to_string(), 409).await;
}

#[tokio::test]
async fn a_deleted_user_takes_their_keys_along() {
    let fixture = with_places().await;
    fixture.key(&json!({"user_id": "low"})).await;
    fixture
        .key(&json!({"user_id": "low", "team_id": "team-a"}))
        .await;
    let (_, kept) = fixture.key(&json!({"user_id": "chief"})).await;
    let both = json!({"user_ids": ["low", "none"]});
    refused(&fixture, ADMIN, "/user/delete", &both.to_string(), 404).await;
    let count = done(
        &fixture,
        ADMIN,
        "/user/delete",
        json!({"user_ids": ["low", "low"]}),
    )
    .await;
    assert_eq!(count, json!(1));
    let directory = fixture.plane.feed.directory();
    assert!(directory.users.find("low").is_none());
    assert!(directory.keys.find(&kept).is_some());
    assert_eq!(directory.keys.len(), 1);
    let team = directory.teams.find("team-a").unwrap();
    assert_eq!(team.object.members.len(), 1);
}

#[tokio::test]
async fn nobody_makes_themselves_an_administrator() {
    let fixture = with_places().await;
    let (low, _) = fixture.key(&json!({"user_id": "low"})).await;
    for body in [
        r#"{"user_role":"proxy_admin"}"#,
        r#"{"user_id":"low","user_role":"proxy_admin"}"#,
        r#"{"user_email":"low@example.com","user_role":"proxy_admin"}"#,
        r#"{"user_id":"low","Role":"proxy_admin"}"#,
        r#"{"user_id":"low","User_role":"proxy_admin"}"#,
        r#"{"user_id":"low","role":"proxy_admin"}"#,
        r#"{"user_id":"low","user_role":"internal_user","user_role":"proxy_admin"}"#,
        r#"{"user_id":"low","user_role":["proxy_admin"]}"#,
        r#"{"user_id":"low","max_budget":1000000}"#,
    ] {
        let authorization = format!("Bearer {low}");
        for path in ["/user/update", "/user/new", "/user/bulk_update"] {
            let before = fixture.plane.feed.directory().changes().borrow().to_owned();
            let headers = [("authorization", authorization.as_str())];
            let answer = fixture.send("POST", path, &headers, Body::from(body)).await;
            assert!(
                matches!(answer.status, 400 | 403 | 404 | 422),
                "{path} {body}: {} {}",
                answer.status,
                answer.text
            );
            let after = fixture.plane.feed.directory().changes().borrow().to_owned();
            assert_eq!(before, after, "{path} {body}");
        }
    }
}

#[tokio::test]
async fn an_organisations_administrator_gives_ordinary_roles_in_it() {
    let fixture = with_places().await;
    let (low, _) = fixture.key(&json!({"user_id": "low"})).await;
    let (chief, _) = fixture.key(&json!({"user_id": "chief"})).await;
    for role in ["proxy_admin", "proxy_admin_viewer", "auditor", "operator"] {
        for (path, body) in [
            (
                "/user/update",
                json!({"user_id": "chief", "user_role": role}),
            ),
            (
                "/user/new",
                json!({"organizations": ["org-a"], "user_role": role}),
            ),
        ] {
            refused(&fixture, &chief, path, &body.to_string(), 403).await;
        }
    }
    for (path, body, status) in [
        (
            "/user/update",
            json!({"user_id": "root", "user_alias": "x"}),
            404,
        ),
        (
            "/user/update",
            json!({"user_id": "low", "user_alias": "x"}),
            404,
        ),
        ("/user/delete", json!({"user_ids": ["root"]}), 404),
        ("/user/new", json!({}), 403),
        (
            "/user/new",
            json!({"organizations": ["org-a", "org-b"]}),
            403,
        ),
        (
            "/user/new",
            json!({"organizations": ["org-a"], "teams": ["team-b"]}),
            403,
        ),
        (
            "/user/new",
            json!({"organizations": ["org-a"], "sso_user_id": "x"}),
            403,
        ),
        (
            "/user/new",
            json!({"organizations": ["org-a"], "spend": 1}),
            403,
        ),
    ] {
        refused(&fixture, &chief, path, &body.to_string(), status).await;
    }
    let body = json!({"organizations": ["org-a"], "user_role": "internal_user", "user_id": "mine",
                      "teams": ["team-a"]});
    let made = done(&fixture, &chief, "/user/new", body).await;
    // Somebody else knows the key: it does not act as the person.
    let key = made["key"].as_str().unwrap();
    assert_eq!(fixture.get(key, "/team/list").await.json, json!([]));
    let update = json!({"user_id": "mine", "max_budget": 5});
    done(&fixture, &chief, "/user/update", update).await;
    let listed = fixture.get(&low, "/user/list").await.json;
    assert_eq!(listed["users"][0]["user_id"], json!("low"));
    assert_eq!(listed["total"], json!(1));
    let hidden = fixture.get(&low, "/user/info?user_id=chief").await;
    let none = fixture.get(&low, "/user/info?user_id=none").await;
    assert_eq!((hidden.status, &hidden.text), (404, &none.text));
}

#[tokio::test]
async fn an_administrator_of_an_organisation_gives_no_more_than_they_have() {
    let fixture = with_places().await;
    let limited = json!({"user_id": "chief", "models": ["gpt-4o"], "max_budget": 5});
    let (chief, _) = fixture.key(&limited).await;
    let new = |mut body: Value| {
        body["organizations"] = json!(["org-a"]);
        body.to_string()
    };
    for body in [
        json!({}),
        json!({"models": ["gpt-4o"]}),
        json!({"models": ["gpt-4o", "o3"], "max_budget": 5}),
        json!({"models": ["gpt-4o"], "max_budget": 6}),
    ] {
        refused(&fixture, &chief, "/user/new", &new(body), 403).await;
    }
    let within = json!({"models": ["gpt-4o"], "max_budget": 5, "user_id": "mine",
                        "organizations": ["org-a"]});
    done(&fixture, &chief, "/user/new", within).await;
    for body in [
        json!({"user_id": "mine", "models": []}),
        json!({"user_id": "mine", "max_budget": 6}),
        json!({"user_id": "mine", "max_budget": null}),
    ] {
        refused(&fixture, &chief, "/user/update", &body.to_string(), 403).await;
    }
    // Their own limits least of all.
    let (wide, _) = fixture.key(&json!({"user_id": "chief"})).await;
    let limit = json!({"user_id": "chief", "max_budget": 5});
    done(&fixture, ADMIN, "/user/update", limit).await;
    let raise = json!({"user_id": "chief", "max_budget": 6}).to_string();
    refused(&fixture, &wide, "/user/update", &raise, 403).await;
}
