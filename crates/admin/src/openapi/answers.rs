use ironward_policy::access::Route;
use serde_json::{Map, Value, json};

use crate::answer::schema::{Described, component, list, or_null, text, things};
use crate::{
    access_groups, budgets, credentials, customers, health, keys, models, organisations, projects,
    service_accounts, tags, teams, users,
};

/// What each route answers when it was done.
#[expect(clippy::too_many_lines, reason = "a table, one line a route")]
pub(super) fn answer(route: Route) -> Value {
    match route {
        Route::KeyGenerate
        | Route::KeyGenerateForServiceAccount
        | Route::KeyUpdate
        | Route::KeyRegenerate => keys::answers::with_key(),
        Route::KeyUpdateMany => keys::answers::updated(),
        Route::KeyDelete => keys::answers::deleted(),
        Route::KeyBlock | Route::KeyUnblock => component("Key"),
        Route::KeyResetSpend => keys::answers::reset(),
        Route::KeyRead => keys::answers::one(),
        Route::KeyReadMany => keys::answers::many(),
        Route::KeyList => keys::answers::listed(),
        Route::KeyAliases => keys::answers::aliases(),
        Route::KeyHealth => keys::answers::health(),

        Route::AccessGroupNew | Route::AccessGroupUpdate => access_groups::answers::changed(),
        Route::AccessGroupDelete => access_groups::answers::deleted(),
        Route::AccessGroupRead => component("AccessGroup"),
        Route::AccessGroupList => access_groups::answers::listed(),

        Route::TagNew | Route::TagUpdate => tags::answers::changed(),
        Route::TagDelete => tags::answers::deleted(),
        Route::TagRead => tags::answers::many(),
        Route::TagList => tags::answers::listed(),

        Route::ModelNew | Route::ModelUpdate | Route::ModelPatch => models::answers::written(),
        Route::ModelDelete => models::answers::deleted(),
        Route::ModelBlock | Route::ModelUnblock => component("StoredDeployment"),
        Route::ModelRead => models::answers::listed(),
        Route::ModelReadPaged => models::answers::paged(),
        Route::ModelGroupRead => models::answers::groups(),
        Route::SpendCalculate => models::answers::calculated(),

        Route::CredentialNew | Route::CredentialUpdate | Route::CredentialDelete => {
            credentials::answers::done()
        }
        Route::CredentialList => credentials::answers::listed(),
        Route::CredentialRead => component("Credential"),
        Route::CredentialOfModel => credentials::answers::of_model(),

        Route::UserNew => users::answers::made(),
        Route::UserUpdate => users::answers::changed(),
        Route::UserUpdateMany => users::answers::updated(),
        Route::UserDelete => users::answers::deleted(),
        Route::UserRead => users::answers::one(),
        Route::UserReadFlat => component("User"),
        Route::UserList => users::answers::paged(),

        Route::TeamNew
        | Route::TeamBlock
        | Route::TeamUnblock
        | Route::TeamMemberDelete
        | Route::TeamModelAdd
        | Route::TeamModelDelete
        | Route::TeamPermissionsUpdate => component("Team"),
        Route::TeamUpdate | Route::TeamPatch => teams::answers::changed(),
        Route::TeamDelete => teams::answers::deleted(),
        Route::TeamRead => teams::answers::one(),
        Route::TeamList => teams::answers::listed(),
        Route::TeamListPaged => teams::answers::paged(),
        Route::TeamMemberAdd => teams::answers::members_added(),
        Route::TeamMemberUpdate => teams::answers::member_changed(),
        Route::TeamPermissionsRead => teams::answers::permissions(),

        Route::OrganizationNew | Route::OrganizationUpdate => component("Organization"),
        Route::OrganizationDelete => organisations::answers::deleted(),
        Route::OrganizationRead => organisations::answers::whole(),
        Route::OrganizationList => organisations::answers::listed(),
        Route::OrganizationMemberAdd => organisations::answers::members_added(),
        Route::OrganizationMemberUpdate | Route::OrganizationMemberDelete => {
            component("OrganizationMembership")
        }

        Route::CustomerNew | Route::CustomerUpdate | Route::CustomerRead => component("Customer"),
        Route::CustomerDelete => customers::answers::deleted(),
        Route::CustomerBlock => customers::answers::blocked(),
        Route::CustomerUnblock => customers::answers::unblocked(),
        Route::CustomerList => customers::answers::listed(),

        Route::BudgetNew | Route::BudgetUpdate | Route::BudgetDelete => component("Budget"),
        Route::BudgetRead | Route::BudgetList => budgets::answers::listed(),
        Route::BudgetSettings => budgets::answers::settings(),

        Route::ProjectNew | Route::ProjectUpdate | Route::ProjectRead => component("Project"),
        Route::ProjectDelete | Route::ProjectList => projects::answers::listed(),

        Route::ServiceAccountNew | Route::ServiceAccountUpdate | Route::ServiceAccountRead => {
            component("ServiceAccount")
        }
        Route::ServiceAccountDelete => service_accounts::answers::listed(),
        Route::ServiceAccountList => service_accounts::answers::paged(),

        Route::AccessExplain => keys::answers::explained(),
        Route::HealthDetails => health::details(),
        Route::MetricsRead => text(),
        Route::OpenApi => things(),
    }
}

/// What several answers hold.
pub(super) fn components() -> Map<String, Value> {
    let all = [
        ("AccessGroup", access_groups::answers::group()),
        ("Budget", budgets::answers::budget()),
        ("Credential", credentials::answers::credential()),
        ("Customer", customers::answers::customer()),
        ("Deployment", models::answers::deployment()),
        ("Error", error()),
        ("Invalid", invalid()),
        ("Key", keys::answers::key()),
        ("Organization", organisations::answers::organisation()),
        (
            "OrganizationMembership",
            organisations::answers::membership(),
        ),
        ("Project", projects::answers::project()),
        ("ServiceAccount", service_accounts::answers::account()),
        ("StoredDeployment", models::answers::stored()),
        ("Tag", tags::answers::tag()),
        ("Team", teams::answers::team()),
        ("TeamMembership", teams::answers::membership()),
        ("User", users::answers::user()),
    ];
    let named = all.map(|(name, schema)| (name.to_owned(), schema));
    named.into_iter().collect()
}

/// LiteLLM's envelope.
fn error() -> Value {
    let error = Described::of([
        ("message", text()),
        ("type", text()),
        ("param", or_null(text())),
        ("code", text()),
    ]);
    Described::of([("error", error)])
}

/// FastAPI's findings.
fn invalid() -> Value {
    let place = json!({"type": ["string", "integer"]});
    let finding = Described::of([("type", text()), ("loc", list(place)), ("msg", text())]);
    Described::of([("detail", list(finding))])
}
