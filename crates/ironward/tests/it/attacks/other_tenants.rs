//! Ids of another tenant: answered as if there were no such thing, on every route that takes one.

use ironward_policy::access::{Effect, Route};
use ironward_testkit::raw::Reply;
use serde_json::{Value, json};

use crate::tenants::{Key, Tenant, Tenants, over_both};

over_both!(
    every_route_answers_like_none,
    no_list_shows_any,
    no_reference_to_one_is_taken,
    no_stored_reply_is_there
);

/// Everything of tenant B that has an id, or the ids of nothing.
struct Ids {
    key: String,
    secret: String,
    account: String,
    of: Box<dyn Fn(&str) -> String>,
}

impl Ids {
    fn of(tenant: &Tenant, key: &Key) -> Self {
        Self {
            account: tenant.account.clone(),
            key: key.id.clone(),
            secret: key.secret.clone(),
            of: Box::new(|what| format!("{what}-b")),
        }
    }

    /// As long, of the same form, and nobody's.
    fn of_nobody(tenants: &Tenants<'_>) -> Self {
        let Key { secret, id } = tenants.key(&json!({}));
        tenants.done("/key/delete", &json!({"keys": [id]}));
        Self {
            account: id.clone(),
            key: id,
            secret,
            of: Box::new(|what| format!("{what}-n")),
        }
    }

    fn id(&self, what: &str) -> String {
        match what {
            "account" => self.account.clone(),
            what => (self.of)(what),
        }
    }

    /// A reply without these ids: what is left may not differ.
    fn said(&self, reply: &Reply) -> (u16, String) {
        let mut text = reply.text();
        for id in [&self.secret, &self.key, &self.account] {
            text = text.replace(id, "ID");
        }
        for what in [
            "low",
            "team",
            "org",
            "project",
            "customer",
            "budget",
            "tag",
            "group",
            "credential",
            "model",
        ] {
            text = text.replace(&self.id(what), what);
        }
        (reply.status, text)
    }
}

