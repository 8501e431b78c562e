//! What the configuration gives to new keys and users, and what it lets nobody give.

use ironward_admin::{Made, check_defaults};
use ironward_core::{Money, Role};
use ironward_policy::{KeyBounds, KeyLife};
use serde_json::{Map, Value, json};

use crate::fixture::{ADMIN, Fixture};

fn fields(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// A plane whose configuration says this.
async fn fixture(bounds: KeyBounds, key: &Value, user: &Value) -> Fixture {
    let fixture = Fixture::new().await;
    fixture.change_settings(|settings| {
        settings.on_data_port = false;
        settings.key_life = KeyLife::default().within(bounds.duration);
        settings.key_defaults = fields(key);
        settings.user_defaults = fields(user);
        settings.key_bounds = bounds;
        settings.takes_chosen_keys = false;
    });
    fixture
}

fn bounds() -> KeyBounds {
    KeyBounds {
        max_budget: Some(Money::from_dollars(100.0).unwrap()),
        budget_duration: Some("30d".parse().unwrap()),
        duration: Some("7d".parse().unwrap()),
        max_parallel_requests: Some(4),
        tpm_limit: Some(1000),
        rpm_limit: Some(10),
    }
}

#[tokio::test]
async fn nobody_gives_a_key_more_than_its_bound() {
    let fixture = fixture(bounds(), &json!({}), &json!({})).await;
    let (_, id) = fixture.key(&json!({})).await;
    let held = fixture.get(ADMIN, &format!("/key/info?key={id}")).await;
    let info = &held.json["info"];
    assert_eq!(info["max_budget"], json!(100.0));
    assert_eq!(info["budget_duration"], json!("30d"));
    assert_eq!(info["max_parallel_requests"], json!(4));
    assert_eq!(
        (&info["tpm_limit"], &info["rpm_limit"]),
        (&json!(1000), &json!(10))
    );
    for (field, more) in [
        ("max_budget", json!(100.01)),
        ("budget_duration", json!("31d")),
        ("duration", json!("8d")),
        ("max_parallel_requests", json!(5)),
        ("tpm_limit", json!(1001)),
        ("rpm_limit", json!(11)),
    ] {
        for (path, body) in [
            ("/key/generate", json!({field: more})),
            ("/key/update", json!({"key": id, field: more})),
            ("/key/regenerate", json!({"key": id, field: more})),
        ] {
            let answer = fixture.post(ADMIN, path, &body).await;
            let said = format!("{path} {field}: {}", answer.text);
            assert_eq!(
                (answer.status, &answer.json["error"]["param"]),
                (400, &json!(field)),
                "{said}"
            );
        }
        // What is cleared would be without a bound.
        let body = json!({"key": id, field: null});
        let answer = fixture.post(ADMIN, "/key/update", &body).await;
        assert_eq!(answer.status, 400, "{field}: {}", answer.text);
    }
    // LiteLLM's clients send null for what they do not set: a new key gets the bound.
    let made = fixture
        .post(
            ADMIN,
            "/key/generate",
            &json!({"duration": null, "rpm_limit": null}),
        )
        .await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert_eq!(made.json["rpm_limit"], json!(10));
    assert!(made.json["expires"].is_string());
    // Less is as good as ever.
    let body = json!({"key": id, "rpm_limit": 9});
    assert_eq!(fixture.post(ADMIN, "/key/update", &body).await.status, 200);
    // The key that comes with a user is one too.
    let made = fixture
        .post(ADMIN, "/user/new", &json!({"user_id": "ada"}))
        .await;
    let key = json!({"keys": [made.json["token_id"]]});
    let shown = fixture.post(ADMIN, "/v2/key/info", &key).await;
    assert_eq!(
        shown.json["info"][0]["max_budget"],
        json!(100.0),
        "{}",
        shown.text
    );
}

#[tokio::test]
async fn a_request_gets_what_it_leaves_out() {
    let key = json!({"max_budget": 5.0, "duration": "30d", "models": ["small"], "metadata": {"from": "file"}});
    let fixture = fixture(KeyBounds::default(), &key, &json!({})).await;
    let made = fixture
        .post(
            ADMIN,
            "/key/generate",
            &json!({"models": [], "metadata": {}}),
        )
        .await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert_eq!(made.json["max_budget"], json!(5.0));
    assert_eq!(made.json["models"], json!(["small"]));
    assert_eq!(made.json["metadata"], json!({"from": "file"}));
    let own = json!({"max_budget": 6.0, "models": ["large"], "metadata": {"a": 1}});
    let made = fixture.post(ADMIN, "/key/generate", &own).await;
    assert_eq!(made.json["max_budget"], json!(6.0));
    assert_eq!(made.json["models"], json!(["large"]));
    assert_eq!(made.json["metadata"], json!({"a": 1}));
    // A change is no making.
    let body = json!({"key": made.json["token_id"], "max_budget": null});
    let changed = fixture.post(ADMIN, "/key/update", &body).await;
    assert_eq!(changed.json["max_budget"], Value::Null, "{}", changed.text);
}

#[tokio::test]
async fn people_get_what_is_for_people() {
    let user = json!({"user_role": "internal_user", "max_budget": 3.0, "models": ["small"], "available_teams": ["t"]});
    let fixture = fixture(KeyBounds::default(), &json!({}), &user).await;
    let made = fixture
        .post(ADMIN, "/user/new", &json!({"user_id": "ada"}))
        .await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert_eq!(made.json["user_role"], json!("internal_user"));
    assert_eq!(made.json["max_budget"], json!(3.0));
    assert_eq!(made.json["models"], json!(["small"]));
    let admin = json!({"user_id": "root", "user_role": "proxy_admin"});
    let made = fixture.post(ADMIN, "/user/new", &admin).await;
    assert_eq!(made.json["max_budget"], Value::Null, "{}", made.text);
}

/// Defaults are no way to a role that one may not give.
#[tokio::test]
async fn a_default_gives_nobody_more_than_they_may() {
    let user = json!({"user_role": "proxy_admin_viewer"});
    let fixture = fixture(KeyBounds::default(), &json!({}), &user).await;
    fixture.organisation("acme").await;
    fixture.user("olga", Role::InternalUser, &["acme"]).await;
    let (key, _) = fixture.key(&json!({"user_id": "olga"})).await;
    let body = json!({"user_id": "ada", "organizations": ["acme"]});
    assert_eq!(fixture.post(&key, "/user/new", &body).await.status, 403);
}

#[tokio::test]
async fn keys_that_people_thought_up_are_refused_where_the_operator_says_so() {
    let fixture = fixture(KeyBounds::default(), &json!({}), &json!({})).await;
    let (_, id) = fixture.key(&json!({})).await;
    let chosen = "sk-a8Xq2Lr9Zt4Wm1Vb";
    for (path, body, param) in [
        ("/key/generate", json!({"key": chosen}), "key"),
        (
            "/key/regenerate",
            json!({"key": id, "new_key": chosen}),
            "new_key",
        ),
    ] {
        let answer = fixture.post(ADMIN, path, &body).await;
        assert_eq!(answer.status, 403, "{}", answer.text);
        assert_eq!(answer.json["error"]["param"], json!(param));
        assert!(!answer.text.contains(chosen), "{}", answer.text);
    }
}

#[test]
fn what_no_request_takes_is_no_default() {
    let check = |made, value: Value| check_defaults(made, &fields(&value));
    assert_eq!(
        check(Made::Key, json!({"max_budget": 1, "duration": "30d"})),
        []
    );
    assert_eq!(
        check(
            Made::User,
            json!({"user_role": "internal_user", "available_teams": []})
        ),
        []
    );
    for (made, value, field) in [
        (Made::Key, json!({"max_budgt": 1}), "max_budgt"),
        (Made::Key, json!({"rpm_limit": "many"}), "rpm_limit"),
        (Made::Key, json!({"duration": "a while"}), "duration"),
        (
            Made::Key,
            json!({"budget_limits": [{"max_budget": 1.0}]}),
            "budget_limits",
        ),
        (Made::User, json!({"user_role": "emperor"}), "user_role"),
    ] {
        let found = check(made, value);
        let names: Vec<&str> = found.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, [field], "{found:?}");
    }
}
