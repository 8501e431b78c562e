//! Who may do what, asked of the running service: each route of the table, for each role, for each
//! thing that somebody can be to what the request is about. The requests are the document's own
//! examples, and what is expected is what the table says; so a route without an example, or one
//! whose example is not taken, fails here.

mod site;

use axum::body::Body;
use ironward_core::Role;
use ironward_policy::access::{Denial, Effect, Ownership, Route, Standing, decide};
use serde_json::Value;

use crate::fixture::Answered;
use site::{Relation, Site};

/// What a route is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The key `key-of-ada`.
    Key,
    /// A key that is to be made: for `ada` in the team, or, where somebody's own is meant, for
    /// themselves.
    NewKey,
    /// A key that is to be made for the program of the team.
    NewProgramKey,
    /// The key that is presented.
    OwnKey,
    /// The user `ada`, or, where somebody is to be themselves, who asks.
    User,
    /// The team `research`, its project, its program.
    Team,
    /// The organisation `acme`, and what is to be made in it.
    Organisation,
    /// A user who is to be made in the organisation.
    NewUser,
    /// The deployment `model-1`.
    Model,
    /// What is nobody's.
    Gateway,
}

#[expect(clippy::too_many_lines, reason = "a table, one line a route")]
const fn subject(route: Route) -> Subject {
    match route {
        Route::KeyGenerate => Subject::NewKey,
        Route::KeyGenerateForServiceAccount => Subject::NewProgramKey,
        Route::KeyHealth => Subject::OwnKey,
        Route::KeyUpdate
        | Route::KeyUpdateMany
        | Route::KeyDelete
        | Route::KeyRegenerate
        | Route::KeyBlock
        | Route::KeyUnblock
        | Route::KeyResetSpend
        | Route::KeyRead
        | Route::KeyReadMany
        | Route::KeyList
        | Route::KeyAliases
        | Route::AccessExplain => Subject::Key,
        Route::UserNew => Subject::NewUser,
        Route::UserUpdate
        | Route::UserUpdateMany
        | Route::UserDelete
        | Route::UserRead
        | Route::UserReadFlat
        | Route::UserList => Subject::User,
        Route::TeamUpdate
        | Route::TeamPatch
        | Route::TeamDelete
        | Route::TeamBlock
        | Route::TeamUnblock
        | Route::TeamRead
        | Route::TeamList
        | Route::TeamListPaged
        | Route::TeamMemberAdd
        | Route::TeamMemberUpdate
        | Route::TeamMemberDelete
        | Route::TeamModelAdd
        | Route::TeamModelDelete
        | Route::TeamPermissionsRead
        | Route::TeamPermissionsUpdate
        | Route::ProjectNew
        | Route::ProjectUpdate
        | Route::ProjectDelete
        | Route::ProjectRead
        | Route::ProjectList
        | Route::ServiceAccountNew
        | Route::ServiceAccountUpdate
        | Route::ServiceAccountDelete
        | Route::ServiceAccountRead
        | Route::ServiceAccountList => Subject::Team,
        Route::TeamNew
        | Route::OrganizationUpdate
        | Route::OrganizationDelete
        | Route::OrganizationRead
        | Route::OrganizationList
        | Route::OrganizationMemberAdd
        | Route::OrganizationMemberUpdate
        | Route::OrganizationMemberDelete => Subject::Organisation,
        Route::ModelRead
        | Route::ModelReadPaged
        | Route::ModelGroupRead
        | Route::SpendCalculate => Subject::Model,
        Route::OrganizationNew
        | Route::CustomerNew
        | Route::CustomerUpdate
        | Route::CustomerDelete
        | Route::CustomerBlock
        | Route::CustomerUnblock
        | Route::CustomerRead
        | Route::CustomerList
        | Route::BudgetNew
        | Route::BudgetUpdate
        | Route::BudgetDelete
        | Route::BudgetRead
        | Route::BudgetSettings
        | Route::BudgetList
        | Route::ModelNew
        | Route::ModelUpdate
        | Route::ModelPatch
        | Route::ModelDelete
        | Route::ModelBlock
        | Route::ModelUnblock
        | Route::CredentialNew
        | Route::CredentialUpdate
        | Route::CredentialDelete
        | Route::CredentialList
        | Route::CredentialRead
        | Route::CredentialOfModel
        | Route::AccessGroupNew
        | Route::AccessGroupUpdate
        | Route::AccessGroupDelete
        | Route::AccessGroupRead
        | Route::AccessGroupList
        | Route::TagNew
        | Route::TagUpdate
        | Route::TagDelete
        | Route::TagRead
        | Route::TagList
        | Route::OpenApi
        | Route::HealthDetails
        | Route::MetricsRead => Subject::Gateway,
    }
}

