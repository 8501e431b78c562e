//! What a key holder tries who wants more than they were given.

use axum::body::Body;
use ironward_core::Role;
use ironward_policy::{Grant, Spending};
use ironward_store::objects::Organisation;
use serde_json::{Value, json};

use crate::fixture::{ADMIN, Answered, Fixture};

/// A user with a key, in team A of organisation A; tenant B beside it.
async fn low(fixture: &Fixture) -> (String, String) {
    fixture.organisation("org-a").await;
    fixture.organisation("org-b").await;
    fixture.user("low", Role::InternalUser, &[]).await;
    fixture.user("other", Role::InternalUser, &[]).await;
    fixture.user("boss", Role::InternalUser, &[]).await;
    fixture
        .team("team-a", Some("org-a"), &["low", "boss*"])
        .await;
    fixture.team("team-b", Some("org-b"), &["other*"]).await;
    let body = json!({"user_id": "low", "models": ["gpt-4o"], "max_budget": 5, "rpm_limit": 10});
    fixture.key(&body).await
}

#[tokio::test]
async fn nobody_makes_a_key_that_may_do_more_than_their_own() {
    let fixture = Fixture::new().await;
    let (key, id) = low(&fixture).await;
    for body in [
        json!({"allowed_routes": ["/*"], "models": ["*"], "max_budget": null, "team_id": "team-b"}),
        json!({"team_id": "team-b"}),
        json!({"team_id": "team-a"}),
        json!({"user_id": "other"}),
        json!({"user_id": "nobody-yet"}),
        json!({"organization_id": "org-b"}),
        json!({}),
        json!({"models": ["*"]}),
        json!({"models": ["gpt-4o", "claude"]}),
        json!({"models": ["all-proxy-models"]}),
        json!({"models": ["gpt-4o"]}),
        json!({"models": ["gpt-4o"], "max_budget": 6, "rpm_limit": 10}),
        json!({"models": ["gpt-4o"], "max_budget": 5, "rpm_limit": 10, "budget_duration": "1s"}),
        json!({"models": ["gpt-4o"], "max_budget": 5, "rpm_limit": 10, "permissions": {"a": true}}),
        json!({"models": ["gpt-4o"], "max_budget": 5, "rpm_limit": 10, "spend": 3}),
        json!({"models": ["gpt-4o"], "max_budget": 5, "rpm_limit": 10, "duration": "-1"}),
        json!({"models": ["gpt-4o"], "max_budget": 5, "rpm_limit": 10, "duration": "1000d"}),
    ] {
        let answer = fixture.post(&key, "/key/generate", &body).await;
        assert!(
            matches!(answer.status, 400 | 403),
            "{body}: {} {}",
            answer.status,
            answer.text
        );
    }
    assert_eq!(fixture.plane.feed.directory().keys.len(), 1);
    let within = json!({"models": ["gpt-4o"], "max_budget": 5, "rpm_limit": 9});
    let made = fixture.post(&key, "/key/generate", &within).await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert_eq!(made.json["user_id"], json!("low"));
    // Nor does anybody widen a key afterwards, not even the one in their hand.
    for body in [
        json!({"key": id, "models": []}),
        json!({"key": id, "max_budget": null}),
        json!({"key": id, "duration": null}),
        json!({"key": id, "team_id": "team-b"}),
        json!({"key": id, "user_id": "other"}),
        json!({"key": id, "user_id": null, "team_id": "team-b"}),
    ] {
        let answer = fixture.post(&key, "/key/update", &body).await;
        assert!(
            matches!(answer.status, 400 | 403 | 404),
            "{body}: {}",
            answer.text
        );
    }
    let shown = fixture.get(ADMIN, &format!("/key/info?key={id}")).await;
    assert_eq!(shown.json["info"]["models"], json!(["gpt-4o"]));
    assert_eq!(shown.json["info"]["max_budget"], json!(5.0));
}

