//! Service accounts: who makes them, what proves them, and what goes with them.

use ironward_core::Role;
use ironward_policy::Grant;
use ironward_secret::KeyHasher;
use ironward_store::objects::SecretForm;
use serde_json::{Value, json};

use crate::fixture::{ADMIN, Fixture};

/// Two teams of an organisation and one of nobody, with those who look after them.
struct People {
    fixture: Fixture,
    boss: String,
    chief: String,
    member: String,
    other: String,
}

async fn people() -> People {
    let fixture = Fixture::new().await;
    fixture.organisation("org-a").await;
    for id in ["boss", "member", "other"] {
        fixture.user(id, Role::InternalUser, &[]).await;
    }
    fixture.user("chief", Role::InternalUser, &["org-a"]).await;
    let members = ["boss*", "member"];
    fixture.team("team-a", Some("org-a"), &members).await;
    fixture.team("team-b", None, &["other*"]).await;
    let key = async |id: &str| fixture.key(&json!({"user_id": id})).await.0;
    People {
        boss: key("boss").await,
        chief: key("chief").await,
        member: key("member").await,
        other: key("other").await,
        fixture,
    }
}

impl People {
    async fn done(&self, key: &str, path: &str, body: Value) -> Value {
        let answer = self.fixture.post(key, path, &body).await;
        assert_eq!(answer.status, 200, "{path} {body}: {}", answer.text);
        answer.json
    }

    async fn refused(&self, key: &str, path: &str, body: Value, status: u16) -> String {
        let before = self
            .fixture
            .plane
            .feed
            .directory()
            .changes()
            .borrow()
            .to_owned();
        let answer = self.fixture.post(key, path, &body).await;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.text);
        let after = self
            .fixture
            .plane
            .feed
            .directory()
            .changes()
            .borrow()
            .to_owned();
        assert_eq!(before, after, "{path} {body} changed something");
        answer.text
    }
}

const NEW: &str = "/service_account/new";
const UPDATE: &str = "/service_account/update";
const DELETE: &str = "/service_account/delete";
const SHOW_BOT: &str = "/service_account/info?service_account_id=bot";

#[tokio::test]
async fn an_account_has_grants_limits_and_identities() {
    let people = people().await;
    let identities = json!([
        {"iss": "https://issuer.example.com", "sub": "ci", "ref.name": "main"},
        {"spiffe": "spiffe://example.com/ci"},
    ]);
    let new = json!({
        "service_account_id": "bot", "service_account_alias": "\u{fc}ber bot", "team_id": "team-a",
        "identities": identities, "models": ["gpt-4o"], "tools": ["read"], "blocked": false,
        "sources": ["10.0.0.0/8"], "max_budget": 5, "max_parallel_requests": 2, "rpm_limit": 7,
        "object_permission": {"mcp_servers": ["files"]}, "metadata": {"a": [1]},
    });
    let made = people.done(ADMIN, NEW, new.clone()).await;
    for (name, value) in new.as_object().unwrap() {
        let expected = if name == "max_budget" {
            &json!(5.0)
        } else {
            value
        };
        assert_eq!(&made[name], expected, "{name}");
    }
    assert_eq!(made["created_by"], "admin_key");
    let shown = people.fixture.get(ADMIN, SHOW_BOT).await;
    assert_eq!(shown.json, made);
    people.refused(ADMIN, NEW, new, 400).await;

    // A merge patch: what is absent stays, `null` clears.
    let change = json!({"service_account_id": "bot", "models": null, "metadata": {"b": 2}});
    let changed = people.done(ADMIN, UPDATE, change).await;
    assert_eq!(changed["models"], json!([]));
    assert_eq!(changed["metadata"], json!({"b": 2}));
    assert_eq!(changed["identities"], identities);
    let unnamed = people.done(ADMIN, NEW, json!({"team_id": "team-a"})).await;
    assert_eq!(unnamed["service_account_id"].as_str().unwrap().len(), 16);
    assert_eq!(unnamed["identities"], json!([]));
}

