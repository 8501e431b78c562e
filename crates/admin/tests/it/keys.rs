//! A key's life, as LiteLLM's clients live it.

use std::time::Duration;

use ironward_core::Role;
use ironward_policy::{KeyLife, Period};
use serde_json::{Value, json};

use crate::fixture::{ADMIN, Fixture};

/// Every field that has a type of its own, with a value.
fn everything() -> Value {
    json!({
        "key_alias": "everything",
        "duration": "30d",
        "models": ["gpt-4o", "claude-*"],
        "aliases": {"best": "gpt-4o"},
        "spend": 1.5,
        "max_budget": 10.25,
        "soft_budget": 8,
        "budget_duration": "1mo",
        "budget_limits": [{"budget_duration": "1d", "max_budget": 2}],
        "model_max_budget": {"gpt-4o": {"budget_limit": 3, "time_period": "7d", "rpm_limit": 4}},
        "model_rpm_limit": {"gpt-4o": 5},
        "model_tpm_limit": {"gpt-4o": 6000},
        "tpm_limit": 100_000,
        "rpm_limit": 60,
        "tpd_limit": 1_000_000,
        "max_parallel_requests": 4,
        "user_id": "ada",
        "team_id": "team-a",
        "metadata": {"cost_center": {"n": 1}},
        "tags": ["prod"],
        "permissions": {"x": true},
        "guardrails": ["pii"],
        "object_permission": {"mcp_servers": ["github"], "blocked_tools": ["rm"], "agents": ["a"]},
        "key_type": "llm_api",
        "auto_rotate": true,
        "rotation_interval": "30d",
        "sources": ["10.0.0.0/8"],
        "hours": [{"days": [0, 1, 2, 3, 4], "from": 480, "to": 1080}],
        "output_tokens": 4096,
        "content_logging": false,
        "send_invite_email": false,
    })
}

async fn with_people() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.organisation("org-a").await;
    fixture.user("ada", Role::InternalUser, &[]).await;
    fixture.user("boss", Role::InternalUser, &[]).await;
    fixture
        .team("team-a", Some("org-a"), &["ada", "boss*"])
        .await;
    fixture
}

/// An answer to compare, without what scanners take for a leaked key.
fn pretty(value: &Value) -> String {
    let mut value = value.clone();
    let key = value
        .get_mut("key")
        .filter(|key| key.as_str().is_some_and(|key| key.starts_with("sk-iw-")));
    if let Some(key) = key {
        *key = json!("[the key]");
    }
    serde_json::to_string_pretty(&value).unwrap()
}

#[tokio::test]
async fn answers_have_litellms_shapes() {
    let fixture = with_people().await;
    let made = fixture.post(ADMIN, "/key/generate", &everything()).await;
    assert_eq!(made.status, 200, "{}", made.text);
    insta::assert_snapshot!("generate", pretty(&made.json));
    let (key, id) = made.key();
    let shown = fixture.get(ADMIN, &format!("/key/info?key={key}")).await;
    insta::assert_snapshot!("info", pretty(&shown.json));
    assert!(!shown.text.contains(&key));
    let plain = fixture.post(ADMIN, "/key/generate", &json!({})).await;
    insta::assert_snapshot!("generate_plain", pretty(&plain.json));
    let listed = fixture.get(ADMIN, "/key/list").await;
    insta::assert_snapshot!("list", pretty(&listed.json));
    let rotated = fixture
        .post(
            ADMIN,
            "/key/regenerate",
            &json!({"key": id, "grace_period": "1h"}),
        )
        .await;
    assert_eq!(rotated.status, 200, "{}", rotated.text);
    insta::assert_snapshot!("regenerate", pretty(&rotated.json));
    let refused = fixture
        .post(
            ADMIN,
            "/key/generate",
            &json!({"modles": [], "tpm_limit": "x"}),
        )
        .await;
    assert_eq!(refused.status, 422);
    insta::assert_snapshot!("refused_shape", pretty(&refused.json));
    let refused = fixture
        .post(ADMIN, "/key/generate", &json!({"max_budget": -1}))
        .await;
    assert_eq!(refused.status, 400);
    insta::assert_snapshot!("refused_value", pretty(&refused.json));
}