/// Every request of this route that names an object; none where it names no single one. A route
/// that joins does not compile until it is here.
#[rustfmt::skip]
fn requests(route: Route, ids: &Ids) -> Vec<(String, Value)> {
    let id = |what: &str| ids.id(what);
    let path = route.row().path;
    let bodies = |bodies: Vec<Value>| bodies.into_iter().map(|body| (path.to_owned(), body)).collect();
    let query = |text: String| vec![(format!("{path}?{text}"), Value::Null)];
    let placed = |name: &str, id: String, body: Value| vec![(path.replace(&format!("{{{name}}}"), &id), body)];
    match route {
        Route::KeyUpdate => bodies(vec![json!({"key": ids.key, "models": []}), json!({"key": ids.secret, "models": []}),
                                        json!({"key_alias": id("alias-of-low"), "models": []})]),
        Route::KeyUpdateMany => bodies(vec![json!({"keys": [{"key": ids.key, "models": []}]})]),
        Route::KeyDelete => bodies(vec![json!({"keys": [ids.key]}), json!({"keys": [ids.secret]}), json!({"key_aliases": [id("alias-of-low")]})]),
        Route::KeyRegenerate => {
            let mut all: Vec<_> = bodies(vec![json!({"key": ids.key}), json!({"key": ids.secret})]);
            all.push((format!("/key/{}/regenerate", ids.key), json!({})));
            all
        }
        Route::KeyBlock | Route::KeyUnblock => bodies(vec![json!({"key": ids.key}), json!({"key": ids.secret})]),
        Route::KeyResetSpend => placed("key", ids.key.clone(), json!({"reset_to": 0})),
        Route::KeyRead => [query(format!("key={}", ids.key)), query(format!("key={}", ids.secret))].concat(),
        Route::KeyReadMany => bodies(vec![json!({"keys": [ids.key]})]),
        Route::UserUpdate => bodies(vec![json!({"user_id": id("low"), "max_budget": 1}),
                                         json!({"user_email": format!("{}@example.com", id("low")), "max_budget": 1})]),
        Route::UserUpdateMany => bodies(vec![json!({"users": [{"user_id": id("low"), "max_budget": 1}]})]),
        Route::UserDelete => bodies(vec![json!({"user_ids": [id("low")]})]),
        Route::UserRead | Route::UserReadFlat => query(format!("user_id={}", id("low"))),
        Route::TeamUpdate => bodies(vec![json!({"team_id": id("team"), "max_budget": 1})]),
        Route::TeamPatch => placed("team", id("team"), json!({"max_budget": 1})),
        Route::TeamDelete => bodies(vec![json!({"team_ids": [id("team")]})]),
        Route::TeamBlock | Route::TeamUnblock => bodies(vec![json!({"team_id": id("team")})]),
        Route::TeamRead | Route::TeamPermissionsRead => query(format!("team_id={}", id("team"))),
        Route::TeamMemberAdd => bodies(vec![json!({"team_id": id("team"), "member": {"role": "user", "user_id": "low-a"}})]),
        Route::TeamMemberUpdate => bodies(vec![json!({"team_id": id("team"), "user_id": id("low"), "max_budget_in_team": 1})]),
        Route::TeamMemberDelete => bodies(vec![json!({"team_id": id("team"), "user_id": id("low")})]),
        Route::TeamModelAdd | Route::TeamModelDelete => bodies(vec![json!({"team_id": id("team"), "models": ["forbidden"]})]),
        Route::TeamPermissionsUpdate => bodies(vec![json!({"team_id": id("team"), "team_member_permissions": []})]),
        Route::OrganizationUpdate => bodies(vec![json!({"organization_id": id("org"), "max_budget": 1})]),
        Route::OrganizationDelete => bodies(vec![json!({"organization_ids": [id("org")]})]),
        Route::OrganizationRead => query(format!("organization_id={}", id("org"))),
        Route::OrganizationMemberAdd => bodies(vec![json!({"organization_id": id("org"), "member": {"role": "internal_user", "user_id": "low-a"}})]),
        Route::OrganizationMemberUpdate => bodies(vec![json!({"organization_id": id("org"), "user_id": id("low"), "role": "internal_user"})]),
        Route::OrganizationMemberDelete => bodies(vec![json!({"organization_id": id("org"), "user_id": id("low")})]),
        Route::ProjectUpdate => bodies(vec![json!({"project_id": id("project"), "max_budget": 1})]),
        Route::ProjectDelete => bodies(vec![json!({"project_ids": [id("project")]})]),
        Route::ProjectRead => query(format!("project_id={}", id("project"))),
        Route::ServiceAccountUpdate => bodies(vec![json!({"service_account_id": ids.account})]),
        Route::ServiceAccountDelete => bodies(vec![json!({"service_account_ids": [ids.account]})]),
        Route::ServiceAccountRead => query(format!("service_account_id={}", ids.account)),
        Route::CustomerUpdate => bodies(vec![json!({"user_id": id("customer"), "alias": "x"})]),
        Route::CustomerDelete | Route::CustomerBlock | Route::CustomerUnblock => bodies(vec![json!({"user_ids": [id("customer")]})]),
        Route::CustomerRead => query(format!("end_user_id={}", id("customer"))),
        Route::BudgetUpdate => bodies(vec![json!({"budget_id": id("budget"), "max_budget": 1})]),
        Route::BudgetDelete => bodies(vec![json!({"id": id("budget")})]),
        Route::BudgetRead => bodies(vec![json!({"budgets": [id("budget")]})]),
        Route::BudgetSettings => query(format!("budget_id={}", id("budget"))),
        Route::ModelUpdate => bodies(vec![json!({"model_info": {"id": id("model")}, "model_name": "x"})]),
        Route::ModelPatch => placed("model", id("model"), json!({"model_name": "x"})),
        Route::ModelDelete => bodies(vec![json!({"id": id("model")})]),
        Route::ModelBlock | Route::ModelUnblock => bodies(vec![json!({"model_id": id("model")})]),
        Route::ModelRead => query(format!("litellm_model_id={}", id("model"))),
        Route::ModelGroupRead => query(format!("model_group={}", id("stored"))),
        Route::SpendCalculate => bodies(vec![json!({"model": id("stored"), "messages": [{"role": "user", "content": "x"}]})]),
        Route::CredentialUpdate => placed("credential", id("credential"), json!({"credential_info": {}})),
        Route::CredentialDelete | Route::CredentialRead => placed("credential", id("credential"), Value::Null),
        Route::CredentialOfModel => placed("model", id("model"), Value::Null),
        Route::AccessGroupUpdate => placed("access_group", id("group"), json!({"model_names": ["x"]})),
        Route::AccessGroupDelete | Route::AccessGroupRead => placed("access_group", id("group"), Value::Null),
        Route::TagUpdate => bodies(vec![json!({"name": id("tag"), "max_budget": 1})]),
        Route::TagDelete => bodies(vec![json!({"name": id("tag")})]),
        Route::TagRead => bodies(vec![json!({"names": [id("tag")]})]),
        Route::AccessExplain => [query(format!("model=mock&key={}", ids.key)), query(format!("model=mock&key={}", ids.secret))].concat(),
        // These name no object of their own; what they may refer to is tried below.
        Route::KeyGenerate | Route::KeyGenerateForServiceAccount | Route::KeyList | Route::KeyAliases | Route::KeyHealth
        | Route::UserNew | Route::UserList | Route::TeamNew | Route::TeamList | Route::TeamListPaged
        | Route::OrganizationNew | Route::OrganizationList | Route::ProjectNew | Route::ProjectList
        | Route::ServiceAccountNew | Route::ServiceAccountList | Route::CustomerNew | Route::CustomerList
        | Route::BudgetNew | Route::BudgetList | Route::ModelNew | Route::ModelReadPaged | Route::CredentialNew
        | Route::CredentialList | Route::AccessGroupNew | Route::AccessGroupList | Route::TagNew | Route::TagList
        | Route::OpenApi | Route::HealthDetails | Route::MetricsRead => Vec::new(),
    }
}

