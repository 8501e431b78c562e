//! A team's life, as LiteLLM's clients live it, and what its people may not do.

use axum::body::Body;
use ironward_core::{Id, Money, Role};
use ironward_policy::Spending;
use ironward_store::objects::{Key, Organisation, Project, ServiceAccount};
use serde_json::{Value, json};

use crate::fixture::{ADMIN, Answered, Fixture};

/// Every field that has a type of its own, with a value.
fn everything() -> Value {
    json!({
        "team_id": "team-e",
        "team_alias": "everything",
        "organization_id": "org-a",
        "members_with_roles": [
            {"role": "admin", "user_id": "boss"},
            {"role": "user", "user_email": "ADA@example.com"},
        ],
        "team_member_permissions": ["/key/generate", "/key/{key_id}/regenerate", "/key/list"],
        "metadata": {"cost_center": {"n": 1}},
        "tpm_limit": 1000,
        "rpm_limit": 10,
        "tpd_limit": 100_000,
        "max_budget": 10.5,
        "soft_budget": 5,
        "budget_duration": "30d",
        "budget_limits": [{"budget_duration": "1d", "max_budget": 2}],
        "models": ["gpt-4o", "claude-*"],
        "blocked": false,
        "model_aliases": {"best": "gpt-4o"},
        "model_max_budget": {"gpt-4o": {"max_budget": 3, "budget_duration": "7d"}},
        "model_rpm_limit": {"gpt-4o": 5},
        "model_tpm_limit": {"gpt-4o": 6000},
        "tags": ["prod"],
        "guardrails": ["pii"],
        "object_permission": {"mcp_servers": ["github"]},
        "team_member_budget": 2,
        "team_member_budget_duration": "1d",
        "team_member_rpm_limit": 3,
        "team_member_tpm_limit": 300,
        "team_member_key_duration": "30d",
        "default_team_member_models": ["gpt-4o"],
        "router_settings": {"num_retries": 1},
    })
}

async fn with_people() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.organisation("org-a").await;
    fixture.organisation("org-b").await;
    fixture.user("ada", Role::InternalUser, &[]).await;
    fixture.user("boss", Role::InternalUser, &[]).await;
    fixture.user("chief", Role::InternalUser, &["org-a"]).await;
    fixture.user("stranger", Role::InternalUser, &[]).await;
    fixture
        .team("team-a", Some("org-a"), &["ada", "boss*"])
        .await;
    fixture.team("team-b", Some("org-b"), &["stranger*"]).await;
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

async fn refused(fixture: &Fixture, key: &str, path: &str, body: Value, status: u16) -> Answered {
    let before = fixture.plane.feed.directory().changes().borrow().to_owned();
    let answer = fixture.post(key, path, &body).await;
    assert_eq!(answer.status, status, "{path} {body}: {}", answer.text);
    let after = fixture.plane.feed.directory().changes().borrow().to_owned();
    assert_eq!(before, after, "{path} {body} changed something");
    answer
}

#[tokio::test]
async fn answers_have_litellms_shapes() {
    let fixture = with_people().await;
    let made = done(&fixture, ADMIN, "/team/new", everything()).await;
    insta::assert_snapshot!("team_new", pretty(&made));
    fixture
        .key(&json!({"team_id": "team-e", "user_id": "ada"}))
        .await;
    let mut shown = fixture.get(ADMIN, "/team/info?team_id=team-e").await.json;
    assert_eq!(shown["keys"][0]["user_id"], json!("ada"));
    assert_eq!(shown["team_info"], made);
    shown["keys"] = json!("[the keys]");
    shown["team_info"] = json!("[the team]");
    insta::assert_snapshot!("team_info", pretty(&shown));
    let listed = fixture.get(ADMIN, "/v2/team/list?page_size=2").await.json;
    assert_eq!(
        (
            &listed["total"],
            &listed["total_pages"],
            &listed["page_size"]
        ),
        (&json!(3), &json!(2), &json!(2))
    );
    let listed = fixture.get(ADMIN, "/team/list?user_id=ada").await.json;
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let added = done(
        &fixture,
        ADMIN,
        "/team/member_add",
        json!({
            "team_id": "team-e", "member": {"role": "user", "user_id": "stranger"},
            "max_budget_in_team": 1.5, "allowed_models": ["gpt-4o"],
        }),
    )
    .await;
    insta::assert_snapshot!(
        "team_member_add",
        pretty(&json!([
            added["updated_users"],
            added["updated_team_memberships"]
        ]))
    );
    let permissions = fixture
        .get(ADMIN, "/team/permissions_list?team_id=team-e")
        .await;
    insta::assert_snapshot!("team_permissions", pretty(&permissions.json));
}