#[tokio::test]
async fn an_update_keeps_what_is_absent_and_clears_what_is_null() {
    let fixture = with_people().await;
    let (key, id) = fixture.key(&everything()).await;
    let before = fixture
        .get(ADMIN, &format!("/key/info?key={id}"))
        .await
        .json;
    let update = async |body: Value| -> Value {
        let answer = fixture.post(ADMIN, "/key/update", &body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text);
        assert_eq!(answer.json["key"], json!(id));
        assert!(!answer.text.contains(&key));
        fixture
            .get(ADMIN, &format!("/key/info?key={id}"))
            .await
            .json
    };
    // Nothing but the stamp of the change.
    let mut after = update(json!({"key": key})).await;
    assert_eq!(after["info"]["updated_by"], json!("admin_key"));
    after["info"]["updated_at"] = before["info"]["updated_at"].clone();
    assert_eq!(after, before);
    let after = update(json!({
        "key": id, "max_budget": null, "models": null, "tags": null, "budget_limits": null,
        "guardrails": null, "metadata": {"new": 1}, "rpm_limit": 7, "duration": "-1",
        "budget_duration": null, "aliases": null, "object_permission": null, "hours": null,
        "allowed_routes": null, "auto_rotate": false, "key_alias": "renamed",
    }))
    .await;
    let shown = &after["info"];
    for field in [
        "max_budget",
        "budget_limits",
        "guardrails",
        "expires",
        "budget_duration",
        "budget_reset_at",
        "object_permission",
        "hours",
        "rotation_interval",
    ] {
        assert_eq!(shown[field], Value::Null, "{field}");
    }
    assert_eq!((&shown["models"], &shown["tags"]), (&json!([]), &json!([])));
    assert_eq!(
        (&shown["allowed_routes"], &shown["aliases"]),
        (&json!([]), &json!({}))
    );
    assert_eq!(shown["metadata"], json!({"new": 1}));
    assert_eq!(
        (&shown["rpm_limit"], &shown["tpm_limit"]),
        (&json!(7), &json!(100_000))
    );
    // By its alias.
    let by_alias = json!({"key_alias": "renamed", "tpm_limit": 1});
    assert_eq!(
        fixture.post(ADMIN, "/key/update", &by_alias).await.status,
        200
    );
    assert_eq!(
        fixture
            .post(ADMIN, "/key/update", &json!({"tpm_limit": 1}))
            .await
            .status,
        400
    );
    let none = fixture
        .post(
            ADMIN,
            "/key/update",
            &json!({"key_alias": "x", "tpm_limit": 1}),
        )
        .await;
    assert_eq!(
        (none.status, &none.json["error"]["type"]),
        (404, &json!("not_found_error"))
    );
}