/// All that somebody in this relation is to the subject: written down by hand, and not asked of the
/// code that decides.
fn standing(relation: Relation, subject: Subject) -> Standing {
    use Ownership::{
        KeyOwner as K, MayUse as U, Myself as S, OrganisationAdmin as O, PersonalKey as P,
        TeamAdmin as A, TeamMember as M, TeamPermits as T,
    };
    use Relation as R;
    let all: &[Ownership] = match (subject, relation) {
        (Subject::Gateway, _) => &[],
        (Subject::OwnKey, _) => &[S, K, P],
        (Subject::Model, R::Stranger) => &[],
        (Subject::Model, _) => &[U],

        (Subject::Key, R::Stranger | R::Myself | R::MayUse) => &[],
        (Subject::Key, R::KeyOwner) => &[S, K, M],
        (Subject::Key, R::PersonalKey) => &[S, K, P],
        (Subject::Key, R::TeamPermits) => &[T, M],
        (Subject::Key, R::TeamMember) => &[M],
        (Subject::Key, R::TeamAdmin) => &[M, A],
        (Subject::Key, R::OrganisationAdmin) => &[O],

        (Subject::NewKey, R::Stranger | R::Myself | R::MayUse) => &[],
        (Subject::NewKey, R::KeyOwner | R::TeamMember) => &[M],
        (Subject::NewKey, R::PersonalKey) => &[S, K, P],
        (Subject::NewKey, R::TeamPermits) => &[S, K, T, M],
        (Subject::NewKey, R::TeamAdmin) => &[M, A],
        (Subject::NewKey, R::OrganisationAdmin) => &[O],

        (Subject::User, R::Myself) => &[S],
        (Subject::User | Subject::NewUser | Subject::Organisation, R::OrganisationAdmin) => &[O],
        (Subject::User | Subject::NewUser | Subject::Organisation, _) => &[],

        (Subject::Team | Subject::NewProgramKey, relation) => match relation {
            R::Stranger | R::Myself | R::PersonalKey | R::MayUse => &[],
            R::KeyOwner | R::TeamMember => &[M],
            R::TeamPermits => match subject {
                Subject::NewProgramKey => &[M, T],
                _ => &[M],
            },
            R::TeamAdmin => &[M, A],
            R::OrganisationAdmin => &[O],
        },
    };
    let all = all.iter().copied();
    all.fold(Standing::STRANGER, Standing::and)
}

/// Where a list shows the subject: the list, and what is its name in an item.
const fn shown(route: Route) -> (&'static str, &'static str, &'static str) {
    match route {
        Route::KeyList => ("/keys", "/token", "key-of-ada"),
        Route::KeyReadMany => ("/key", "", "key-of-ada"),
        Route::KeyAliases => ("/aliases", "", "alias-of-ada"),
        Route::UserList => ("/users", "/user_id", "ada"),
        Route::TeamList => ("", "/team_id", "research"),
        Route::TeamListPaged => ("/teams", "/team_id", "research"),
        Route::OrganizationList => ("", "/organization_id", "acme"),
        Route::ProjectList => ("", "/project_id", "atlas"),
        Route::ServiceAccountList => ("/service_accounts", "/service_account_id", "crawler"),
        Route::ModelGroupRead => ("/data", "/model_group", "gpt-mini"),
        Route::ModelRead | Route::ModelReadPaged => ("/data", "/model_info/id", "model-1"),
        _ => panic!("no list"),
    }
}

fn shows(route: Route, relation: Relation, answered: &Answered) -> bool {
    let (rows, field, name) = shown(route);
    let is_self = subject(route) == Subject::User && relation == Relation::Myself;
    let name = if is_self { "actor" } else { name };
    let rows = answered.json.pointer(rows).and_then(Value::as_array);
    rows.into_iter()
        .flatten()
        .any(|row| row.pointer(field).and_then(Value::as_str) == Some(name))
}

