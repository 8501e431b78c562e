//! Lists in parts: every item on exactly one page, and nothing made that is not on it.

use std::collections::BTreeSet;
use std::time::Instant;

use ironward_core::{Id, Role};
use ironward_store::Change;
use ironward_store::objects::{Key, KeySecret, Origin, Owner, SecretForm};
use serde_json::{Value, json};

use crate::fixture::{ADMIN, Fixture};

#[tokio::test]
async fn what_litellm_lists_whole_comes_in_parts_too() {
    let fixture = Fixture::new().await;
    let names = ["a", "b", "c", "d", "e"];
    for name in names {
        for (path, body) in [
            (
                "/organization/new",
                json!({"organization_id": name, "organization_alias": name}),
            ),
            ("/team/new", json!({"team_id": name})),
            ("/project/new", json!({"project_id": name, "team_id": name})),
            ("/customer/new", json!({"user_id": name})),
            ("/budget/new", json!({"budget_id": name})),
            ("/tag/new", json!({"name": name})),
            (
                "/credentials",
                json!({"credential_name": name, "credential_values": {"api_key": "k"}}),
            ),
            (
                "/access_group/new",
                json!({"access_group": name, "model_names": ["x*"]}),
            ),
            (
                "/model/new",
                json!({"model_name": format!("model-{name}"), "model_info": {"id": name}, "litellm_params": {"model": "openai/x", "api_key": "k"}}),
            ),
        ] {
            let made = fixture.post(ADMIN, path, &body).await;
            assert_eq!(made.status, 200, "{path}: {}", made.text);
        }
    }
    for (path, rows, id) in [
        ("/organization/list", "", "/organization_id"),
        ("/team/list", "", "/team_id"),
        ("/project/list", "", "/project_id"),
        ("/customer/list", "", "/user_id"),
        ("/budget/list", "", "/budget_id"),
        ("/tag/list", "", "/name"),
        ("/credentials", "/credentials", "/credential_name"),
        ("/access_group/list", "/access_groups", "/access_group"),
        ("/model/info", "/data", "/model_info/id"),
    ] {
        let ids = async |query: &str| {
            let answer = fixture.get(ADMIN, &format!("{path}?{query}")).await;
            assert_eq!(answer.status, 200, "{path}?{query}: {}", answer.text);
            assert_eq!(answer.headers["x-total-count"], "5", "{path}");
            let rows = answer.json.pointer(rows).unwrap().as_array().unwrap();
            let text = |row: &Value| row.pointer(id).unwrap().as_str().unwrap().to_owned();
            rows.iter().map(text).collect::<Vec<_>>()
        };
        assert_eq!(ids("").await, names, "{path}");
        assert_eq!(ids("size=2").await, ["a", "b"], "{path}");
        assert_eq!(ids("page=3&size=2").await, ["e"], "{path}");
        assert_eq!(ids("page=1").await, names, "{path}");
        assert!(ids("page=9&size=2").await.is_empty(), "{path}");
        for query in ["page=0", "size=0", "size=10001", "size=x", "pagee=1"] {
            let answer = fixture.get(ADMIN, &format!("{path}?{query}")).await;
            assert_eq!(answer.status, 422, "{path}?{query}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_look_up_of_many_keys_is_bounded() {
    let fixture = Fixture::new().await;
    let (_, id) = fixture.key(&json!({})).await;
    let many = |count| json!({"keys": vec![id.as_str(); count]});
    assert_eq!(
        fixture.post(ADMIN, "/v2/key/info", &many(500)).await.status,
        200
    );
    assert_eq!(
        fixture.post(ADMIN, "/v2/key/info", &many(501)).await.status,
        400
    );
}

/// Keys as the API makes them, of several owners, teams and ages.
async fn put_keys(fixture: &Fixture, count: u64) {
    let hash = |number: u64| {
        let text = format!("sk-key-number-{number}-of-the-tests");
        fixture.plane.hasher.hash(text.as_bytes()).to_hex().into()
    };
    let key = |number: u64| Key {
        secrets: vec![KeySecret {
            form: SecretForm::Presented,
            hash: hash(number),
            made: number,
            until: None,
        }],
        alias: Some(format!("alias {}", number % 7).into()),
        name: "sk-...".into(),
        owner: Owner::User(Id::new(&format!("user-{}", number % 100))),
        team: number.is_multiple_of(2).then(|| Id::new("team")),
        metadata: json!({"number": number}).as_object().unwrap().clone(),
        origin: Origin {
            created_at: number * 7919 % count,
            updated_at: number * 104_729 % count / 3,
            ..Origin::default()
        },
        ..Key::default()
    };
    let all: Vec<u64> = (0..count).collect();
    for part in all.chunks(1000) {
        let changes = part.iter().map(|number| {
            let id = Id::new(&format!("key-{number:06}"));
            Change::create(&id, &key(*number))
        });
        fixture.write(&changes.collect::<Vec<_>>()).await;
    }
}

#[tokio::test]
async fn every_key_is_on_one_page_whatever_the_order() {
    let fixture = Fixture::new().await;
    put_keys(&fixture, 57).await;
    for by in [
        "created_at",
        "updated_at",
        "expires",
        "key_alias",
        "spend",
        "max_budget",
        "token",
    ] {
        for order in ["asc", "desc"] {
            let mut seen = BTreeSet::new();
            for page in 1..=6 {
                let query =
                    format!("/key/list?page={page}&size=10&sort_by={by}&sort_order={order}");
                let answer = fixture.get(ADMIN, &query).await;
                assert_eq!(answer.json["total_count"], json!(57));
                for key in answer.json["keys"].as_array().unwrap() {
                    assert!(seen.insert(key.to_string()), "{query}: {key}");
                }
            }
            assert_eq!(seen.len(), 57, "{by} {order}");
        }
    }
    let newest = fixture
        .get(ADMIN, "/key/list?size=57&return_full_object=true")
        .await;
    let times = newest.json["keys"].as_array().unwrap().iter();
    let times: Vec<&str> = times
        .map(|key| key["created_at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted_by(|one, other| one >= other), "{times:?}");
    let ended = fixture.get(ADMIN, "/key/list?expires=2026-01-01").await;
    assert_eq!(ended.json["total_count"], json!(0));
    let endless = fixture.get(ADMIN, "/key/list?expires=never").await;
    assert_eq!(endless.json["total_count"], json!(57));
    let wrong = fixture.get(ADMIN, "/key/list?expires=soon").await;
    assert_eq!(wrong.status, 400, "{}", wrong.text);
}

/// Sixty objects of each kind, and six hundred keys.
async fn stocked() -> Fixture {
    let fixture = Fixture::new().await;
    for number in 0..60 {
        let name = format!("user-{number}");
        fixture.user(&name, Role::InternalUser, &[]).await;
        let team = json!({"team_id": format!("team-{number}")});
        let customer = json!({"user_id": format!("customer-{number}")});
        let budget = json!({"budget_id": format!("budget-{number}")});
        let tag = json!({"name": format!("tag-{number}")});
        let organisation = format!("organisation-{number}");
        let organisation =
            json!({"organization_id": organisation, "organization_alias": organisation});
        let id = format!("part-{number}");
        let project = json!({"project_id": id, "team_id": format!("team-{}", number % 20)});
        let account = json!({"service_account_id": id, "team_id": format!("team-{}", number % 20),
            "service_account_alias": id});
        let model = json!({"model_name": id, "model_info": {"id": id},
            "litellm_params": {"model": "openai/x", "api_key": "k"}});
        for (path, body) in [
            ("/team/new", team),
            ("/customer/new", customer),
            ("/budget/new", budget),
            ("/tag/new", tag),
            ("/organization/new", organisation),
            ("/project/new", project),
            ("/service_account/new", account),
            ("/model/new", model),
        ] {
            let made = fixture.post(ADMIN, path, &body).await;
            assert_eq!(made.status, 200, "{path}: {}", made.text);
        }
    }
    fixture.team("team", None, &["user-1*"]).await;
    put_keys(&fixture, 600).await;
    fixture
}

/// What a list or a change costs, counted in objects that are looked at.
fn walked(fixture: &Fixture) -> u64 {
    let directory = fixture.plane.feed.directory();
    directory.keys.walked()
        + directory.users.walked()
        + directory.teams.walked()
        + directory.customers.walked()
        + directory.budgets.walked()
        + directory.tags.walked()
        + directory.organisations.walked()
        + directory.projects.walked()
        + directory.service_accounts.walked()
        + directory.deployments.walked()
}

#[tokio::test]
async fn a_page_looks_at_nothing_that_is_not_on_it() {
    let fixture = stocked().await;
    for (path, most) in [
        ("/key/list?size=10", 10),
        ("/key/list?size=10&page=40&return_full_object=true", 10),
        ("/key/list?size=10&sort_order=asc", 10),
        // Every key of the user.
        ("/key/list?size=3&user_id=user-1", 6),
        ("/key/list?size=3&user_id=nobody", 0),
        // Users and their teams, of which one of them has one; their keys are counted only.
        ("/user/list?page_size=10", 11),
        ("/user/list?page_size=10&page=3&sort_order=desc", 11),
        ("/team/list?size=10", 10),
        ("/v2/team/list?page_size=10&page=2", 10),
        ("/customer/list?size=10&page=2", 10),
        ("/budget/list?size=10", 10),
        ("/tag/list?size=10", 10),
        ("/organization/list?size=10", 10),
        ("/project/list?size=10", 10),
        ("/service_account/list?page_size=10", 10),
        ("/key/list?size=10&sort_by=updated_at", 10),
        ("/key/list?size=10&sort_by=expires&page=3", 10),
        ("/key/list?size=10&sort_by=max_budget", 10),
        ("/key/list?size=10&sort_by=token&sort_order=asc", 10),
        ("/key/list?size=10&sort_by=key_alias&page=7", 10),
        ("/key/list?key_alias=none", 0),
        ("/key/list?project_id=none", 0),
        ("/key/list?agent_id=none", 0),
        ("/key/list?organization_id=none", 0),
        ("/key/list?key_hash=key-000007", 1),
        ("/key/aliases?size=3", 3),
        ("/user/list?page_size=10&sort_by=created_at", 11),
        ("/user/list?page_size=10&sort_by=user_email", 11),
        ("/user/list?page_size=10&sort_by=user_role", 11),
        ("/user/list?page_size=10&sort_by=user_alias&page=2", 11),
        ("/user/list?user_ids=user-3,user-4", 3),
        ("/user/list?team=team", 3),
        ("/team/list?user_id=user-1", 1),
        ("/team/list?organization_id=none", 0),
        ("/project/list?team_id=team-3", 3),
        ("/service_account/list?team_id=team-3", 3),
        ("/model/info?litellm_model_id=part-3", 1),
        ("/organization/info?organization_id=organisation-1", 0),
    ] {
        let before = walked(&fixture);
        let answer = fixture.get(ADMIN, path).await;
        let looked_at = walked(&fixture) - before;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(looked_at <= most, "{path} looked at {looked_at} objects");
    }
    // Half of them are the team's: a look at each of those, to sort them, and at no other.
    let before = walked(&fixture);
    let answer = fixture.get(ADMIN, "/key/list?team_id=team").await;
    assert_eq!(answer.json["total_count"], json!(300));
    assert_eq!(walked(&fixture) - before, 300);
}

/// Who has an alias, and what goes together with what is deleted, is found.
#[tokio::test]
async fn a_change_looks_at_nothing_that_is_not_changed() {
    let fixture = stocked().await;
    for (path, body, most) in [
        (
            "/key/generate",
            json!({"key_alias": "new", "user_id": "user-2"}),
            0,
        ),
        (
            "/key/update",
            json!({"key": "key-000007", "key_alias": "newer"}),
            0,
        ),
        (
            "/key/service-account/generate",
            json!({"key_alias": "newest", "team_id": "team-3"}),
            3,
        ),
        ("/key/delete", json!({"key_aliases": ["newer"]}), 1),
        ("/team/delete", json!({"team_ids": ["team-4"]}), 6),
        ("/user/delete", json!({"user_ids": ["user-3"]}), 6),
    ] {
        let before = walked(&fixture);
        let answer = fixture.post(ADMIN, path, &body).await;
        let looked_at = walked(&fixture) - before;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(looked_at <= most, "{path} looked at {looked_at} objects");
    }
}

/// Whoever does not see everything is answered from what is theirs.
#[tokio::test]
async fn a_list_for_somebody_looks_at_nothing_of_others() {
    let fixture = stocked().await;
    let (boss, _) = fixture.key(&json!({"user_id": "user-1"})).await;
    let (person, _) = fixture.key(&json!({"user_id": "user-3"})).await;
    for (who, path, total, most) in [
        // The keys of the team that they administer, and their own, which is made just now too.
        (&boss, "/key/list", 307, 307),
        (&boss, "/key/list?user_id=user-1", 7, 7),
        (&boss, "/key/aliases", 7, 307),
        (&boss, "/v2/team/list", 1, 2),
        (&person, "/key/list", 7, 7),
        (&person, "/key/list?search=alias&sort_by=spend", 6, 7),
        (&person, "/v2/team/list", 0, 0),
        (&person, "/user/list", 1, 1),
        (&person, "/service_account/list", 0, 0),
    ] {
        let before = walked(&fixture);
        let answer = fixture.get(who, path).await;
        // Their own teams are looked up for every request.
        let looked_at = walked(&fixture) - before;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let count = ["total_count", "total"].map(|name| answer.json[name].clone());
        assert!(count.contains(&json!(total)), "{path}: {count:?}");
        assert!(
            looked_at <= most + 1,
            "{path} looked at {looked_at} objects"
        );
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long something really takes is the test"
)]
fn now() -> Instant {
    Instant::now()
}

/// A measurement: `cargo nextest run --release -p ironward-admin --run-ignored only hundred_thousand`.
#[tokio::test]
#[ignore = "a measurement, for a release build"]
async fn a_page_of_a_hundred_thousand_keys_is_quick() {
    let fixture = Fixture::new().await;
    fixture.user("user-1", Role::InternalUser, &[]).await;
    fixture.team("team", None, &["user-1*"]).await;
    put_keys(&fixture, 100_000).await;
    let (key, _) = fixture.key(&json!({"user_id": "user-1"})).await;
    for (who, key) in [("administrator", ADMIN), ("team's administrator", &key)] {
        for path in [
            "/key/list?size=100&return_full_object=true",
            "/key/list?size=100&page=900",
            "/key/list?size=100&user_id=user-1",
            "/key/list?size=100&page=400&sort_by=key_alias",
            "/key/aliases?size=100",
            "/user/list?page_size=100",
        ] {
            let start = now();
            let answer = fixture.get(key, path).await;
            let took = start.elapsed();
            assert_eq!(answer.status, 200, "{}", answer.text);
            // Milliseconds in a release build. What makes an object of every key takes seconds.
            assert!(took.as_secs() < 2, "{who}: {path}: {took:?}");
        }
    }
}