#[tokio::test]
async fn an_update_keeps_what_is_absent_and_clears_what_is_null() {
    let fixture = with_people().await;
    let before = done(&fixture, ADMIN, "/team/new", everything()).await;
    let update = async |body: Value| done(&fixture, ADMIN, "/team/update", body).await;
    let mut after = update(json!({"team_id": "team-e"})).await;
    assert_eq!(after["team_id"], json!("team-e"));
    after["data"]["updated_at"] = before["updated_at"].clone();
    assert_eq!(after["data"], before);
    let after = update(json!({
        "team_id": "team-e", "max_budget": null, "soft_budget": null, "models": null, "tags": null,
        "metadata": null, "organization_id": null, "team_member_budget": null, "rpm_limit": 7,
        "team_member_permissions": null, "object_permission": null, "team_alias": "renamed",
    }))
    .await;
    let shown = &after["data"];
    for field in [
        "max_budget",
        "soft_budget",
        "tags",
        "organization_id",
        "team_member_budget",
        "object_permission",
    ] {
        assert_eq!(shown[field], Value::Null, "{field}");
    }
    assert_eq!(
        (&shown["models"], &shown["metadata"]),
        (&json!([]), &json!({}))
    );
    assert_eq!(
        (&shown["rpm_limit"], &shown["tpm_limit"]),
        (&json!(7), &json!(1000))
    );
    let patch = async |path: &str, body: Value| {
        let authorization = format!("Bearer {ADMIN}");
        let headers = [("authorization", authorization.as_str())];
        fixture
            .send("PATCH", path, &headers, Body::from(body.to_string()))
            .await
    };
    let patched = patch("/team/team-e", json!({"rpm_limit": null})).await;
    assert_eq!(patched.status, 200, "{}", patched.text);
    assert_eq!(patched.json["data"]["rpm_limit"], Value::Null);
    assert_eq!(
        patch("/team/team-e", json!({"team_id": "team-a"}))
            .await
            .status,
        400
    );
    assert_eq!(patch("/team/none", json!({})).await.status, 404);
}

#[tokio::test]
async fn members_come_and_go_with_their_keys() {
    let fixture = with_people().await;
    let add = |member: Value| json!({"team_id": "team-a", "member": member});
    let twice = refused(
        &fixture,
        ADMIN,
        "/team/member_add",
        add(json!({"role": "user", "user_id": "ada"})),
        400,
    )
    .await;
    assert_eq!(
        twice.json["error"]["type"],
        json!("team_member_already_in_team")
    );
    // An administrator's request makes people, as LiteLLM's do.
    let members = json!([
        {"role": "user", "user_email": "New@Example.com"},
        {"role": "admin", "user_id": "stranger"},
    ]);
    let added = done(&fixture, ADMIN, "/team/member_add", add(members)).await;
    assert_eq!(added["members_with_roles"].as_array().unwrap().len(), 4);
    let directory = fixture.plane.feed.directory();
    let new = directory.user_by_email("new@example.com").unwrap();
    assert_eq!(new.object.role, Role::InternalUserViewer);
    let (_, mine) = fixture
        .key(&json!({"team_id": "team-a", "user_id": "ada"}))
        .await;
    let (_, other) = fixture
        .key(&json!({"team_id": "team-a", "user_id": "boss"}))
        .await;
    let changed = done(
        &fixture,
        ADMIN,
        "/team/member_update",
        json!({"team_id": "team-a", "user_email": "ada@example.com", "role": "admin",
               "max_budget_in_team": 4, "allowed_models": ["gpt-4o"]}),
    )
    .await;
    assert_eq!(
        (
            &changed["user_id"],
            &changed["role"],
            &changed["max_budget_in_team"]
        ),
        (&json!("ada"), &json!("admin"), &json!(4.0))
    );
    let body = json!({"team_id": "team-a", "user_id": "ada"});
    done(&fixture, ADMIN, "/team/member_delete", body.clone()).await;
    refused(&fixture, ADMIN, "/team/member_delete", body, 400).await;
    assert!(directory.keys.find(&mine).is_none());
    assert!(directory.keys.find(&other).is_some());
    refused(
        &fixture,
        ADMIN,
        "/team/member_update",
        json!({"team_id": "team-a", "user_id": "ada"}),
        400,
    )
    .await;
}

