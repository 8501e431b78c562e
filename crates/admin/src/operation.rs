//! Which operation each route is. The match is exhaustive: a route of the table without an
//! operation does not compile.

use ironward_policy::access::Route;

use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::{access_groups, credentials, keys, models, openapi, tags};

#[expect(clippy::too_many_lines, reason = "a table, one line a route")]
pub(crate) async fn run(call: &Call<'_>) -> Outcome {
    match call.route {
        Route::KeyGenerate => keys::generate(call).await,
        Route::KeyGenerateForServiceAccount => keys::generate_for_service_account(call).await,
        Route::KeyUpdate => keys::update(call).await,
        Route::KeyUpdateMany => keys::update_many(call).await,
        Route::KeyDelete => keys::delete(call).await,
        Route::KeyRegenerate => keys::regenerate(call).await,
        Route::KeyBlock => keys::block(call).await,
        Route::KeyUnblock => keys::unblock(call).await,
        Route::KeyResetSpend => keys::reset_spend(call).await,
        Route::KeyRead => keys::show_one(call),
        Route::KeyReadMany => keys::show_many(call),
        Route::KeyList => keys::list(call),
        Route::KeyAliases => keys::list_aliases(call),
        Route::KeyHealth => keys::check_health(call),

        Route::AccessGroupNew => access_groups::create(call).await,
        Route::AccessGroupUpdate => access_groups::update(call).await,
        Route::AccessGroupDelete => access_groups::delete(call).await,
        Route::AccessGroupRead => access_groups::show(call),
        Route::AccessGroupList => access_groups::list(call),

        Route::TagNew => tags::create(call).await,
        Route::TagUpdate => tags::update(call).await,
        Route::TagDelete => tags::delete(call).await,
        Route::TagRead => tags::show(call),
        Route::TagList => tags::list(call),

        Route::ModelNew => models::create(call).await,
        Route::ModelUpdate => models::update(call).await,
        Route::ModelPatch => models::patch(call).await,
        Route::ModelDelete => models::delete(call).await,
        Route::ModelBlock => models::block(call).await,
        Route::ModelUnblock => models::unblock(call).await,
        Route::ModelRead => models::show(call),
        Route::ModelReadPaged => models::list(call),
        Route::ModelGroupRead => models::show_groups(call),

        Route::CredentialNew => credentials::create(call).await,
        Route::CredentialUpdate => credentials::update(call).await,
        Route::CredentialDelete => credentials::delete(call).await,
        Route::CredentialList => credentials::list(call),
        Route::CredentialRead => credentials::show_one(call),
        Route::CredentialOfModel => credentials::show_of_model(call),

        // Not there yet: each kind brings its operations.
        Route::UserNew
        | Route::UserUpdate
        | Route::UserUpdateMany
        | Route::UserDelete
        | Route::UserRead
        | Route::UserReadFlat
        | Route::UserList => Err(Refusal::no_route()),
        Route::TeamNew
        | Route::TeamUpdate
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
        | Route::TeamPermissionsUpdate => Err(Refusal::no_route()),
        Route::OrganizationNew
        | Route::OrganizationUpdate
        | Route::OrganizationDelete
        | Route::OrganizationRead
        | Route::OrganizationList
        | Route::OrganizationMemberAdd
        | Route::OrganizationMemberUpdate
        | Route::OrganizationMemberDelete => Err(Refusal::no_route()),
        Route::ProjectNew
        | Route::ProjectUpdate
        | Route::ProjectDelete
        | Route::ProjectRead
        | Route::ProjectList => Err(Refusal::no_route()),
        Route::ServiceAccountNew
        | Route::ServiceAccountUpdate
        | Route::ServiceAccountDelete
        | Route::ServiceAccountRead
        | Route::ServiceAccountList => Err(Refusal::no_route()),
        Route::CustomerNew
        | Route::CustomerUpdate
        | Route::CustomerDelete
        | Route::CustomerBlock
        | Route::CustomerUnblock
        | Route::CustomerRead
        | Route::CustomerList => Err(Refusal::no_route()),
        Route::BudgetNew
        | Route::BudgetUpdate
        | Route::BudgetDelete
        | Route::BudgetRead
        | Route::BudgetSettings
        | Route::BudgetList => Err(Refusal::no_route()),
        Route::AccessExplain => Err(Refusal::no_route()),
        Route::HealthDetails => Err(Refusal::no_route()),
        Route::OpenApi => openapi::show(call),
    }
}