#[tokio::test]
async fn an_identity_that_everybody_or_nobody_has_is_refused() {
    let people = people().await;
    let issuer = "https://issuer.example.com";
    for identity in [
        json!({}),
        json!({"sub": "ci"}),
        json!({"iss": issuer}),
        json!({"iss": issuer, "aud": "ironward"}),
        json!({"iss": issuer, "sub": ""}),
        json!({"spiffe": "https://example.com/ci"}),
        json!({"spiffe": "spiffe://example.com/ci", "iss": issuer}),
    ] {
        let body = json!({"team_id": "team-a", "identities": [identity]});
        let said = people.refused(ADMIN, NEW, body, 400).await;
        assert!(said.contains("identities[0]"), "{said}");
    }
    for identities in [json!("x"), json!([1]), json!([{"iss": issuer, "sub": 7}])] {
        let body = json!({"team_id": "team-a", "identities": identities});
        people.refused(ADMIN, NEW, body, 422).await;
    }
    // Nor is there a token that fits two accounts.
    let first = json!({"iss": issuer, "sub": "ci"});
    let body = json!({"service_account_id": "one", "team_id": "team-a", "identities": [first]});
    people.done(ADMIN, NEW, body).await;
    for identity in [
        json!({"iss": issuer, "sub": "ci"}),
        json!({"iss": issuer, "sub": "ci", "ref": "main"}),
    ] {
        let body = json!({"team_id": "team-b", "identities": [identity]});
        let said = people.refused(ADMIN, NEW, body, 400).await;
        assert!(said.contains("the same token fits"), "{said}");
    }
    let other = json!({"iss": issuer, "sub": "cd"});
    let body = json!({"service_account_id": "two", "team_id": "team-b", "identities": [other]});
    people.done(ADMIN, NEW, body).await;
    let change = json!({"service_account_id": "two", "identities": [first]});
    people.refused(ADMIN, UPDATE, change, 400).await;
    let same = json!({"service_account_id": "one", "identities": [first]});
    people.done(ADMIN, UPDATE, same).await;
}

#[tokio::test]
async fn an_account_is_its_teams() {
    let people = people().await;
    let body = |team: &str| json!({"service_account_id": "bot", "team_id": team, "max_budget": 5});
    people
        .refused(&people.member, NEW, body("team-a"), 403)
        .await;
    people
        .refused(&people.other, NEW, body("team-a"), 403)
        .await;
    people.refused(&people.boss, NEW, body("team-b"), 403).await;
    people.refused(&people.boss, NEW, body("none"), 403).await;
    people.refused(ADMIN, NEW, body("none"), 400).await;
    people
        .refused(ADMIN, NEW, json!({"service_account_id": "bot"}), 422)
        .await;
    people.done(&people.boss, NEW, body("team-a")).await;
    // Who may see it, and who is told that it is not there.
    for (key, status) in [
        (&people.boss, 200),
        (&people.member, 200),
        (&people.chief, 200),
        (&people.other, 404),
    ] {
        assert_eq!(people.fixture.get(key, SHOW_BOT).await.status, status);
        let listed = people.fixture.get(key, "/service_account/list").await;
        let seen = u64::from(status == 200);
        assert_eq!(listed.json["total"], seen, "{}", listed.text);
    }
    let update = |field: &str, value: Value| json!({"service_account_id": "bot", field: value});
    people
        .refused(&people.other, UPDATE, update("max_budget", json!(1)), 404)
        .await;
    people
        .refused(&people.member, UPDATE, update("max_budget", json!(1)), 404)
        .await;
    people
        .done(&people.boss, UPDATE, update("max_budget", json!(4)))
        .await;
    people
        .refused(&people.boss, UPDATE, update("max_budget", json!(6)), 403)
        .await;
    people
        .refused(
            &people.boss,
            UPDATE,
            update("team_id", json!("team-b")),
            400,
        )
        .await;
    people
        .refused(&people.boss, UPDATE, update("unknown", json!(1)), 422)
        .await;
    people
        .done(&people.chief, UPDATE, update("max_budget", json!(6)))
        .await;
    people
        .done(&people.boss, UPDATE, update("blocked", json!(true)))
        .await;
    people
        .refused(&people.boss, UPDATE, update("blocked", json!(false)), 403)
        .await;
}

#[tokio::test]
async fn what_stands_for_an_account_is_for_administrators_to_say() {
    let people = people().await;
    let body = json!({"service_account_id": "bot", "team_id": "team-a"});
    people.done(&people.boss, NEW, body).await;
    let update = |field: &str, value: Value| json!({"service_account_id": "bot", field: value});
    let identity = json!([{"iss": "https://issuer.example.com", "sub": "ci"}]);
    for key in [&people.boss, &people.chief] {
        let said = people
            .refused(key, UPDATE, update("identities", identity.clone()), 403)
            .await;
        assert!(said.contains("only administrators of the proxy"), "{said}");
        let new = json!({"team_id": "team-a", "identities": identity});
        people.refused(key, NEW, new, 403).await;
    }
    people
        .done(ADMIN, UPDATE, update("identities", identity.clone()))
        .await;
    people
        .done(&people.boss, UPDATE, update("identities", identity))
        .await;
    people
        .done(&people.boss, UPDATE, update("identities", json!([])))
        .await;
    let ids = json!({"service_account_ids": ["bot"]});
    people
        .refused(&people.member, DELETE, ids.clone(), 404)
        .await;
    people
        .refused(&people.other, DELETE, ids.clone(), 404)
        .await;
    people.done(&people.boss, DELETE, ids.clone()).await;
    people.refused(&people.boss, DELETE, ids, 404).await;
    people
        .refused(ADMIN, DELETE, json!({"service_account_ids": []}), 400)
        .await;
}