#[tokio::test]
async fn a_deleted_team_takes_everything_with_it() {
    let fixture = with_people().await;
    let project = Project {
        alias: "p".into(),
        team: Id::new("team-a"),
        grant: Default::default(),
        spending: Default::default(),
        metadata: Default::default(),
        kept: Default::default(),
        origin: Default::default(),
    };
    fixture.put("project-a", &project).await;
    let account = ServiceAccount {
        alias: "bot".into(),
        team: Id::new("team-a"),
        grant: Default::default(),
        spending: Default::default(),
        identities: Vec::new(),
        metadata: Default::default(),
        kept: Default::default(),
        origin: Default::default(),
    };
    fixture.put("bot", &account).await;
    for body in [
        json!({"team_id": "team-a"}),
        json!({"team_id": "team-a", "user_id": "ada"}),
        json!({"project_id": "project-a"}),
        json!({"agent_id": "bot"}),
    ] {
        fixture.key(&body).await;
    }
    let (_, kept) = fixture.key(&json!({"team_id": "team-b"})).await;
    let both = json!({"team_ids": ["team-a", "none"]});
    refused(&fixture, ADMIN, "/team/delete", both, 404).await;
    done(
        &fixture,
        ADMIN,
        "/team/delete",
        json!({"team_ids": ["team-a", "team-a"]}),
    )
    .await;
    let directory = fixture.plane.feed.directory();
    assert!(directory.teams.find("team-a").is_none());
    assert!(directory.projects.find("project-a").is_none());
    assert!(directory.service_accounts.find("bot").is_none());
    let left: Vec<Id<Key>> = directory.keys.iter().map(|key| key.id.clone()).collect();
    assert_eq!(left, [Id::new(&kept)]);
    assert!(directory.users.find("ada").is_some());
}

#[tokio::test]
async fn a_teams_administrator_lowers_its_limits_and_raises_none() {
    let fixture = with_people().await;
    done(
        &fixture,
        ADMIN,
        "/team/update",
        json!({"team_id": "team-a", "models": ["gpt-4o", "claude"], "max_budget": 10,
               "budget_duration": "30d", "rpm_limit": 10}),
    )
    .await;
    let (boss, _) = fixture.key(&json!({"user_id": "boss"})).await;
    for body in [
        json!({"models": ["gpt-4o", "claude", "o3"]}),
        json!({"models": []}),
        json!({"models": null}),
        json!({"max_budget": 11}),
        json!({"max_budget": null}),
        json!({"budget_duration": "1d"}),
        json!({"rpm_limit": null}),
        json!({"organization_id": null}),
        json!({"organization_id": "org-b"}),
        json!({"router_settings": {"a": 1}}),
        json!({"spend": 1}),
    ] {
        let mut body = body;
        body["team_id"] = json!("team-a");
        refused(&fixture, &boss, "/team/update", body, 403).await;
    }
    let lower = json!({"team_id": "team-a", "models": ["gpt-4o"], "max_budget": 9, "rpm_limit": 5,
                       "team_alias": "ours"});
    done(&fixture, &boss, "/team/update", lower).await;
    let team = json!({"team_id": "team-a"});
    refused(&fixture, &boss, "/team/block", team.clone(), 404).await;
    let models = json!({"team_id": "team-a", "models": ["claude"]});
    refused(&fixture, &boss, "/team/model/add", models.clone(), 404).await;
    refused(
        &fixture,
        &boss,
        "/team/delete",
        json!({"team_ids": ["team-a"]}),
        404,
    )
    .await;
    refused(
        &fixture,
        &boss,
        "/team/update",
        json!({"team_id": "team-b", "rpm_limit": 1}),
        404,
    )
    .await;
}

