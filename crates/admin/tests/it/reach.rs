//! What somebody is listed is what they may see: lists look only where that can be, and miss nothing.

use std::collections::BTreeSet;

use ironward_core::{Id, Role};
use ironward_store::Change;
use ironward_store::objects::{Key, Metadata, Origin, Owner, Project, ServiceAccount, Team};
use serde_json::{Value, json};

use crate::fixture::{ADMIN, Fixture};

/// Keys of every owner in every place, also in such as no request makes.
fn keys() -> Vec<Change> {
    let owners = [
        Owner::Team,
        Owner::User(Id::new("boss")),
        Owner::User(Id::new("member")),
        Owner::User(Id::new("chief")),
        Owner::User(Id::new("root")),
        Owner::ServiceAccount(Id::new("account-a")),
        Owner::ServiceAccount(Id::new("account-c")),
        Owner::ServiceAccount(Id::new("gone")),
    ];
    let mut all = Vec::new();
    for owner in &owners {
        for team in [
            None,
            Some("team-a"),
            Some("team-b"),
            Some("team-c"),
            Some("gone"),
        ] {
            for project in [None, Some("project-a"), Some("project-b"), Some("gone")] {
                for organisation in [None, Some("org-a"), Some("org-b")] {
                    let key = Key {
                        name: "sk-...".into(),
                        owner: owner.clone(),
                        team: team.map(Id::new),
                        project: project.map(Id::new),
                        organisation: organisation.map(Id::new),
                        ..Key::default()
                    };
                    let id = Id::<Key>::new(&format!("key-{}", all.len()));
                    all.push(Change::create(&id, &key));
                }
            }
        }
    }
    all
}

/// Teams inside and outside of an organisation, with what belongs to them.
async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.organisation("org-a").await;
    fixture.organisation("org-b").await;
    for id in ["boss", "member", "reader", "stranger"] {
        fixture.user(id, Role::InternalUser, &[]).await;
    }
    fixture.user("root", Role::ProxyAdmin, &["org-a"]).await;
    fixture.user("chief", Role::InternalUser, &["org-a"]).await;
    let members = ["boss*", "member"];
    fixture.team("team-a", Some("org-a"), &members).await;
    fixture.team("team-b", None, &["member"]).await;
    let readers = Team {
        member_permissions: vec!["/key/info".into()],
        ..fixture.team("team-d", None, &["reader"]).await
    };
    fixture.put("team-c", &readers).await;
    for (name, team) in [("a", "team-a"), ("b", "team-b"), ("c", "team-c")] {
        let project = Project {
            alias: name.into(),
            team: Id::new(team),
            grant: Default::default(),
            spending: Default::default(),
            metadata: Metadata::new(),
            kept: Metadata::new(),
            origin: Origin::default(),
        };
        fixture.put(&format!("project-{name}"), &project).await;
        let account = ServiceAccount {
            alias: name.into(),
            team: Id::new(team),
            grant: Default::default(),
            spending: Default::default(),
            identities: Vec::new(),
            metadata: Metadata::new(),
            kept: Metadata::new(),
            origin: Origin::default(),
        };
        fixture.put(&format!("account-{name}"), &account).await;
    }
    fixture
}

/// Every id of a list, page by page.
async fn listed(fixture: &Fixture, key: &str, path: &str, (rows, id): (&str, &str)) -> Vec<String> {
    let mut found = Vec::new();
    for page in 1.. {
        let join = if path.contains('?') { '&' } else { '?' };
        let answer = fixture.get(key, &format!("{path}{join}page={page}")).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let rows = answer.json.pointer(rows).unwrap().as_array().unwrap();
        if rows.is_empty() {
            break;
        }
        let id = |row: &Value| row.pointer(id).unwrap().as_str().unwrap().to_owned();
        found.extend(rows.iter().map(id));
    }
    found
}

#[tokio::test]
async fn everybody_is_listed_what_they_may_see() {
    let fixture = fixture().await;
    let mut people = Vec::new();
    for user in ["boss", "member", "reader", "stranger", "chief", "root"] {
        people.push(fixture.key(&json!({"user_id": user})).await.0);
    }
    let program = json!({"agent_id": "account-a", "team_id": "team-a"});
    people.push(fixture.key(&program).await.0);
    people.push(fixture.key(&json!({"team_id": "team-a"})).await.0);
    fixture.write(&keys()).await;
    for key in people.iter().map(String::as_str).chain([ADMIN]) {
        assert_keys(&fixture, key).await;
        for (list, id, info) in [
            ("/team/list", "/team_id", "/team/info?team_id="),
            ("/user/list", "/user_id", "/user/info?user_id="),
            ("/project/list", "/project_id", "/project/info?project_id="),
            (
                "/organization/list",
                "/organization_id",
                "/organization/info?organization_id=",
            ),
            (
                "/service_account/list",
                "/service_account_id",
                "/service_account/info?service_account_id=",
            ),
        ] {
            let rows = match list {
                "/user/list" => "/users",
                "/service_account/list" => "/service_accounts",
                _ => "",
            };
            let all = listed(&fixture, ADMIN, list, (rows, id)).await;
            let mut wanted = Vec::new();
            for id in all {
                if fixture.get(key, &format!("{info}{id}")).await.status == 200 {
                    wanted.push(id);
                }
            }
            assert_eq!(
                listed(&fixture, key, list, (rows, id)).await,
                wanted,
                "{list}"
            );
        }
    }
}

/// Each key on one page, whatever is asked for besides.
async fn assert_keys(fixture: &Fixture, key: &str) {
    let all = fixture.plane.feed.directory().keys.select(|_| true);
    for filter in [
        "",
        "user_id=member",
        "user_id=member&include_team_keys=true",
        "team_id=team-a",
        "organization_id=org-a",
        "project_id=project-a",
        "agent_id=account-a",
        "user_id=chief&sort_by=spend",
        "sort_by=key_alias&sort_order=asc",
    ] {
        let path = format!("/key/list?size=100&{filter}");
        let found = listed(fixture, key, path.trim_end_matches('&'), ("/keys", "")).await;
        let ids: BTreeSet<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(ids.len(), found.len(), "{filter}");
        // Those that the filter means are the administrator's answer to it.
        let meant = listed(fixture, ADMIN, path.trim_end_matches('&'), ("/keys", "")).await;
        let mut seen = BTreeSet::new();
        for part in meant.chunks(500) {
            let named = json!({ "keys": part });
            let answer = fixture.post(key, "/v2/key/info", &named).await;
            // 422: none of them.
            if answer.status == 422 {
                continue;
            }
            assert_eq!(answer.status, 200, "{}", answer.text);
            let rows = answer.json["info"].as_array().unwrap();
            seen.extend(
                rows.iter()
                    .map(|row| row["token"].as_str().unwrap().to_owned()),
            );
        }
        assert_eq!(ids, seen.iter().map(String::as_str).collect(), "{filter}");
        if filter.is_empty() && key == ADMIN {
            assert_eq!(ids.len(), all.len());
        }
    }
}
