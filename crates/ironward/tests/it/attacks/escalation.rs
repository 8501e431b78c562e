//! An ordinary key wants more than it was given, for itself and for others: refused, and nothing
//! has changed.

use serde_json::{Value, json};

use crate::tenants::{Tenants, over_both};

over_both!(
    nobody_takes_more_than_they_have,
    no_duplicate_or_other_case_gets_through
);

/// What a key may be given, one at a time: more than the attacker has, or somebody else's.
fn wishes() -> Vec<Value> {
    vec![
        json!({"allowed_routes": ["/*"], "models": ["*"], "max_budget": null, "team_id": "team-b"}),
        json!({"models": ["*"]}),
        json!({"models": []}),
        json!({"models": null}),
        json!({"models": ["allowed-openai", "forbidden"]}),
        json!({"models": ["all-proxy-models"]}),
        json!({"models": ["group-a"]}),
        json!({"access_group_ids": ["group-a"]}),
        json!({"max_budget": null}),
        json!({"max_budget": 6}),
        json!({"max_budget": 1e300}),
        json!({"duration": "-1"}),
        json!({"duration": "5000d"}),
        json!({"team_id": "team-b"}),
        json!({"team_id": "team-a"}),
        json!({"organization_id": "org-b"}),
        json!({"project_id": "project-b"}),
        json!({"agent_id": "account-b"}),
        json!({"agent_id": "account-a"}),
        json!({"user_id": "low-b"}),
        json!({"user_id": "boss-a"}),
        json!({"user_id": "nobody-yet"}),
        json!({"user_id": null, "team_id": "team-b"}),
        json!({"permissions": {"get_spend_routes": true}}),
        json!({"spend": -1000}),
        json!({"budget_id": "budget-b", "max_budget": null}),
        json!({"allowed_passthrough_routes": ["/*"]}),
        json!({"router_settings": {"num_retries": 100}}),
        json!({"key_type": "management", "max_budget": null}),
        json!({"user_role": "proxy_admin"}),
        json!({"Role": "proxy_admin"}),
        json!({"key": "sk-chosen-by-the-attacker-0", "models": ["*"]}),
    ]
}

/// Fields of the attacker's own user, and of others.
fn roles() -> Vec<Value> {
    let mut bodies = Vec::new();
    for user in ["low-a", "low-b", "boss-a"] {
        bodies.extend([
            json!({"user_id": user, "user_role": "proxy_admin"}),
            json!({"user_id": user, "user_role": "internal_user"}),
            json!({"user_id": user, "Role": "proxy_admin"}),
            json!({"user_id": user, "role": "proxy_admin"}),
            json!({"user_id": user, "models": ["*"]}),
            json!({"user_id": user, "max_budget": null}),
            json!({"user_id": user, "organizations": ["org-b"]}),
            json!({"user_id": user, "teams": ["team-b"]}),
            json!({"user_id": user, "sso_user_id": "somebody"}),
            json!({"user_id": user, "blocked": false}),
        ]);
    }
    bodies
}

fn nobody_takes_more_than_they_have(tenants: &Tenants<'_>) {
    let before = tenants.state();
    let low = &tenants.a.low;
    for wish in wishes() {
        assert_refused(tenants, "/key/generate", &wish);
        let own = json!({"key": low.id});
        for path in ["/key/update", "/key/regenerate"] {
            assert_refused(tenants, path, &merged(&own, &wish));
        }
        assert_refused(tenants, "/key/service-account/generate", &wish);
        let team = merged(&json!({"team_id": "team-a"}), &wish);
        assert_refused(tenants, "/key/service-account/generate", &team);
    }
    // These are within what the attacker has, but a new key would be wider without the rest.
    for wish in [
        json!({"allowed_routes": ["/*"]}),
        json!({"allowed_routes": ["management_routes"]}),
        json!({"models": ["all-team-models"]}),
    ] {
        assert_refused(tenants, "/key/generate", &wish);
    }
    for body in roles() {
        assert_refused(tenants, "/user/update", &body);
        assert_refused(tenants, "/user/new", &body);
    }
    for (path, body) in others() {
        assert_refused(tenants, path, &body);
    }
    assert_eq!(tenants.state(), before);
    tenants.assert_unharmed();
}