#[tokio::test]
async fn a_teams_administrator_gives_no_more_than_their_own_place() {
    let fixture = with_people().await;
    let (boss, _) = fixture.key(&json!({"user_id": "boss"})).await;
    done(
        &fixture,
        ADMIN,
        "/team/member_update",
        json!({"team_id": "team-a", "user_id": "boss", "max_budget_in_team": 1,
               "allowed_models": ["gpt-4o"]}),
    )
    .await;
    for body in [
        json!({"user_id": "boss", "max_budget_in_team": 2}),
        json!({"user_id": "boss", "max_budget_in_team": null}),
        json!({"user_id": "boss", "allowed_models": []}),
        json!({"user_id": "ada", "allowed_models": ["claude"]}),
    ] {
        let mut body = body;
        body["team_id"] = json!("team-a");
        refused(&fixture, &boss, "/team/member_update", body, 403).await;
    }
    // People of other places are not theirs to add, nor to find out about.
    for user in ["stranger", "nobody"] {
        let body = json!({"team_id": "team-a", "member": {"role": "user", "user_id": user},
                          "max_budget_in_team": 1, "allowed_models": ["gpt-4o"]});
        let answer = refused(&fixture, &boss, "/team/member_add", body, 400).await;
        assert!(answer.text.contains("doesn't exist"), "{}", answer.text);
    }
}

#[tokio::test]
async fn an_organisations_administrator_raises_a_team_within_it() {
    let fixture = with_people().await;
    let team = json!({"team_id": "team-a"});
    let models = json!({"team_id": "team-a", "models": ["claude"]});
    let update = json!({"team_id": "team-a", "models": ["gpt-4o"], "max_budget": 10});
    done(&fixture, ADMIN, "/team/update", update).await;
    let (chief, _) = fixture.key(&json!({"user_id": "chief"})).await;
    done(&fixture, &chief, "/team/block", team.clone()).await;
    done(&fixture, &chief, "/team/unblock", team).await;
    let added = done(&fixture, &chief, "/team/model/add", models).await;
    assert_eq!(added["models"], json!(["claude", "gpt-4o"]));
    let limited = Organisation {
        spending: Spending {
            max_budget: Some(Money::from_dollars(20.0).unwrap()),
            ..Spending::default()
        },
        ..Organisation::default()
    };
    fixture.replace_organisation("org-a", &limited).await;
    let update = json!({"team_id": "team-a", "max_budget": 20});
    done(&fixture, &chief, "/team/update", update).await;
    let update = json!({"team_id": "team-a", "max_budget": 21});
    refused(&fixture, &chief, "/team/update", update, 400).await;
    let theirs = json!({"team_alias": "x", "organization_id": "org-a"});
    let made = done(&fixture, &chief, "/team/new", theirs).await;
    assert_eq!(
        made["members_with_roles"],
        json!([{"role": "admin", "user_id": "chief", "user_email": "chief@example.com"}])
    );
    refused(&fixture, &chief, "/team/new", json!({}), 403).await;
    let other = json!({"organization_id": "org-b"});
    refused(&fixture, &chief, "/team/new", other, 403).await;
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let fixture = with_people().await;
    for (body, status) in [
        (json!({"team_id": "team-a"}), 400),
        (json!({"team_id": "litellm-dashboard"}), 400),
        (json!({"organization_id": "none"}), 400),
        (json!({"max_budget": 1, "soft_budget": 1}), 400),
        (json!({"max_budget": -1}), 400),
        (json!({"budget_id": "none"}), 400),
        (json!({"access_group_ids": ["none"]}), 400),
        (json!({"team_member_permissions": ["/key/update_all"]}), 400),
        (json!({"members": ["ada"]}), 400),
        (
            json!({"members_with_roles": [{"role": "owner", "user_id": "ada"}]}),
            422,
        ),
        (json!({"members_with_roles": [{"role": "user"}]}), 400),
        (json!({"Team_alias": "x"}), 422),
        (json!({"guardrails": ["os.environ/HOME"]}), 400),
    ] {
        refused(&fixture, ADMIN, "/team/new", body, status).await;
    }
    assert_eq!(fixture.plane.feed.directory().teams.len(), 2);
    let low = fixture.key(&json!({"user_id": "ada"})).await.0;
    let listed = fixture.get(&low, "/team/list").await.json;
    assert_eq!(listed[0]["team_id"], json!("team-a"));
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let hidden = fixture.get(&low, "/team/info?team_id=team-b").await;
    let none = fixture.get(&low, "/team/info?team_id=none").await;
    assert_eq!((hidden.status, &hidden.text), (404, &none.text));
}
