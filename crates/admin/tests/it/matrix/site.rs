//! What the examples of the document name, as it is for somebody of one role and relation.

use ironward_core::{Id, Role};
use ironward_policy::Grant;
use ironward_policy::access::Route;
use ironward_store::Change;
use ironward_store::objects::{
    AccessGroup, Budget, Credential, Customer, Key, KeySecret, Member, Membership, Metadata,
    Object, Organisation, Origin, Owner, Project, SecretForm, ServiceAccount, StoredDeployment,
    Tag, Team, User,
};
use serde_json::{Value, json};

use super::{Sent, Subject, subject};
use crate::fixture::{Answered, Fixture};

/// What somebody is made to be: each ownership, and nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Stranger,
    Myself,
    KeyOwner,
    PersonalKey,
    TeamPermits,
    TeamMember,
    TeamAdmin,
    OrganisationAdmin,
    MayUse,
}

impl Relation {
    pub(crate) const ALL: [Self; 9] = [
        Self::Stranger,
        Self::Myself,
        Self::KeyOwner,
        Self::PersonalKey,
        Self::TeamPermits,
        Self::TeamMember,
        Self::TeamAdmin,
        Self::OrganisationAdmin,
        Self::MayUse,
    ];
}

pub(crate) struct Site {
    fixture: Fixture,
}

/// The key of who asks.
const KEY: &str = "sk-key-of-who-asks-here";

impl Site {
    pub(crate) async fn new(role: Role, relation: Relation) -> Self {
        Self::with(role, relation, None).await
    }

    /// Whoever asks is a team's administrator and brings a key that somebody else made for them.
    pub(crate) async fn unattended(role: Role) -> Self {
        Self::with(role, Relation::TeamAdmin, Some("grace")).await
    }

    async fn with(role: Role, relation: Relation, made_by: Option<&str>) -> Self {
        let fixture = Fixture::new().await;
        let mut changes = Changes::default();
        changes.put_people(role, relation);
        changes.put_places(relation);
        changes.put_keys(&fixture, relation, made_by);
        changes.put_rest();
        fixture.write(&changes.0).await;
        Self { fixture }
    }

    /// The document's example of a request, as this relation has to send it.
    pub(crate) async fn request(&self, route: Route, relation: Relation) -> Option<Sent> {
        self.request_at(route, route.row().path, relation).await
    }

    pub(crate) async fn request_at(
        &self,
        route: Route,
        path: &str,
        relation: Relation,
    ) -> Option<Sent> {
        let method = route.row().method.as_str();
        let contract = self.fixture.contract().await;
        let operation = contract.operation(method, path)?;
        let (mut uri, mut query) = (path.to_owned(), Vec::new());
        for parameter in operation["parameters"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            let Some(example) = parameter.get("example") else {
                assert_ne!(
                    parameter["required"], true,
                    "{route:?} has no example of {name}"
                );
                continue;
            };
            let text = example
                .as_str()
                .map_or_else(|| example.to_string(), Into::into);
            match parameter["in"].as_str() {
                Some("path") => uri = uri.replace(&format!("{{{name}}}"), &text),
                _ => query.push(format!("{name}={}", text.replace(' ', "+"))),
            }
        }
        let mut body = match operation.get("requestBody") {
            None => None,
            Some(body) => {
                let example = body["content"]["application/json"].get("example");
                let example = example.filter(|example| example.is_object());
                Some(
                    example
                        .unwrap_or_else(|| panic!("{route:?} has no example"))
                        .clone(),
                )
            }
        };
        if subject(route) == Subject::NewKey
            && let Some(Value::Object(fields)) = &mut body
        {
            let left_out: &[&str] = match relation {
                Relation::PersonalKey => &["team_id", "user_id"],
                Relation::TeamPermits => &["user_id"],
                _ => &[],
            };
            fields.retain(|name, _| !left_out.contains(&name.as_str()));
        }
        if !query.is_empty() {
            uri = format!("{uri}?{}", query.join("&"));
        }
        if relation == Relation::Myself && subject(route) == Subject::User {
            uri = uri.replace("=ada", "=actor");
            let text = body.map(|body| body.to_string().replace("\"ada\"", "\"actor\""));
            body = text.map(|text| serde_json::from_str(&text).unwrap());
        }
        Some(Sent { method, uri, body })
    }

    pub(crate) async fn ask(&self, sent: &Sent) -> Answered {
        let bearer = format!("Bearer {KEY}");
        let headers = [("authorization", bearer.as_str())];
        self.fixture
            .send(sent.method, &sent.uri, &headers, sent.body())
            .await
    }
}

/// Objects, as if their own API had made them.
#[derive(Default)]
struct Changes(Vec<Change>);

impl Changes {
    fn put<T: Object>(&mut self, id: &str, object: &T) {
        self.0.push(Change::create(&Id::new(id), object));
    }

