//! Organisations, projects, budgets and customers, as LiteLLM's clients live them.

use axum::body::Body;
use ironward_core::Role;
use serde_json::{Value, json};

use crate::fixture::{ADMIN, Answered, Fixture};

async fn send(fixture: &Fixture, key: &str, method: &str, path: &str, body: Value) -> Answered {
    let authorization = format!("Bearer {key}");
    let headers = [("authorization", authorization.as_str())];
    fixture
        .send(method, path, &headers, Body::from(body.to_string()))
        .await
}

async fn done(fixture: &Fixture, key: &str, method: &str, path: &str, body: Value) -> Value {
    let answer = send(fixture, key, method, path, body).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json
}

async fn refused(fixture: &Fixture, key: &str, request: (&str, &str, Value), status: u16) {
    let before = fixture.plane.feed.directory().changes().borrow().to_owned();
    let (method, path, body) = request;
    let answer = send(fixture, key, method, path, body.clone()).await;
    assert_eq!(answer.status, status, "{path} {body}: {}", answer.text);
    let after = fixture.plane.feed.directory().changes().borrow().to_owned();
    assert_eq!(before, after, "{path} {body} changed something");
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

fn acme() -> Value {
    json!({"organization_id": "acme", "organization_alias": "Acme", "models": ["gpt-4o"],
           "max_budget": 10, "budget_duration": "30d", "tpm_limit": 1000, "metadata": {"a": 1}})
}

#[tokio::test]
async fn an_organisation_has_litellms_shapes_and_takes_everything_with_it() {
    let fixture = Fixture::new().await;
    fixture.user("ada", Role::InternalUser, &[]).await;
    let made = done(&fixture, ADMIN, "POST", "/organization/new", acme()).await;
    insta::assert_snapshot!("organization_new", pretty(&made));
    let add = json!({"organization_id": "acme", "max_budget_in_organization": 2,
                     "member": [{"role": "org_admin", "user_id": "ada"},
                                {"role": "internal_user", "user_email": "new@example.com"}]});
    let added = done(
        &fixture,
        ADMIN,
        "POST",
        "/organization/member_add",
        add.clone(),
    )
    .await;
    insta::assert_snapshot!(
        "organization_member_add",
        pretty(&added["updated_organization_memberships"][0])
    );
    refused(
        &fixture,
        ADMIN,
        ("POST", "/organization/member_add", add),
        400,
    )
    .await;
    let team = json!({"team_id": "team-x", "organization_id": "acme"});
    done(&fixture, ADMIN, "POST", "/team/new", team).await;
    fixture.key(&json!({"team_id": "team-x"})).await;
    fixture.key(&json!({"organization_id": "acme"})).await;
    let (ada, kept) = fixture.key(&json!({"user_id": "ada"})).await;
    let shown = fixture
        .get(&ada, "/organization/info?organization_id=acme")
        .await;
    assert_eq!(shown.json["members"].as_array().unwrap().len(), 2);
    assert_eq!(shown.json["teams"][0]["team_id"], json!("team-x"));
    let listed = fixture.get(ADMIN, "/organization/list?org_alias=ACM").await;
    assert_eq!(listed.json.as_array().unwrap().len(), 1);
    let update = json!({"organization_id": "acme", "max_budget": null, "rpm_limit": 3});
    let after = done(&fixture, ADMIN, "PATCH", "/organization/update", update).await;
    assert_eq!(
        (
            &after["max_budget"],
            &after["rpm_limit"],
            &after["tpm_limit"]
        ),
        (&Value::Null, &json!(3), &json!(1000))
    );
    let role = json!({"organization_id": "acme", "user_id": "ada", "role": "internal_user"});
    let changed = done(
        &fixture,
        ADMIN,
        "PATCH",
        "/organization/member_update",
        role,
    )
    .await;
    assert_eq!(changed["user_role"], json!("internal_user"));
    let hidden = fixture
        .get(&ada, "/organization/info?organization_id=acme")
        .await;
    let none = fixture
        .get(&ada, "/organization/info?organization_id=none")
        .await;
    assert_eq!((hidden.status, &hidden.text), (404, &none.text));
    let member = json!({"organization_id": "acme", "user_email": "NEW@example.com"});
    let path = "/organization/member_delete";
    done(&fixture, ADMIN, "DELETE", path, member.clone()).await;
    refused(&fixture, ADMIN, ("DELETE", path, member), 404).await;
    let path = "/organization/delete";
    let both = json!({"organization_ids": ["acme", "none"]});
    refused(&fixture, ADMIN, ("DELETE", path, both), 404).await;
    let one = json!({"organization_ids": ["acme"]});
    done(&fixture, ADMIN, "DELETE", path, one).await;
    let directory = fixture.plane.feed.directory();
    assert!(directory.teams.find("team-x").is_none());
    assert_eq!(directory.keys.len(), 1);
    assert!(directory.keys.find(&kept).is_some());
    let ada = directory.users.find("ada").unwrap();
    assert!(ada.object.organisations.is_empty());
}

#[tokio::test]
async fn its_administrators_bring_in_nobody_and_change_nothing_of_it() {
    let fixture = Fixture::new().await;
    fixture.organisation("org-a").await;
    fixture.organisation("org-b").await;
    fixture.user("chief", Role::InternalUser, &["org-a"]).await;
    fixture.user("stranger", Role::InternalUser, &[]).await;
    fixture.user("other", Role::InternalUser, &["org-b"]).await;
    fixture.user("root", Role::ProxyAdmin, &[]).await;
    let (chief, _) = fixture.key(&json!({"user_id": "chief"})).await;
    for user in ["stranger", "other", "root", "nobody"] {
        let body = json!({"organization_id": "org-a",
                          "member": {"role": "internal_user", "user_id": user}});
        let request = ("POST", "/organization/member_add", body);
        refused(&fixture, &chief, request, 400).await;
    }
    for (method, path, body, status) in [
        ("POST", "/organization/new", acme(), 403),
        (
            "PATCH",
            "/organization/update",
            json!({"organization_id": "org-a", "max_budget": 1}),
            404,
        ),
        (
            "DELETE",
            "/organization/delete",
            json!({"organization_ids": ["org-a"]}),
            404,
        ),
        (
            "POST",
            "/organization/member_add",
            json!({"organization_id": "org-b", "member": {"role": "org_admin", "user_id": "chief"}}),
            404,
        ),
        (
            "PATCH",
            "/organization/member_update",
            json!({"organization_id": "org-b", "user_id": "other", "role": "internal_user"}),
            404,
        ),
        (
            "PATCH",
            "/organization/member_update",
            json!({"organization_id": "org-a", "user_id": "chief", "role": "proxy_admin"}),
            422,
        ),
        ("POST", "/budget/new", json!({"max_budget": 1}), 403),
        ("POST", "/customer/new", json!({"user_id": "c"}), 403),
    ] {
        // A route that the role could never use is refused as such, whatever is asked.
        let status = if path.starts_with("/organization/update")
            || path.starts_with("/organization/delete")
        {
            403
        } else {
            status
        };
        refused(&fixture, &chief, (method, path, body), status).await;
    }
    let listed = fixture.get(&chief, "/organization/list").await.json;
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_budget_lives_until_nobody_names_it() {
    let fixture = Fixture::new().await;
    let new = json!({"budget_id": "b", "max_budget": 10, "soft_budget": 5, "budget_duration": "1d",
                     "tpm_limit": 100, "model_max_budget": {"gpt-4o": {"max_budget": 1}}});
    let made = done(&fixture, ADMIN, "POST", "/budget/new", new.clone()).await;
    insta::assert_snapshot!("budget_new", pretty(&made));
    refused(&fixture, ADMIN, ("POST", "/budget/new", new), 400).await;
    let negative = json!({"max_budget": -1});
    refused(&fixture, ADMIN, ("POST", "/budget/new", negative), 400).await;
    let update = json!({"budget_id": "b", "soft_budget": null, "rpm_limit": 3});
    let after = done(&fixture, ADMIN, "POST", "/budget/update", update).await;
    assert_eq!(
        (
            &after["soft_budget"],
            &after["rpm_limit"],
            &after["tpm_limit"]
        ),
        (&Value::Null, &json!(3), &json!(100))
    );
    let none = json!({"budget_id": "none", "rpm_limit": 3});
    refused(&fixture, ADMIN, ("POST", "/budget/update", none), 404).await;
    refused(&fixture, ADMIN, ("POST", "/budget/update", json!({})), 400).await;
    let shown = json!({"budgets": ["b", "none"]});
    let shown = done(&fixture, ADMIN, "POST", "/budget/info", shown).await;
    assert_eq!(shown, json!([after]));
    assert_eq!(fixture.get(ADMIN, "/budget/list").await.json, shown);
    let settings = fixture.get(ADMIN, "/budget/settings?budget_id=b").await;
    assert_eq!(settings.json[4]["field_value"], json!(10.0));
    let (_, id) = fixture.key(&json!({"budget_id": "b"})).await;
    let delete = json!({"id": "b"});
    refused(
        &fixture,
        ADMIN,
        ("POST", "/budget/delete", delete.clone()),
        400,
    )
    .await;
    let keys = json!({"keys": [id]});
    done(&fixture, ADMIN, "POST", "/key/delete", keys).await;
    done(&fixture, ADMIN, "POST", "/budget/delete", delete.clone()).await;
    refused(&fixture, ADMIN, ("POST", "/budget/delete", delete), 404).await;
}

#[tokio::test]
async fn customers_have_litellms_shapes() {
    let fixture = Fixture::new().await;
    let new = json!({"user_id": "c 🙂", "alias": "C", "max_budget": 3, "allowed_model_region": "eu",
                     "default_model": "gpt-4o", "models": ["gpt-4o"], "spend": 1.5});
    let made = done(&fixture, ADMIN, "POST", "/customer/new", new.clone()).await;
    insta::assert_snapshot!("customer_new", pretty(&made));
    let taken = send(&fixture, ADMIN, "POST", "/end_user/new", new).await;
    assert_eq!(
        (taken.status, &taken.json["error"]["type"]),
        (400, &json!("bad_request"))
    );
    for (body, status) in [
        (json!({"user_id": "d", "allowed_model_region": "moon"}), 422),
        (
            json!({"user_id": "d", "max_budget": 1, "budget_id": "b"}),
            400,
        ),
        (json!({"user_id": "d", "budget_id": "none"}), 400),
        (json!({}), 422),
    ] {
        refused(&fixture, ADMIN, ("POST", "/customer/new", body), status).await;
    }
    let update = json!({"user_id": "c 🙂", "allowed_model_region": null, "max_budget": null});
    let after = done(&fixture, ADMIN, "POST", "/customer/update", update).await;
    assert_eq!(
        (
            &after["allowed_model_region"],
            &after["max_budget"],
            &after["alias"]
        ),
        (&Value::Null, &Value::Null, &json!("C"))
    );
    let ids = json!({"user_ids": ["c 🙂", "unheard of"]});
    done(&fixture, ADMIN, "POST", "/customer/block", ids.clone()).await;
    let path = "/end_user/info?end_user_id=unheard%20of";
    assert_eq!(fixture.get(ADMIN, path).await.json["blocked"], json!(true));
    done(&fixture, ADMIN, "POST", "/end_user/unblock", ids.clone()).await;
    assert_eq!(fixture.get(ADMIN, path).await.json["blocked"], json!(false));
    let listed = fixture.get(ADMIN, "/customer/list").await.json;
    assert_eq!(listed.as_array().unwrap().len(), 2);
    done(&fixture, ADMIN, "POST", "/customer/delete", ids.clone()).await;
    refused(&fixture, ADMIN, ("POST", "/customer/delete", ids), 404).await;
    assert_eq!(fixture.get(ADMIN, path).await.status, 404);
}

#[tokio::test]
async fn a_project_lies_within_its_team() {
    let fixture = Fixture::new().await;
    fixture.organisation("org-a").await;
    fixture.user("boss", Role::InternalUser, &[]).await;
    fixture.user("chief", Role::InternalUser, &["org-a"]).await;
    fixture.team("team-a", Some("org-a"), &["boss*"]).await;
    fixture.team("team-b", None, &[]).await;
    let (boss, _) = fixture.key(&json!({"user_id": "boss"})).await;
    let (chief, _) = fixture.key(&json!({"user_id": "chief"})).await;
    let new = json!({"project_id": "p", "project_alias": "P", "team_id": "team-a",
                     "models": ["gpt-4o"], "max_budget": 5, "description": "d"});
    let made = done(&fixture, &boss, "POST", "/project/new", new.clone()).await;
    assert_eq!(
        (&made["models"], &made["max_budget"], &made["description"]),
        (&json!(["gpt-4o"]), &json!(5.0), &json!("d"))
    );
    refused(&fixture, &boss, ("POST", "/project/new", new), 400).await;
    for (body, status) in [
        (json!({"project_id": "p", "max_budget": 6}), 403),
        (json!({"project_id": "p", "models": []}), 403),
        (json!({"project_id": "p", "team_id": "team-b"}), 400),
        (json!({"project_id": "none"}), 404),
    ] {
        refused(&fixture, &boss, ("POST", "/project/update", body), status).await;
    }
    let elsewhere = json!({"team_id": "team-b"});
    refused(&fixture, &boss, ("POST", "/project/new", elsewhere), 403).await;
    let lower = json!({"project_id": "p", "max_budget": 4});
    done(&fixture, &boss, "POST", "/project/update", lower).await;
    let raise = json!({"project_id": "p", "max_budget": 6});
    done(&fixture, &chief, "POST", "/project/update", raise).await;
    let listed = fixture.get(&boss, "/project/list?team_id=team-a").await;
    assert_eq!(listed.json.as_array().unwrap().len(), 1);
    fixture.key(&json!({"project_id": "p"})).await;
    let path = "/project/delete";
    let both = json!({"project_ids": ["p", "none"]});
    refused(&fixture, &boss, ("DELETE", path, both), 404).await;
    done(
        &fixture,
        &boss,
        "DELETE",
        path,
        json!({"project_ids": ["p"]}),
    )
    .await;
    let directory = fixture.plane.feed.directory();
    assert_eq!(directory.keys.len(), 2);
    assert!(directory.projects.find("p").is_none());
}