#[tokio::test]
async fn a_rotation_keeps_the_id_and_at_most_two_secrets() {
    let fixture = Fixture::new().await;
    let (first, id) = fixture.key(&json!({"key_alias": "rotated"})).await;
    let works = async |key: &str| fixture.get(key, "/key/info").await.status == 200;
    let path = format!("/key/{id}/regenerate");
    let rotate = async |body: Value| {
        let answer = fixture.post(ADMIN, &path, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let (key, same) = answer.key();
        assert_eq!(same, id);
        key
    };
    fixture.clock.advance(Duration::from_secs(1));
    let second = rotate(json!({"grace_period": "1h"})).await;
    assert!(works(&first).await && works(&second).await);
    fixture.clock.advance(Duration::from_secs(1));
    let third = rotate(json!({"grace_period": "1h"})).await;
    assert!(!works(&first).await && works(&second).await && works(&third).await);
    fixture.clock.advance(Duration::from_secs(3601));
    fixture
        .plane
        .feed
        .catch_up(&fixture.plane.store)
        .await
        .unwrap();
    assert!(!works(&second).await && works(&third).await);
    // A leak is answered at once.
    let headers = [("authorization", format!("Bearer {ADMIN}"))];
    let headers = [(headers[0].0, headers[0].1.as_str())];
    let answer = fixture
        .send("POST", &path, &headers, axum::body::Body::empty())
        .await;
    let fourth = answer.key().0;
    assert!(!works(&third).await && works(&fourth).await);
    let shown = fixture.get(ADMIN, &format!("/key/info?key={id}")).await;
    assert_eq!(shown.json["info"]["live_secrets"], json!(1));
    for body in [
        json!({"grace_period": "31d"}),
        json!({"new_master_key": "sk-x"}),
        json!({"new_key": "sk-1234"}),
    ] {
        let answer = fixture.post(ADMIN, &path, &body).await;
        assert_eq!(answer.status, 400, "{body}");
    }
    assert!(works(&fourth).await);
    // Its owner rotates the key in their hand.
    let answer = fixture.post(&fourth, "/key/regenerate", &json!({})).await;
    assert_eq!(
        answer.status, 403,
        "a key of nobody's changes nothing: {}",
        answer.text
    );
}

#[tokio::test]
async fn keys_live_as_long_as_the_policy_says() {
    let life = KeyLife {
        longest: Some(Period::days(365)),
        ..KeyLife::default()
    };
    for (fixture, limited) in [
        (Fixture::new().await, false),
        (Fixture::with(life).await, true),
    ] {
        for (body, expires, allowed) in [
            (json!({}), json!("2026-04-01T00:00:00Z"), true),
            (
                json!({"duration": "1h"}),
                json!("2026-01-01T01:00:00Z"),
                true,
            ),
            (json!({"duration": "-1"}), Value::Null, !limited),
            (json!({"duration": null}), Value::Null, !limited),
            (
                json!({"duration": "2000d"}),
                json!("2031-06-24T00:00:00Z"),
                !limited,
            ),
        ] {
            let answer = fixture.post(ADMIN, "/key/generate", &body).await;
            assert_eq!(answer.status, if allowed { 200 } else { 400 }, "{body}");
            if allowed {
                assert_eq!(answer.json["expires"], expires, "{body}");
            }
        }
    }
}

#[tokio::test]
async fn chosen_keys_are_taken_once_and_only_if_nobody_knows_them() {
    let fixture = Fixture::new().await;
    let chosen = "sk-a8Xq2Lr9Zt4Wm1Vb";
    let made = fixture
        .post(ADMIN, "/key/generate", &json!({"key": chosen}))
        .await;
    assert_eq!(made.json["key"], json!(chosen));
    assert_eq!(made.json["key_name"], json!("sk-...m1Vb"));
    assert_eq!(fixture.get(chosen, "/key/info").await.status, 200);
    for text in [
        chosen,
        ADMIN,
        "sk-1234",
        "sk-12345678901234567",
        "not-a-key-at-all-but-long",
    ] {
        let answer = fixture
            .post(ADMIN, "/key/generate", &json!({"key": text}))
            .await;
        assert_eq!(
            (answer.status, &answer.json["error"]["param"]),
            (400, &json!("key")),
            "{text}"
        );
        assert!(!answer.text.contains(text));
    }
}

#[tokio::test]
async fn an_alias_belongs_to_one_key() {
    let fixture = Fixture::new().await;
    let (_, id) = fixture.key(&json!({"key_alias": "mine"})).await;
    let (_, other) = fixture.key(&json!({})).await;
    for (path, body) in [
        ("/key/generate", json!({"key_alias": "mine"})),
        ("/key/update", json!({"key": other, "key_alias": "mine"})),
    ] {
        let answer = fixture.post(ADMIN, path, &body).await;
        assert_eq!(
            (answer.status, &answer.json["error"]["param"]),
            (400, &json!("key_alias"))
        );
    }
    let same = json!({"key": id, "key_alias": "mine"});
    assert_eq!(fixture.post(ADMIN, "/key/update", &same).await.status, 200);
}

#[tokio::test]
async fn keys_are_deleted_all_or_none() {
    let fixture = Fixture::new().await;
    let (one, id) = fixture.key(&json!({"key_alias": "one"})).await;
    let (_, other) = fixture.key(&json!({"key_alias": "two"})).await;
    let some = fixture
        .post(ADMIN, "/key/delete", &json!({"keys": [id, "unknown"]}))
        .await;
    assert_eq!(some.status, 404);
    assert_eq!(fixture.get(&one, "/key/info").await.status, 200);
    let all = json!({"keys": [one, id], "key_aliases": ["two"]});
    let gone = fixture.post(ADMIN, "/key/delete", &all).await;
    let mut ids = [id, other];
    ids.sort();
    assert_eq!(gone.json, json!({"deleted_keys": ids}));
    assert_eq!(fixture.get(&one, "/key/info").await.status, 401);
    assert_eq!(
        fixture.get(ADMIN, "/key/list").await.json["total_count"],
        json!(0)
    );
    assert_eq!(
        fixture.post(ADMIN, "/key/delete", &json!({})).await.status,
        400
    );
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let fixture = with_people().await;
    for number in 0..25 {
        fixture.clock.advance(Duration::from_millis(10));
        let team = if number % 2 == 0 {
            json!("team-a")
        } else {
            Value::Null
        };
        let body = json!({"key_alias": format!("Key {number:02}"), "team_id": team, "max_budget": 25 - number});
        fixture.key(&body).await;
    }
    fixture
        .plane
        .feed
        .catch_up(&fixture.plane.store)
        .await
        .unwrap();
    let list = async |query: &str| fixture.get(ADMIN, &format!("/key/list?{query}")).await.json;
    let first = list("").await;
    assert_eq!(first["keys"].as_array().unwrap().len(), 10);
    assert_eq!(
        (&first["total_count"], &first["total_pages"]),
        (&json!(25), &json!(3))
    );
    let aliases = async |query: &str| -> Vec<String> {
        let listed = list(&format!("return_full_object=true&{query}")).await;
        let keys = listed["keys"].as_array().unwrap().clone();
        keys.iter()
            .map(|key| key["key_alias"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(aliases("size=2").await, ["Key 24", "Key 23"]);
    assert_eq!(aliases("size=2&page=13").await, ["Key 00"]);
    assert_eq!(
        aliases("size=2&sort_by=max_budget&sort_order=asc").await,
        ["Key 24", "Key 23"]
    );
    assert_eq!(aliases("size=100&team_id=team-a").await.len(), 13);
    assert_eq!(aliases("size=100&organization_id=org-a").await.len(), 13);
    assert_eq!(
        aliases("size=100&key_alias=key&substring_matching=true")
            .await
            .len(),
        25
    );
    assert_eq!(aliases("key_alias=Key%2007").await, ["Key 07"]);
    assert_eq!(aliases("status=active&size=1").await, ["Key 24"]);
    for query in [
        "status=revoked",
        "status=deleted",
        "key_alias=key",
        "page=4",
        "user_id=ada",
    ] {
        assert!(aliases(query).await.is_empty(), "{query}");
    }
    let team = list("user_id=ada&include_team_keys=true").await;
    assert_eq!(team["total_count"], json!(13));
    for query in [
        "status=x",
        "sort_by=x",
        "size=0",
        "size=101",
        "page=0",
        "teem_id=x",
    ] {
        let answer = fixture.get(ADMIN, &format!("/key/list?{query}")).await;
        assert_eq!(answer.status, 422, "{query}");
    }
    let names = fixture
        .get(ADMIN, "/key/aliases?size=3&search=1")
        .await
        .json;
    assert_eq!(names["aliases"], json!(["Key 01", "Key 10", "Key 11"]));
}

#[tokio::test]
async fn members_see_their_own_and_what_their_team_permits() {
    let fixture = with_people().await;
    let (ada, _) = fixture.key(&json!({"user_id": "ada"})).await;
    let (boss, _) = fixture.key(&json!({"user_id": "boss"})).await;
    fixture
        .key(&json!({"team_id": "team-a", "key_alias": "the team's"}))
        .await;
    let count = async |key: &str| fixture.get(key, "/key/list").await.json["total_count"].clone();
    assert_eq!(count(&ada).await, json!(1));
    assert_eq!(count(&boss).await, json!(2));
    assert_eq!(count(ADMIN).await, json!(3));
    // The team's administrator makes keys for the team; a member does not.
    let body = json!({"team_id": "team-a"});
    assert_eq!(fixture.post(&ada, "/key/generate", &body).await.status, 403);
    let made = fixture.post(&boss, "/key/generate", &body).await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert_eq!(made.json["user_id"], json!("boss"));
    let expand = fixture
        .get(&boss, "/key/list?expand[]=user&key_alias=none")
        .await;
    assert_eq!(expand.status, 200);
    let own = fixture.get(&ada, "/key/list?expand=user").await.json;
    assert_eq!(
        own["keys"][0]["user"]["user_email"],
        json!("ada@example.com")
    );
}

#[tokio::test]
async fn a_service_account_owns_its_keys() {
    let fixture = with_people().await;
    let path = "/key/service-account/generate";
    assert_eq!(fixture.post(ADMIN, path, &json!({})).await.status, 400);
    let body = json!({"team_id": "team-a", "metadata": {"service_account_id": "ci"}});
    let made = fixture.post(ADMIN, path, &body).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let account = made.json["agent_id"].as_str().unwrap().to_owned();
    let again = fixture.post(ADMIN, path, &body).await;
    assert_eq!(again.json["agent_id"], json!(account));
    assert_eq!(fixture.plane.feed.directory().service_accounts.len(), 1);
    let (key, _) = made.key();
    // It sees its own keys and changes nothing.
    assert_eq!(
        fixture.get(&key, "/key/list").await.json["total_count"],
        json!(2)
    );
    assert_eq!(
        fixture.post(&key, "/key/generate", &json!({})).await.status,
        403
    );
    let elsewhere = json!({"agent_id": account, "team_id": "team-b"});
    assert_eq!(
        fixture
            .post(ADMIN, "/key/generate", &elsewhere)
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn many_keys_are_updated_each_by_itself() {
    let fixture = Fixture::new().await;
    let (_, one) = fixture.key(&json!({})).await;
    let body =
        json!({"keys": [{"key": one, "max_budget": 3}, {"key": "unknown", "max_budget": 3}]});
    let answer = fixture.post(ADMIN, "/key/bulk_update", &body).await.json;
    assert_eq!(answer["total_requested"], json!(2));
    assert_eq!(
        answer["successful_updates"][0]["key_info"]["max_budget"],
        json!(3.0)
    );
    assert_eq!(answer["failed_updates"][0]["position"], json!(1));
    assert_eq!(
        fixture
            .post(ADMIN, "/key/bulk_update", &json!({"keys": []}))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn spend_is_reset_downwards() {
    let fixture = Fixture::new().await;
    let (_, id) = fixture.key(&json!({"spend": 5})).await;
    let path = format!("/key/{id}/reset_spend");
    assert_eq!(
        fixture
            .post(ADMIN, &path, &json!({"reset_to": 6}))
            .await
            .status,
        400
    );
    let answer = fixture
        .post(ADMIN, &path, &json!({"reset_to": 2}))
        .await
        .json;
    assert_eq!(
        (&answer["spend"], &answer["previous_spend"]),
        (&json!(2.0), &json!(5.0))
    );
}

#[tokio::test]
async fn what_is_named_has_to_be_there() {
    let fixture = with_people().await;
    for (field, value) in [
        ("team_id", json!("nowhere")),
        ("project_id", json!("nowhere")),
        ("agent_id", json!("nobody")),
        ("organization_id", json!("nowhere")),
        ("budget_id", json!("none")),
        ("access_group_ids", json!(["none"])),
        ("sources", json!(["not a network"])),
        ("allowed_routes", json!(["no/slash"])),
    ] {
        let answer = fixture
            .post(ADMIN, "/key/generate", &json!({field: value}))
            .await;
        assert_eq!(
            (answer.status, &answer.json["error"]["param"]),
            (400, &json!(field)),
            "{}",
            answer.text
        );
    }
    let stranger = json!({"team_id": "team-a", "user_id": "new"});
    assert_eq!(
        fixture.post(ADMIN, "/key/generate", &stranger).await.status,
        400
    );
    // As with LiteLLM, a key may be made for a user nobody has heard of: the user is made too.
    fixture.key(&json!({"user_id": "new"})).await;
    let directory = fixture.plane.feed.directory();
    assert_eq!(
        directory.users.find("new").unwrap().object.role,
        Role::InternalUserViewer
    );
}

#[tokio::test]
async fn a_node_that_is_cut_off_lets_nobody_in_but_the_administrator() {
    let fixture = Fixture::new().await;
    let (key, _) = fixture.key(&json!({})).await;
    assert_eq!(
        fixture.post(&key, "/key/health", &json!({})).await.json["key"],
        json!("healthy")
    );
    fixture.clock.advance(Duration::from_secs(11));
    for key in [key.as_str(), "sk-unknown-key-0123"] {
        assert_eq!(fixture.get(key, "/key/info").await.status, 503);
    }
    assert_eq!(fixture.get(ADMIN, "/key/list").await.status, 200);
}