#[tokio::test]
async fn a_team_gives_an_account_no_more_than_it_has() {
    let people = people().await;
    let narrow = Grant {
        models: Some(vec!["gpt-4o".into()]),
        ..Grant::default()
    };
    people
        .fixture
        .narrow("boss", narrow, Default::default())
        .await;
    let body = |models: Value| json!({"team_id": "team-a", "models": models});
    people
        .refused(&people.boss, NEW, body(json!(["gpt-4o", "o3"])), 403)
        .await;
    people
        .refused(&people.boss, NEW, body(json!([])), 403)
        .await;
    people
        .done(&people.boss, NEW, body(json!(["gpt-4o"])))
        .await;
}

#[tokio::test]
async fn its_keys_go_with_it_at_once() {
    let people = people().await;
    let fixture = &people.fixture;
    let new = json!({"service_account_id": "bot", "team_id": "team-a"});
    people.done(&people.boss, NEW, new).await;
    let (key, id) = fixture.key(&json!({"agent_id": "bot"})).await;
    let (_, kept) = fixture.key(&json!({"team_id": "team-a"})).await;
    // An account sees itself and changes nothing.
    assert_eq!(fixture.get(&key, SHOW_BOT).await.status, 200);
    let listed = fixture.get(&key, "/service_account/list").await;
    assert_eq!(listed.json["total"], 1);
    let change = json!({"service_account_id": "bot", "max_budget": 100});
    people.refused(&key, UPDATE, change, 403).await;
    // Blocked and deleted, it is let in nowhere, from the next request on.
    let blocked = json!({"service_account_id": "bot", "blocked": true});
    people.done(&people.boss, UPDATE, blocked).await;
    assert_eq!(fixture.get(&key, SHOW_BOT).await.status, 401);
    let free = json!({"service_account_id": "bot", "blocked": false});
    people.done(ADMIN, UPDATE, free).await;
    assert_eq!(fixture.get(&key, SHOW_BOT).await.status, 200);
    let both = json!({"service_account_ids": ["bot", "none"]});
    people.refused(ADMIN, DELETE, both, 404).await;
    people
        .done(
            ADMIN,
            DELETE,
            json!({"service_account_ids": ["bot", "bot"]}),
        )
        .await;
    assert_eq!(fixture.get(&key, SHOW_BOT).await.status, 401);
    let directory = fixture.plane.feed.directory();
    assert!(directory.keys.find(&id).is_none());
    assert!(directory.keys.find(&kept).is_some());
    let hash = KeyHasher::new(&[7; 32]).hash(key.as_bytes());
    let found = directory.key_by_secret(SecretForm::Presented, &hash);
    assert!(found.is_none(), "nothing is found by its secret");
}

#[tokio::test]
async fn a_list_comes_in_pages() {
    let people = people().await;
    for number in 0..5 {
        let id = format!("bot-{number}");
        let body = json!({"service_account_id": id, "service_account_alias": "bot",
                          "team_id": "team-a"});
        people.done(ADMIN, NEW, body).await;
    }
    people
        .done(
            ADMIN,
            NEW,
            json!({"service_account_id": "else", "team_id": "team-b"}),
        )
        .await;
    let get = async |query: &str| {
        let path = format!("/service_account/list?{query}");
        let answer = people.fixture.get(ADMIN, &path).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json
    };
    let page = get("team_id=team-a&page=2&page_size=2").await;
    let ids: Vec<&Value> = page["service_accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["service_account_id"])
        .collect();
    assert_eq!(ids, ["bot-2", "bot-3"]);
    assert_eq!(
        (&page["total"], &page["total_pages"]),
        (&json!(5), &json!(3))
    );
    assert_eq!(get("").await["total"], 6);
    assert_eq!(get("service_account_alias=bot").await["total"], 5);
    assert_eq!(get("team_id=none").await["total"], 0);
    let wrong = people
        .fixture
        .get(ADMIN, "/service_account/list?page=0")
        .await;
    assert_eq!(wrong.status, 422);
}

#[tokio::test]
async fn a_key_that_is_asked_for_still_makes_its_account() {
    let people = people().await;
    let body = json!({"team_id": "team-a", "metadata": {"service_account_id": "ci"}});
    let path = "/key/service-account/generate";
    people.done(&people.boss, path, body.clone()).await;
    people.done(&people.boss, path, body).await;
    let path = "/service_account/list?service_account_alias=ci";
    let listed = people.fixture.get(&people.boss, path).await;
    assert_eq!(listed.json["total"], 1, "{}", listed.text);
}