#[tokio::test]
async fn a_key_does_not_widen_itself() {
    let fixture = Fixture::new().await;
    low(&fixture).await;
    let (wide, _) = fixture.key(&json!({"user_id": "low"})).await;
    // One that its owner has narrowed, and lost.
    let body = json!({"models": ["gpt-4o"], "rpm_limit": 1, "sources": null});
    let (narrow, id) = fixture.post(&wide, "/key/generate", &body).await.key();
    for body in [
        json!({"key": id, "models": null}),
        json!({"key": id, "models": ["*"]}),
        json!({"key": id, "rpm_limit": null}),
        json!({"key": id, "rpm_limit": 2}),
        json!({"key": id, "duration": "2000d"}),
    ] {
        let answer = fixture.post(&narrow, "/key/update", &body).await;
        assert_eq!(answer.status, 403, "{body}: {}", answer.text);
        let answer = fixture.post(&narrow, "/key/regenerate", &body).await;
        assert_eq!(answer.status, 403, "{body}: {}", answer.text);
    }
    let answer = fixture.post(&narrow, "/key/generate", &json!({})).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    // Its owner may, with the key that they have kept.
    let answer = fixture
        .post(&wide, "/key/update", &json!({"key": id, "models": null}))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let rotated = fixture.post(&narrow, "/key/regenerate", &json!({})).await;
    assert_eq!(rotated.status, 200, "{}", rotated.text);
}

