//! The `OpenAPI` document, from the table of routes and the structs that requests are read into.

mod answers;
mod probes;
mod samples;
mod statuses;

use std::collections::BTreeMap;

use ironward_policy::access::Route;
use serde_json::{Value, json};

use crate::call::{Call, Outcome};
use crate::request::{Property, Shape, properties, schema_of};
use crate::{
    access_groups, budgets, credentials, customers, keys, models, organisations, projects,
    service_accounts, tags, teams, users,
};

/// What a route reads.
enum Takes {
    Nothing,
    Body(fn() -> Value),
    /// A body that may be left out.
    OptionalBody(fn() -> Value),
    Query(fn() -> Vec<Property>),
}

const fn body<T: Shape>() -> Takes {
    Takes::Body(schema_of::<T>)
}

const fn query<T: Shape>() -> Takes {
    Takes::Query(properties::<T>)
}

/// What each route reads.
#[expect(clippy::too_many_lines, reason = "a table, one line a route")]
const fn takes(route: Route) -> Takes {
    match route {
        Route::KeyGenerate | Route::KeyGenerateForServiceAccount => body::<keys::GenerateKey>(),
        Route::KeyUpdate => body::<keys::UpdateKey>(),
        Route::KeyUpdateMany => body::<keys::UpdateKeys>(),
        Route::KeyDelete => body::<keys::DeleteKeys>(),
        Route::KeyRegenerate => Takes::OptionalBody(schema_of::<keys::RegenerateKey>),
        Route::KeyBlock | Route::KeyUnblock => body::<keys::NamedKey>(),
        Route::KeyResetSpend => body::<keys::ResetSpend>(),
        Route::KeyRead => query::<keys::ShowKey>(),
        Route::KeyReadMany => body::<keys::ShowKeys>(),
        Route::KeyList => query::<keys::ListKeys>(),
        Route::KeyAliases => query::<keys::ListAliases>(),
        Route::KeyHealth | Route::HealthDetails | Route::MetricsRead | Route::OpenApi => {
            Takes::Nothing
        }

        Route::AccessGroupNew => body::<access_groups::NewAccessGroup>(),
        Route::AccessGroupUpdate => body::<access_groups::UpdateAccessGroup>(),
        Route::AccessGroupDelete | Route::AccessGroupRead => Takes::Nothing,
        Route::AccessGroupList => query::<access_groups::ListAccessGroups>(),

        Route::TagNew | Route::TagUpdate => body::<tags::TagFields>(),
        Route::TagDelete => body::<tags::NamedTag>(),
        Route::TagRead => body::<tags::NamedTags>(),
        Route::TagList => query::<tags::ListTags>(),

        Route::ModelNew => body::<models::NewModel>(),
        Route::ModelUpdate => body::<models::UpdateModel>(),
        Route::ModelPatch => body::<models::PatchModel>(),
        Route::ModelDelete => body::<models::DeleteModel>(),
        Route::ModelBlock | Route::ModelUnblock => body::<models::BlockModel>(),
        Route::ModelRead => query::<models::ShowModels>(),
        Route::ModelReadPaged => query::<models::ListModels>(),
        Route::ModelGroupRead => query::<models::ShowGroups>(),
        Route::SpendCalculate => body::<models::CalculateSpend>(),

        Route::CredentialNew => body::<credentials::NewCredential>(),
        Route::CredentialUpdate => body::<credentials::UpdateCredential>(),
        Route::CredentialDelete | Route::CredentialRead | Route::CredentialOfModel => {
            Takes::Nothing
        }
        Route::CredentialList => query::<credentials::ListCredentials>(),

        Route::UserNew => body::<users::NewUser>(),
        Route::UserUpdate => body::<users::UpdateUser>(),
        Route::UserUpdateMany => body::<users::UpdateUsers>(),
        Route::UserDelete => body::<users::DeleteUsers>(),
        Route::UserRead | Route::UserReadFlat => query::<users::ShowUser>(),
        Route::UserList => query::<users::ListUsers>(),

        Route::TeamNew => body::<teams::NewTeam>(),
        Route::TeamUpdate => body::<teams::UpdateTeam>(),
        Route::TeamPatch => body::<teams::PatchTeam>(),
        Route::TeamDelete => body::<teams::DeleteTeams>(),
        Route::TeamBlock | Route::TeamUnblock => body::<teams::NamedTeam>(),
        Route::TeamRead => query::<teams::ShowTeam>(),
        Route::TeamList => query::<teams::ListTeams>(),
        Route::TeamListPaged => query::<teams::PageTeams>(),
        Route::TeamMemberAdd => body::<teams::AddMembers>(),
        Route::TeamMemberUpdate => body::<teams::UpdateMember>(),
        Route::TeamMemberDelete => body::<teams::RemoveMember>(),
        Route::TeamModelAdd | Route::TeamModelDelete => body::<teams::ChangeModels>(),
        Route::TeamPermissionsRead => query::<teams::NamedTeam>(),
        Route::TeamPermissionsUpdate => body::<teams::ChangePermissions>(),

        Route::OrganizationNew => body::<organisations::NewOrganisation>(),
        Route::OrganizationUpdate => body::<organisations::UpdateOrganisation>(),
        Route::OrganizationDelete => body::<organisations::DeleteOrganisations>(),
        Route::OrganizationRead => query::<organisations::ShowOrganisation>(),
        Route::OrganizationList => query::<organisations::ListOrganisations>(),
        Route::OrganizationMemberAdd => body::<organisations::AddMembers>(),
        Route::OrganizationMemberUpdate => body::<organisations::UpdateMember>(),
        Route::OrganizationMemberDelete => body::<organisations::RemoveMember>(),

        Route::CustomerNew => body::<customers::NewCustomer>(),
        Route::CustomerUpdate => body::<customers::UpdateCustomer>(),
        Route::CustomerDelete | Route::CustomerBlock | Route::CustomerUnblock => {
            body::<customers::NamedCustomers>()
        }
        Route::CustomerRead => query::<customers::ShowCustomer>(),
        Route::CustomerList => query::<customers::ListCustomers>(),

        Route::BudgetNew => body::<budgets::NewBudget>(),
        Route::BudgetUpdate => body::<budgets::UpdateBudget>(),
        Route::BudgetDelete => body::<budgets::DeleteBudget>(),
        Route::BudgetRead => body::<budgets::ShowBudgets>(),
        Route::BudgetSettings => query::<budgets::ShowSettings>(),
        Route::BudgetList => query::<budgets::ListBudgets>(),

        Route::ProjectNew => body::<projects::NewProject>(),
        Route::ProjectUpdate => body::<projects::UpdateProject>(),
        Route::ProjectDelete => body::<projects::DeleteProjects>(),
        Route::ProjectRead => query::<projects::ShowProject>(),
        Route::ProjectList => query::<projects::ListProjects>(),

        // Not there yet: each kind brings its requests.
        Route::ServiceAccountNew => body::<service_accounts::NewServiceAccount>(),
        Route::ServiceAccountUpdate => body::<service_accounts::UpdateServiceAccount>(),
        Route::ServiceAccountDelete => body::<service_accounts::DeleteServiceAccounts>(),
        Route::ServiceAccountRead => query::<service_accounts::ShowServiceAccount>(),
        Route::ServiceAccountList => query::<service_accounts::ListServiceAccounts>(),

        Route::AccessExplain => query::<keys::ExplainAccess>(),
    }
}