/// The member, the team's administrator, the organisation's, and the team's own key.
fn attackers<'t>(tenants: &'t Tenants<'_>) -> [&'t Key; 4] {
    let a = &tenants.a;
    [&a.low, &a.boss, &a.chief, &a.shared]
}

/// What is sent for a body; nothing for none.
fn sent(body: &Value) -> String {
    if body.is_null() {
        String::new()
    } else {
        body.to_string()
    }
}

fn every_route_answers_like_none(tenants: &Tenants<'_>) {
    let b = &tenants.b;
    let (theirs, shared) = (Ids::of(b, &b.low), Ids::of(b, &b.shared));
    let none = Ids::of_nobody(tenants);
    let before = tenants.state();
    let mut count = 0;
    for route in Route::ALL {
        let row = route.row();
        for theirs in [&theirs, &shared] {
            let pairs = requests(*route, theirs)
                .into_iter()
                .zip(requests(*route, &none));
            for ((path, body), (other_path, other_body)) in pairs {
                // Deployments are the gateway's: whoever may use one sees it.
                let is_model = matches!(
                    route,
                    Route::ModelRead | Route::ModelGroupRead | Route::SpendCalculate
                );
                let [low, others @ ..] = attackers(tenants);
                let others = others.into_iter().filter(|_| !is_model);
                for attacker in others.chain([low]) {
                    let ask = |path: &str, body: &Value| {
                        let (secret, method) = (&attacker.secret, row.method.as_str());
                        tenants.manage_raw(secret, method, path, sent(body).as_bytes())
                    };
                    let (status, text) = theirs.said(&ask(&path, &body));
                    let unknown = none.said(&ask(&other_path, &other_body));
                    assert_eq!((status, text.clone()), unknown, "{path} {body}");
                    // Who could use the route on nothing at all is told that.
                    let expected: &[u16] = match row.effect {
                        Effect::Lists(_) => &[200, 403, 404, 422],
                        _ if row.owners.is_empty() => &[403],
                        _ => &[403, 404],
                    };
                    assert!(expected.contains(&status), "{path} {body}: {status} {text}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 400, "only {count} requests");
    assert_eq!(tenants.state(), before);
    tenants.assert_unharmed();
}

fn no_list_shows_any(tenants: &Tenants<'_>) {
    let b = &tenants.b;
    let marks = [&b.low.id, &b.boss.id, &b.chief.id, &b.shared.id].map(String::as_str);
    let marks: Vec<&str> = marks
        .into_iter()
        .chain([
            "low-b",
            "boss-b",
            "chief-b",
            "team-b",
            "org-b",
            "project-b",
            &b.account,
        ])
        .chain([
            "customer-b",
            "budget-b",
            "tag-b",
            "group-b",
            "credential-b",
            "alias-of-low-b",
            "alias-of-org-b",
        ])
        .collect();
    let mut paths = Vec::new();
    for route in Route::ALL {
        let row = route.row();
        if row.method.as_str() == "GET" && !row.path.contains('{') {
            paths.push(row.path.to_owned());
        }
    }
    assert!(paths.len() > 20, "{paths:?}");
    for filter in [
        "/key/list?size=100&return_full_object=true&team_id=team-b",
        "/key/list?size=100&return_full_object=true&include_team_keys=true&include_created_by_keys=true",
        "/key/list?user_id=low-b",
        "/key/list?organization_id=org-b",
        "/key/list?project_id=project-b",
        "/service_account/list?team_id=team-b",
        "/key/list?agent_id=account-b&team_id=team-b",
        "/key/list?search=alias-of-low-b",
        "/key/list?key_alias=alias-of-low-b",
        "/key/aliases?search=alias",
        "/user/list?user_ids=low-b",
        "/user/list?user_email=low-b",
        "/user/list?organization_ids=org-b",
        "/user/list?team=team-b",
        "/team/list?organization_id=org-b",
        "/team/list?user_id=low-b",
        "/v2/team/list?team_id=team-b",
        "/v2/team/list?search=b",
        "/organization/list?org_id=org-b",
        "/project/list?team_id=team-b",
        "/model/info?litellm_model_id=model-b",
        "/v2/model/info?search=stored",
        "/model_group/info?model_group=stored-b",
    ] {
        paths.push(filter.to_owned());
    }
    for path in paths {
        for attacker in attackers(tenants) {
            let reply = tenants.get(&attacker.secret, &path);
            let text = reply.text();
            assert!(reply.status < 500, "{path}: {text}");
            let asked: String = path.clone();
            for mark in &marks {
                // A refusal may repeat what was asked for, and nothing else.
                let repeats = reply.status != 200 && asked.contains(mark);
                assert!(repeats || !text.contains(mark), "{mark} in {path}: {text}");
            }
            // Not even how many there are of what the filter names.
            for total in ["total_count", "total"] {
                let filtered = path.contains("-b");
                if filtered && reply.status == 200 && reply.json().is_object() {
                    let counted = &reply.json()[total];
                    assert!(counted.is_null() || counted == 0, "{path}: {text}");
                }
            }
        }
    }
}

/// Makes a body that names places and people by their kind.
type Body = fn(&dyn Fn(&str) -> String) -> Value;

#[rustfmt::skip]
const NAMING: &[(&str, &str, Body)] = &[
    ("POST", "/key/generate", |id| json!({"team_id": id("team")})),
    ("POST", "/key/generate", |id| json!({"user_id": id("low")})),
    ("POST", "/key/generate", |id| json!({"organization_id": id("org")})),
    ("POST", "/key/generate", |id| json!({"project_id": id("project")})),
    ("POST", "/key/generate", |id| json!({"agent_id": id("account")})),
    ("POST", "/key/generate", |id| json!({"team_id": "team-a", "user_id": id("low")})),
    ("POST", "/key/generate", |id| json!({"team_id": "team-a", "organization_id": id("org")})),
    ("POST", "/key/generate", |id| json!({"team_id": "team-a", "project_id": id("project")})),
    ("POST", "/key/generate", |id| json!({"team_id": "team-a", "agent_id": id("account")})),
    ("POST", "/key/generate", |id| json!({"organization_id": "org-a", "team_id": id("team")})),
    ("POST", "/key/service-account/generate", |id| json!({"team_id": id("team")})),
    ("POST", "/key/service-account/generate", |id| json!({"team_id": "team-a", "agent_id": id("account")})),
    ("POST", "/service_account/new", |id| json!({"team_id": id("team")})),
    ("POST", "/team/new", |id| json!({"team_id": "own", "organization_id": id("org")})),
    ("POST", "/team/new", |id| json!({"team_id": "own", "organization_id": "org-a", "members_with_roles": [{"role": "user", "user_id": id("low")}]})),
    ("POST", "/team/update", |id| json!({"team_id": "team-a", "organization_id": id("org")})),
    ("POST", "/team/member_add", |id| json!({"team_id": "team-a", "member": {"role": "user", "user_id": id("low")}})),
    ("POST", "/team/member_add", |id| json!({"team_id": "team-a", "member": {"role": "user", "user_email": format!("{}@example.com", id("low"))}})),
    ("POST", "/team/member_update", |id| json!({"team_id": "team-a", "user_id": id("low"), "role": "user"})),
    ("POST", "/team/member_delete", |id| json!({"team_id": "team-a", "user_id": id("low")})),
    ("POST", "/project/new", |id| json!({"project_id": "own", "team_id": id("team")})),
    ("POST", "/project/update", |id| json!({"project_id": "project-a", "team_id": id("team")})),
    ("POST", "/user/new", |id| json!({"user_id": "own", "organizations": [id("org")]})),
    ("POST", "/user/new", |id| json!({"user_id": "own", "teams": [id("team")], "organizations": ["org-a"]})),
    ("POST", "/organization/member_add", |id| json!({"organization_id": "org-a", "member": {"role": "internal_user", "user_id": id("low")}})),
    ("PATCH", "/organization/member_update", |id| json!({"organization_id": "org-a", "user_id": id("low"), "role": "internal_user"})),
    ("DELETE", "/organization/member_delete", |id| json!({"organization_id": "org-a", "user_id": id("low")})),
];

/// A place in another tenant, or a person of it, given to what is one's own.
fn no_reference_to_one_is_taken(tenants: &Tenants<'_>) {
    let (theirs, none) = (Ids::of(&tenants.b, &tenants.b.low), Ids::of_nobody(tenants));
    let before = tenants.state();
    let mut of_own_keys = Vec::new();
    for key in attackers(tenants) {
        for what in [
            "team_id",
            "user_id",
            "project_id",
            "organization_id",
            "agent_id",
        ] {
            of_own_keys.push((key.id.as_str(), what));
        }
    }
    for attacker in attackers(tenants) {
        let refused = |method: &str, path: &str, body: &dyn Fn(&Ids) -> Value| {
            let ask = |ids: &Ids| {
                let reply = tenants.manage(&attacker.secret, method, path, &body(ids));
                ids.said(&reply)
            };
            let (of_theirs, of_none) = (ask(&theirs), ask(&none));
            assert!(
                (400..500).contains(&of_theirs.0),
                "{path} {}: {of_theirs:?}",
                body(&theirs)
            );
            assert_eq!(of_theirs, of_none, "{path} {}", body(&theirs));
        };
        for (method, path, body) in NAMING {
            refused(method, path, &|ids| body(&|what| ids.id(what)));
        }
        for (key, field) in &of_own_keys {
            let what = match *field {
                "team_id" => "team",
                "user_id" => "low",
                "project_id" => "project",
                "organization_id" => "org",
                _ => "account",
            };
            refused(
                "POST",
                "/key/update",
                &|ids| json!({"key": key, *field: ids.id(what)}),
            );
        }
    }
    assert_eq!(tenants.state(), before);
    tenants.assert_unharmed();
}

/// What the data plane would hand out ids for is not kept at all.
fn no_stored_reply_is_there(tenants: &Tenants<'_>) {
    for path in [
        "/v1/responses/resp_68a1f2b3c4",
        "/v1/responses/resp_68a1f2b3c4/cancel",
        "/v1/responses/resp_68a1f2b3c4/input_items",
        "/v1/files/file-68a1f2b3c4",
        "/v1/files/file-68a1f2b3c4/content",
        "/v1/batches/batch_68a1f2b3c4",
        "/v1/batches/batch_68a1f2b3c4/cancel",
        "/v1/chat/completions/chatcmpl-68a1f2b3c4",
    ] {
        for key in [&tenants.a.low.secret, &tenants.admin] {
            for method in ["GET", "POST", "DELETE"] {
                let address = tenants.gateway.address();
                let reply = crate::tenants::send(address, key, method, path, b"");
                assert_eq!(reply.status, 404, "{method} {path}");
            }
        }
    }
    tenants.assert_unharmed();
}