#[tokio::test]
async fn a_key_does_not_get_out_of_what_bounds_it() {
    let fixture = Fixture::new().await;
    fixture.organisation("org-a").await;
    fixture.user("member", Role::InternalUser, &["org-a"]).await;
    let limits = Organisation {
        grant: Grant {
            models: Some(vec!["gpt-4o".into()]),
            ..Grant::default()
        },
        ..Organisation::default()
    };
    fixture.replace_organisation("org-a", &limits).await;
    let body = json!({"user_id": "member", "organization_id": "org-a"});
    let (key, id) = fixture.key(&body).await;
    let answer = fixture
        .post(
            &key,
            "/key/update",
            &json!({"key": id, "organization_id": null}),
        )
        .await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    let answer = fixture.post(&key, "/key/generate", &json!({})).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    let within = json!({"organization_id": "org-a"});
    let answer = fixture.post(&key, "/key/generate", &within).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn duplicated_and_respelled_fields_change_nothing() {
    let fixture = Fixture::new().await;
    let (key, id) = low(&fixture).await;
    let send = async |body: String| -> Answered {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str())];
        fixture
            .send("POST", "/key/update", &headers, Body::from(body))
            .await
    };
    for (body, status) in [
        (
            format!("{{\"key\":\"{id}\",\"models\":[\"gpt-4o\"],\"models\":[\"*\"]}}"),
            400,
        ),
        (
            format!("{{\"key\":\"{id}\",\"model\\u0073\":[\"gpt-4o\"],\"models\":[\"*\"]}}"),
            400,
        ),
        (format!("{{\"key\":\"{id}\",\"Models\":[\"*\"]}}"), 422),
        (
            format!("{{\"key\":\"{id}\",\"user_role\":\"proxy_admin\"}}"),
            422,
        ),
        (
            format!("{{\"key\":\"{id}\",\"Role\":\"proxy_admin\"}}"),
            422,
        ),
    ] {
        let answer = send(body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
}

#[tokio::test]
async fn a_key_of_another_tenant_is_answered_like_none() {
    let fixture = Fixture::new().await;
    let (key, _) = low(&fixture).await;
    let theirs = json!({"team_id": "team-b", "key_alias": "their secret project"});
    let (plaintext, theirs) = fixture.key(&theirs).await;
    let unknown = "0123456789abcdef";
    for name in [theirs.as_str(), plaintext.as_str()] {
        let pairs = [
            (
                "/key/update",
                json!({"key": name, "models": []}),
                json!({"key": unknown, "models": []}),
            ),
            (
                "/key/delete",
                json!({"keys": [name]}),
                json!({"keys": [unknown]}),
            ),
            ("/key/block", json!({"key": name}), json!({"key": unknown})),
            (
                "/key/regenerate",
                json!({"key": name}),
                json!({"key": unknown}),
            ),
            (
                "/v2/key/info",
                json!({"keys": [name]}),
                json!({"keys": [unknown]}),
            ),
            (
                "/key/update",
                json!({"key_alias": "their secret project"}),
                json!({"key_alias": "none"}),
            ),
        ];
        for (path, body, of_none) in pairs {
            let answer = fixture.post(&key, path, &body).await;
            let none = fixture.post(&key, path, &of_none).await;
            assert!(
                matches!(answer.status, 404 | 422),
                "{path}: {}",
                answer.text
            );
            assert_eq!(answer.text, none.text, "{path}");
        }
        let answer = fixture.get(&key, &format!("/key/info?key={name}")).await;
        let none = fixture.get(&key, &format!("/key/info?key={unknown}")).await;
        assert_eq!((answer.status, answer.text), (404, none.text));
    }
    let list = fixture.get(&key, "/key/list?size=100").await;
    assert!(!list.text.contains(&theirs));
    let aliases = fixture.get(&key, "/key/aliases").await;
    assert!(!aliases.text.contains("their secret"));
    let filtered = fixture
        .get(&key, &format!("/key/list?key_hash={plaintext}"))
        .await;
    assert_eq!(filtered.json["total_count"], json!(0));
    assert_eq!(fixture.get(&plaintext, "/key/info").await.status, 200);
}

#[tokio::test]
async fn keys_that_are_no_good_any_more_are_answered_like_unknown_ones() {
    let fixture = Fixture::new().await;
    low(&fixture).await;
    let unknown = fixture.get("sk-unknown-key-0123456789", "/key/info").await;
    let (blocked, id) = fixture.key(&json!({"key_alias": "blocked"})).await;
    assert_eq!(
        fixture
            .post(ADMIN, "/key/block", &json!({"key": id}))
            .await
            .status,
        200
    );
    let (expired, _) = fixture.key(&json!({"duration": "1s"})).await;
    let (deleted, id) = fixture.key(&json!({})).await;
    assert_eq!(
        fixture
            .post(ADMIN, "/key/delete", &json!({"keys": [id]}))
            .await
            .status,
        200
    );
    let (teamless, _) = fixture.key(&json!({"team_id": "team-a"})).await;
    fixture.remove_team("team-a").await;
    fixture.clock.advance(std::time::Duration::from_secs(2));
    fixture
        .plane
        .feed
        .catch_up(&fixture.plane.store)
        .await
        .unwrap();
    let union = "sk-x' UNION SELECT token FROM object--";
    let sleep = "'; SELECT pg_sleep(5)--";
    for key in [
        blocked,
        expired,
        deleted,
        teamless,
        union.to_owned(),
        sleep.to_owned(),
    ] {
        let answer = fixture.get(&key, "/key/info").await;
        assert_eq!((answer.status, &answer.text), (401, &unknown.text), "{key}");
        let windows = key.as_bytes().windows(8);
        for window in windows.map(|window| std::str::from_utf8(window).unwrap()) {
            assert!(!answer.text.contains(window), "{window}");
        }
    }
}

#[tokio::test]
async fn a_key_that_somebody_else_made_or_remade_is_bounded_by_them() {
    let fixture = Fixture::new().await;
    low(&fixture).await;
    fixture
        .narrow(
            "boss",
            Grant {
                models: Some(vec!["gpt-4o".into()]),
                ..Grant::default()
            },
            Spending::default(),
        )
        .await;
    let (boss, _) = fixture.key(&json!({"user_id": "boss"})).await;
    // The team's administrator gives away what they have, and no more.
    let wide = json!({"team_id": "team-a", "user_id": "low"});
    let made = fixture.post(&boss, "/key/generate", &wide).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let (key, id) = made.key();
    let wider = fixture
        .post(
            &boss,
            "/key/update",
            &json!({"key": id, "models": ["claude"]}),
        )
        .await;
    assert_eq!(wider.status, 403, "{}", wider.text);
    // It stands for nobody: whoever made it knows it.
    let answer = fixture.post(&key, "/key/generate", &json!({})).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    let own = fixture.get(&key, "/key/info").await;
    assert_eq!(own.json["info"]["user_id"], json!("low"));
}

#[tokio::test]
async fn who_was_blocked_does_not_lift_the_block() {
    let fixture = Fixture::new().await;
    let (key, _) = low(&fixture).await;
    let body = json!({"models": ["gpt-4o"], "max_budget": 1, "rpm_limit": 1});
    let (_, second) = fixture.post(&key, "/key/generate", &body).await.key();
    assert_eq!(
        fixture
            .post(ADMIN, "/key/block", &json!({"key": second}))
            .await
            .status,
        200
    );
    for (path, body) in [
        ("/key/unblock", json!({"key": second})),
        ("/key/update", json!({"key": second, "blocked": false})),
        ("/key/update", json!({"key": second, "blocked": null})),
        ("/key/regenerate", json!({"key": second, "blocked": false})),
    ] {
        let answer = fixture.post(&key, path, &body).await;
        assert!(
            matches!(answer.status, 400 | 403 | 404),
            "{path}: {}",
            answer.text
        );
    }
    let info = fixture.get(ADMIN, &format!("/key/info?key={second}")).await;
    assert_eq!(info.json["info"]["blocked"], json!(true));
}

#[tokio::test]
async fn references_are_text_or_refused() {
    let fixture = Fixture::new().await;
    for text in [
        "os.environ/HOME",
        "env:HOME",
        "${HOME}",
        "file:///etc/passwd",
        "vault://x#y",
    ] {
        let kept = json!({"key_alias": text, "metadata": {"a": text}, "tags": [text]});
        let made = fixture.post(ADMIN, "/key/generate", &kept).await;
        assert_eq!(made.status, 200, "{}", made.text);
        assert_eq!(made.json["key_alias"], json!(text));
        assert_eq!(made.json["metadata"], json!({"a": text}));
        for field in ["config", "router_settings"] {
            let body = json!({field: {"api_key": text}});
            let answer = fixture.post(ADMIN, "/key/generate", &body).await;
            assert_eq!(answer.status, 400, "{}", answer.text);
        }
        let answer = fixture
            .post(ADMIN, "/key/generate", &json!({"key": text}))
            .await;
        assert_eq!(answer.status, 400);
    }
}

#[tokio::test]
async fn text_of_any_kind_breaks_nothing() {
    let fixture = Fixture::new().await;
    for text in [
        "Ünïcødé 🦀",
        "'; DROP TABLE object; --",
        "\u{202e}abc",
        "a/b?c=d&e#f",
        "%2e%2e",
        " ",
    ] {
        let (_, id) = fixture
            .key(&json!({"key_alias": text, "metadata": {text: text}}))
            .await;
        let info = fixture.get(ADMIN, &format!("/key/info?key={id}")).await;
        assert_eq!(info.json["info"]["key_alias"], json!(text));
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let list = fixture
            .get(ADMIN, &format!("/key/list?key_alias={encoded}"))
            .await;
        assert_eq!(list.json["keys"], json!([id]));
    }
    for text in ["a\u{0}b", "a\nb", ""] {
        let answer = fixture
            .post(ADMIN, "/key/generate", &json!({"key_alias": text}))
            .await;
        assert_eq!(answer.status, 400, "{text:?}");
    }
    let none: Value = fixture.get(ADMIN, "/key/list?key_alias=nobody").await.json;
    assert_eq!(none["total_pages"], json!(0));
}