/// Tries one cell of the matrix. Whether the site was changed.
async fn try_cell(site: &Site, role: Role, relation: Relation, route: Route) -> bool {
    let Some(request) = site.request(route, relation).await else {
        return false;
    };
    let cell = format!("{role:?} {relation:?} {route:?}");
    let answered = site.ask(&request).await;
    let said = format!("{cell}: {} {}", answered.status, answered.text);
    let standing = standing(relation, subject(route));
    if let Effect::Lists(_) = route.row().effect {
        let may_ask = !matches!(
            decide(role, route, Standing::STRANGER),
            Err(Denial::Role { .. })
        );
        // LiteLLM's answer where none of the named keys is there.
        let is_nothing = route == Route::KeyReadMany && answered.status == 422;
        assert_eq!(answered.status == 200 || is_nothing, may_ask, "{said}");
        assert!(may_ask || answered.status == 403, "{said}");
        if may_ask {
            let may_see = decide(role, route, standing).is_ok();
            assert_eq!(shows(route, relation, &answered), may_see, "{said}");
        }
        return false;
    }
    match decide(role, route, standing) {
        Ok(()) => assert_eq!(answered.status, 200, "{said}"),
        // Nobody of the role may: nothing depends on the subject.
        Err(Denial::Role { .. }) => assert_eq!(answered.status, 403, "{said}"),
        // What somebody has nothing to do with is not there for them.
        Err(Denial::Ownership { .. }) => {
            assert!(matches!(answered.status, 403 | 404), "{said}");
        }
    }
    answered.status == 200 && route.row().effect == Effect::Changes
}

/// Who may whatever they are to it needs no more than two things to be.
fn relations(role: Role) -> &'static [Relation] {
    match role {
        Role::ProxyAdmin => &[Relation::Stranger, Relation::TeamAdmin],
        _ => &Relation::ALL,
    }
}

async fn try_all(role: Role) {
    for relation in relations(role).iter().copied() {
        let mut site = Site::new(role, relation).await;
        for route in Route::ALL.iter().copied() {
            if try_cell(&site, role, relation, route).await {
                site = Site::new(role, relation).await;
            }
        }
    }
}

macro_rules! roles {
    ($($name:ident: $role:ident,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                try_all(Role::$role).await;
            }
        )*

        #[test]
        fn no_role_is_left_out() {
            assert_eq!(Role::ALL.to_vec(), vec![$(Role::$role),*]);
        }
    };
}

roles! {
    proxy_admin: ProxyAdmin,
    proxy_admin_viewer: ProxyAdminViewer,
    org_admin: OrgAdmin,
    team_admin: TeamAdmin,
    internal_user: InternalUser,
    internal_user_viewer: InternalUserViewer,
    auditor: Auditor,
    operator: Operator,
}

/// A key that stands for no person, and one that somebody else made for its owner, sees itself and
/// changes nothing, whatever their role.
#[tokio::test]
async fn unattended_keys_see_themselves_and_change_nothing() {
    for role in [Role::ProxyAdmin, Role::InternalUser] {
        let site = Site::unattended(role).await;
        for route in Route::ALL.iter().copied() {
            let Some(request) = site.request(route, Relation::TeamAdmin).await else {
                continue;
            };
            let answered = site.ask(&request).await;
            let said = format!("{role:?} {route:?}: {} {}", answered.status, answered.text);
            match route.row().effect {
                Effect::Changes => assert_eq!(answered.status, 403, "{said}"),
                // What it may call it may ask the price of.
                Effect::Reads if matches!(subject(route), Subject::OwnKey | Subject::Model) => {
                    assert_eq!(answered.status, 200, "{said}");
                }
                Effect::Reads => assert!(matches!(answered.status, 403 | 404), "{said}"),
                Effect::Lists(_) => {
                    let is_empty = answered.status == 422;
                    assert!(answered.status == 200 || is_empty, "{said}");
                    if subject(route) != Subject::Model {
                        assert!(!shows(route, Relation::TeamAdmin, &answered), "{said}");
                    }
                }
            }
        }
    }
}

/// Every path of a route, and not only its first one, is the same route.
#[tokio::test]
async fn other_paths_of_a_route_are_judged_alike() {
    let site = Site::new(Role::InternalUser, Relation::Stranger).await;
    for route in Route::ALL.iter().copied() {
        let Some(request) = site.request(route, Relation::Stranger).await else {
            continue;
        };
        let first = site.ask(&request).await;
        for path in route.paths().skip(1) {
            let request = site.request_at(route, path, Relation::Stranger).await;
            let other = site.ask(&request.unwrap()).await;
            assert_eq!(other.status, first.status, "{path}: {}", other.text);
        }
    }
}

/// What is sent.
pub(crate) struct Sent {
    pub(crate) method: &'static str,
    pub(crate) uri: String,
    pub(crate) body: Option<Value>,
}

impl Sent {
    pub(crate) fn body(&self) -> Body {
        self.body
            .as_ref()
            .map_or_else(Body::empty, |body| Body::from(body.to_string()))
    }
}