    fn put_people(&mut self, role: Role, relation: Relation) {
        let place = |organisation, role| Membership {
            organisation: Id::new(organisation),
            role,
            spending: Default::default(),
        };
        let member = |organisation| vec![place(organisation, Role::InternalUser)];
        let person = |role, organisations| User {
            email: None,
            alias: None,
            role,
            organisations,
            grant: Grant::default(),
            spending: Default::default(),
            sso_user_id: None,
            identities: Vec::new(),
            metadata: Metadata::new(),
            kept: Metadata::new(),
            origin: Origin::default(),
        };
        for (id, organisation) in [("ada", "acme"), ("grace", "acme"), ("joan", "initech")] {
            self.put(id, &person(Role::InternalUser, member(organisation)));
        }
        // Who administers one organisation brings people in from another one of theirs.
        let administers = ["acme", "initech"].map(|id| place(id, Role::OrgAdmin));
        let mut actor = person(role, Vec::new());
        if relation == Relation::OrganisationAdmin {
            actor.organisations = administers.into();
        }
        if relation == Relation::Stranger {
            actor.grant.models = Some(vec!["another-model".into()]);
        }
        self.put("actor", &actor);
    }

    fn put_places(&mut self, relation: Relation) {
        for id in ["acme", "initech"] {
            let organisation = Organisation {
                alias: id.into(),
                ..Organisation::default()
            };
            self.put(id, &organisation);
        }
        let member = |user, is_admin| Member {
            user: Id::new(user),
            is_admin,
            grant: Grant::default(),
            spending: Default::default(),
        };
        let mut members = vec![member("ada", false)];
        let is_in_team = matches!(
            relation,
            Relation::KeyOwner | Relation::TeamPermits | Relation::TeamMember | Relation::TeamAdmin
        );
        if is_in_team {
            members.push(member("actor", relation == Relation::TeamAdmin));
        }
        let mut team = Team {
            organisation: Some(Id::new("acme")),
            members,
            ..Team::default()
        };
        if relation == Relation::TeamPermits {
            let permitted = Route::ALL.iter().copied().filter(|route| {
                let owners = route.row().owners;
                owners.contains(&ironward_policy::access::Ownership::TeamPermits)
            });
            let paths = permitted.flat_map(Route::paths);
            team.member_permissions = paths.map(Into::into).collect();
        }
        self.put("research", &team);
        let project = Project {
            alias: "Atlas".into(),
            team: Id::new("research"),
            grant: Grant::default(),
            spending: Default::default(),
            metadata: Metadata::new(),
            kept: Metadata::new(),
            origin: Origin::default(),
        };
        self.put("atlas", &project);
        let account = ServiceAccount {
            alias: "Crawler".into(),
            team: Id::new("research"),
            grant: Grant::default(),
            spending: Default::default(),
            identities: Vec::new(),
            metadata: Metadata::new(),
            kept: Metadata::new(),
            origin: Origin::default(),
        };
        self.put("crawler", &account);
    }

    fn put_keys(&mut self, fixture: &Fixture, relation: Relation, made_by: Option<&str>) {
        let mut own = key(fixture, KEY, Owner::User(Id::new("actor")));
        own.creator = made_by.map(Id::new);
        self.put("key-of-actor", &own);
        let owner = match relation {
            Relation::KeyOwner | Relation::PersonalKey => Owner::User(Id::new("actor")),
            Relation::TeamPermits => Owner::Team,
            _ => Owner::User(Id::new("ada")),
        };
        let mut key = key(fixture, "sk-key-of-ada-of-the-tests", owner);
        key.alias = Some("alias-of-ada".into());
        if relation != Relation::PersonalKey {
            key.team = Some(Id::new("research"));
        }
        self.put("key-of-ada", &key);
    }

    fn put_rest(&mut self) {
        let params = json!({"model": "openai/gpt-4o-mini", "mock_response": "hello"});
        let deployment = StoredDeployment {
            model_name: "gpt-mini".into(),
            params: params.as_object().unwrap().clone(),
            ..StoredDeployment::default()
        };
        self.put("model-1", &deployment);
        self.put("openai-main", &Credential::default());
        let group = AccessGroup {
            models: vec!["gpt-mini".into()],
            ..AccessGroup::default()
        };
        self.put("small-models", &group);
        self.put("batch", &Tag::default());
        self.put("customer-7", &Customer::default());
        self.put("monthly", &Budget::default());
    }
}

fn key(fixture: &Fixture, secret: &str, owner: Owner) -> Key {
    let hash = fixture.plane.hasher.hash(secret.as_bytes());
    Key {
        secrets: vec![KeySecret {
            form: SecretForm::Presented,
            hash: hash.to_hex().into(),
            made: 0,
            until: None,
        }],
        name: "sk-...".into(),
        owner,
        origin: Origin {
            created_by: "actor".into(),
            ..Origin::default()
        },
        ..Key::default()
    }
}