/// `GET /openapi.json`
pub(crate) fn show(call: &Call<'_>) -> Outcome {
    let (permit, _) = call.authorise_route()?;
    Ok(permit.answer(document()))
}

fn document() -> Value {
    let mut paths: BTreeMap<&str, Value> = probes::probes().into();
    for route in Route::ALL {
        let takes = takes(*route);
        for (position, path) in route.paths().enumerate() {
            let method = route.row().method.as_str().to_ascii_lowercase();
            let at = paths.entry(path).or_insert_with(|| json!({}));
            if let Some(operations) = at.as_object_mut() {
                operations.insert(method, operation(*route, &takes, path, position));
            }
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Ironward admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "security": [{"bearer": []}, {"litellm": []}],
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "litellm": {"type": "apiKey", "in": "header", "name": "x-litellm-api-key"},
            },
            "schemas": answers::components(),
        },
    })
}

/// What holds for every path.
const ABOUT: &str = "The management API. A path that is asked with a method that is not here answers 405 and \
                     `Allow` to who is let in; whoever is not is told 404, as for a path that does not exist. No \
                     answer may be kept by a cache.";

fn operation(route: Route, takes: &Takes, path: &str, position: usize) -> Value {
    let kind = path.split('/').nth(1).unwrap_or_default();
    let kind = match kind {
        "v1" | "v2" => path.split('/').nth(2).unwrap_or_default(),
        kind => kind,
    };
    let suffix = match position {
        0 => String::new(),
        position => position.to_string(),
    };
    let mut operation = json!({
        "operationId": format!("{route:?}{suffix}"),
        "tags": [kind],
        "parameters": parameters(route, takes, path),
        "responses": statuses::responses(route, takes),
    });
    if let (Takes::Body(schema) | Takes::OptionalBody(schema), Some(fields)) =
        (takes, operation.as_object_mut())
    {
        let content = json!({"schema": schema(), "example": samples::sample(route)});
        let is_required = matches!(takes, Takes::Body(_));
        let body = json!({"required": is_required, "content": {"application/json": content}});
        fields.insert("requestBody".to_owned(), body);
    }
    operation
}

fn parameters(route: Route, takes: &Takes, path: &str) -> Vec<Value> {
    let slots = path.split('{').skip(1);
    let slots = slots.filter_map(|rest| rest.split_once('}'));
    let mut parameters: Vec<Value> = slots
        .map(|(name, _)| {
            json!({
                "name": name,
                "in": "path",
                "required": true,
                "schema": {"type": "string", "minLength": 1},
                "example": samples::slot(name),
            })
        })
        .collect();
    if let Takes::Query(properties) = takes {
        let sample = samples::sample(route);
        parameters.extend(properties().iter().map(|property| {
            let mut parameter = json!({
                "name": property.name,
                "in": "query",
                "required": property.is_required,
                "schema": (property.schema)(),
            });
            let example = sample.get(property.name).zip(parameter.as_object_mut());
            if let Some((example, fields)) = example {
                fields.insert("example".to_owned(), example.clone());
            }
            parameter
        }));
    }
    parameters
}
