//! Which operation each route is. The match is exhaustive: a route of the table without an
//! operation does not compile.

use ironward_policy::access::Route;

use crate::call::{Call, Outcome};
use crate::{
    access_groups, budgets, credentials, customers, health, keys, metrics, models, openapi,
    organisations, projects, service_accounts, tags, teams, users,
};

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
        Route::KeyRead => keys::show_one(call).await,
        Route::KeyReadMany => keys::show_many(call).await,
        Route::KeyList => keys::list(call).await,
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
        Route::SpendCalculate => models::calculate(call),

        Route::CredentialNew => credentials::create(call).await,
        Route::CredentialUpdate => credentials::update(call).await,
        Route::CredentialDelete => credentials::delete(call).await,
        Route::CredentialList => credentials::list(call).await,
        Route::CredentialRead => credentials::show_one(call).await,
        Route::CredentialOfModel => credentials::show_of_model(call).await,

        Route::UserNew => users::create(call).await,
        Route::UserUpdate => users::update(call).await,
        Route::UserUpdateMany => users::update_many(call).await,
        Route::UserDelete => users::delete(call).await,
        Route::UserRead => users::show(call),
        Route::UserReadFlat => users::show_flat(call),
        Route::UserList => users::list(call),

        Route::TeamNew => teams::create(call).await,
        Route::TeamUpdate => teams::update(call).await,
        Route::TeamPatch => teams::patch(call).await,
        Route::TeamDelete => teams::delete(call).await,
        Route::TeamBlock => teams::block(call).await,
        Route::TeamUnblock => teams::unblock(call).await,
        Route::TeamRead => teams::show(call),
        Route::TeamList => teams::list(call),
        Route::TeamListPaged => teams::list_paged(call),
        Route::TeamMemberAdd => teams::add_members(call).await,
        Route::TeamMemberUpdate => teams::update_member(call).await,
        Route::TeamMemberDelete => teams::remove_member(call).await,
        Route::TeamModelAdd => teams::add_models(call).await,
        Route::TeamModelDelete => teams::delete_models(call).await,
        Route::TeamPermissionsRead => teams::show_permissions(call),
        Route::TeamPermissionsUpdate => teams::update_permissions(call).await,

        Route::OrganizationNew => organisations::create(call).await,
        Route::OrganizationUpdate => organisations::update(call).await,
        Route::OrganizationDelete => organisations::delete(call).await,
        Route::OrganizationRead => organisations::show(call),
        Route::OrganizationList => organisations::list(call),
        Route::OrganizationMemberAdd => organisations::add_members(call).await,
        Route::OrganizationMemberUpdate => organisations::update_member(call).await,
        Route::OrganizationMemberDelete => organisations::remove_member(call).await,

        Route::CustomerNew => customers::create(call).await,
        Route::CustomerUpdate => customers::update(call).await,
        Route::CustomerDelete => customers::delete(call).await,
        Route::CustomerBlock => customers::block(call).await,
        Route::CustomerUnblock => customers::unblock(call).await,
        Route::CustomerRead => customers::show(call),
        Route::CustomerList => customers::list(call),

        Route::BudgetNew => budgets::create(call).await,
        Route::BudgetUpdate => budgets::update(call).await,
        Route::BudgetDelete => budgets::delete(call).await,
        Route::BudgetRead => budgets::show_many(call),
        Route::BudgetSettings => budgets::show_settings(call),
        Route::BudgetList => budgets::list(call),

        Route::ProjectNew => projects::create(call).await,
        Route::ProjectUpdate => projects::update(call).await,
        Route::ProjectDelete => projects::delete(call).await,
        Route::ProjectRead => projects::show(call),
        Route::ProjectList => projects::list(call),

        Route::ServiceAccountNew => service_accounts::create(call).await,
        Route::ServiceAccountUpdate => service_accounts::update(call).await,
        Route::ServiceAccountDelete => service_accounts::delete(call).await,
        Route::ServiceAccountRead => service_accounts::show(call),
        Route::ServiceAccountList => service_accounts::list(call),

        Route::AccessExplain => keys::explain(call),
        Route::HealthDetails => health::show_details(call),
        Route::MetricsRead => metrics::show(call),
        Route::OpenApi => openapi::show(call),
    }
}