/// Around the key and the user: by way of the team, the organisation, and the gateway's own objects.
fn others() -> Vec<(&'static str, Value)> {
    let admin = json!({"role": "admin", "user_id": "low-a"});
    vec![
        (
            "/user/bulk_update",
            json!({"users": [{"user_id": "low-a", "user_role": "proxy_admin"}]}),
        ),
        (
            "/key/bulk_update",
            json!({"keys": [{"key": "x", "models": ["*"]}]}),
        ),
        (
            "/team/member_update",
            json!({"team_id": "team-a", "user_id": "low-a", "role": "admin"}),
        ),
        (
            "/team/member_add",
            json!({"team_id": "team-b", "member": admin}),
        ),
        (
            "/team/member_add",
            json!({"team_id": "team-a", "member": admin}),
        ),
        (
            "/team/update",
            json!({"team_id": "team-a", "models": ["*"]}),
        ),
        (
            "/team/permissions_update",
            json!({"team_id": "team-a", "team_member_permissions": ["/key/generate"]}),
        ),
        (
            "/team/model/add",
            json!({"team_id": "team-a", "models": ["forbidden"]}),
        ),
        (
            "/team/new",
            json!({"team_id": "mine", "members_with_roles": [admin]}),
        ),
        ("/organization/new", json!({"organization_id": "mine"})),
        (
            "/organization/member_add",
            json!({"organization_id": "org-a", "member": {"role": "org_admin", "user_id": "low-a"}}),
        ),
        (
            "/budget/update",
            json!({"budget_id": "budget-a", "max_budget": null}),
        ),
        (
            "/access_group/new",
            json!({"access_group": "allowed-openai", "model_names": ["forbidden"]}),
        ),
        (
            "/customer/update",
            json!({"user_id": "customer-a", "max_budget": 1e9}),
        ),
        ("/tag/new", json!({"name": "mine"})),
        (
            "/model/new",
            json!({"model_name": "allowed-openai", "litellm_params": {"model": "openai/forbidden", "api_key": "k"}}),
        ),
        (
            "/credentials",
            json!({"credential_name": "mine", "credential_values": {"api_key": "k"}}),
        ),
        ("/key/unblock", json!({"key": "x"})),
    ]
}

fn no_duplicate_or_other_case_gets_through(tenants: &Tenants<'_>) {
    let before = tenants.state();
    let (low, id) = (&tenants.a.low.secret, &tenants.a.low.id);
    for (path, body) in [
        (
            "/key/generate",
            r#"{"models":["allowed-openai"],"models":["*"],"max_budget":1}"#.to_owned(),
        ),
        (
            "/key/generate",
            r#"{"models":["allowed-openai"],"model\u0073":["*"],"max_budget":1}"#.to_owned(),
        ),
        (
            "/key/generate",
            r#"{"models":["allowed-openai"],"Models":["*"],"max_budget":1}"#.to_owned(),
        ),
        (
            "/key/update",
            format!(r#"{{"key":"{id}","models":["allowed-openai"],"models":["*"]}}"#),
        ),
        ("/key/update", format!(r#"{{"key":"{id}","MODELS":["*"]}}"#)),
        (
            "/key/update",
            format!(r#"{{"key":"{id}","max_budget":1e400}}"#),
        ),
        (
            "/key/update",
            format!(r#"{{"key":"{id}","max_budget":-1}}"#),
        ),
        (
            "/user/update",
            r#"{"user_id":"low-a","user_role":"internal_user","user_role":"proxy_admin"}"#
                .to_owned(),
        ),
        (
            "/user/update",
            r#"{"user_id":"low-a","user_role":"internal_user","User_Role":"proxy_admin"}"#
                .to_owned(),
        ),
        (
            "/user/update",
            r#"{"user_id":"low-a","user_id":"low-b","user_role":"proxy_admin"}"#.to_owned(),
        ),
        (
            "/user/update",
            r#"{"user_id":"low-a","\u0075ser_role":"proxy_admin"}"#.to_owned(),
        ),
    ] {
        let reply = tenants.manage_raw(low, "POST", path, body.as_bytes());
        let refused = matches!(reply.status, 400 | 403 | 404 | 422);
        assert!(refused, "{body}: {} {}", reply.status, reply.text());
    }
    assert_eq!(tenants.state(), before);
    tenants.assert_unharmed();
}

#[track_caller]
fn assert_refused(tenants: &Tenants<'_>, path: &str, body: &Value) {
    let reply = tenants.manage(&tenants.a.low.secret, "POST", path, body);
    let refused = matches!(reply.status, 400 | 403 | 404 | 422);
    assert!(refused, "{path} {body}: {} {}", reply.status, reply.text());
}

fn merged(one: &Value, other: &Value) -> Value {
    let mut all = one.clone();
    for (name, value) in other.as_object().expect("an object") {
        all[name] = value.clone();
    }
    all
}
