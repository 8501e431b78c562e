//! The `OpenAPI` document, from the table of routes and the structs that requests are read into.

use std::collections::BTreeMap;

use ironward_policy::access::{Effect, Method, Route};
use serde_json::{Map, Value, json};

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

/// What each route reads; `None`: it is not there yet.
#[expect(clippy::too_many_lines, reason = "a table, one line a route")]
const fn takes(route: Route) -> Option<Takes> {
    Some(match route {
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
        Route::KeyHealth | Route::OpenApi => Takes::Nothing,

        Route::AccessGroupNew => body::<access_groups::NewAccessGroup>(),
        Route::AccessGroupUpdate => body::<access_groups::UpdateAccessGroup>(),
        Route::AccessGroupDelete | Route::AccessGroupRead | Route::AccessGroupList => {
            Takes::Nothing
        }

        Route::TagNew | Route::TagUpdate => body::<tags::TagFields>(),
        Route::TagDelete => body::<tags::NamedTag>(),
        Route::TagRead => body::<tags::NamedTags>(),
        Route::TagList => Takes::Nothing,

        Route::ModelNew => body::<models::NewModel>(),
        Route::ModelUpdate => body::<models::UpdateModel>(),
        Route::ModelPatch => body::<models::PatchModel>(),
        Route::ModelDelete => body::<models::DeleteModel>(),
        Route::ModelBlock | Route::ModelUnblock => body::<models::BlockModel>(),
        Route::ModelRead => query::<models::ShowModels>(),
        Route::ModelReadPaged => query::<models::ListModels>(),
        Route::ModelGroupRead => query::<models::ShowGroups>(),

        Route::CredentialNew => body::<credentials::NewCredential>(),
        Route::CredentialUpdate => body::<credentials::UpdateCredential>(),
        Route::CredentialDelete
        | Route::CredentialList
        | Route::CredentialRead
        | Route::CredentialOfModel => Takes::Nothing,

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

        Route::ServiceAccountNew => body::<service_accounts::NewServiceAccount>(),
        Route::ServiceAccountUpdate => body::<service_accounts::UpdateServiceAccount>(),
        Route::ServiceAccountDelete => body::<service_accounts::DeleteServiceAccounts>(),
        Route::ServiceAccountRead => query::<service_accounts::ShowServiceAccount>(),
        Route::ServiceAccountList => query::<service_accounts::ListServiceAccounts>(),

        // Not there yet: each kind brings its requests.
        Route::AccessExplain => return None,
        Route::HealthDetails => return None,
    })
}

/// `GET /openapi.json`
pub(crate) fn show(call: &Call<'_>) -> Outcome {
    let (permit, _) = call.authorise_route()?;
    Ok(permit.answer(document()))
}

fn document() -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for route in Route::ALL {
        let Some(takes) = takes(*route) else {
            continue;
        };
        for (position, path) in route.paths().enumerate() {
            let method = route.row().method.as_str().to_ascii_lowercase();
            paths
                .entry(path)
                .or_default()
                .insert(method, operation(*route, &takes, path, position));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Ironward admin API", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "security": [{"key": []}],
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": error(), "Invalid": invalid()},
        },
    })
}

fn operation(route: Route, takes: &Takes, path: &str, position: usize) -> Value {
    let mut operation = json!({
        "operationId": format!("{route:?}{}", if position == 0 { String::new() } else { position.to_string() }),
        "responses": responses(route, takes),
    });
    let names = path
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'));
    let mut parameters: Vec<Value> = names
        .map(|(name, _)| {
            let schema = json!({"type": "string", "minLength": 1});
            json!({"name": name, "in": "path", "required": true, "schema": schema})
        })
        .collect();
    let Some(fields) = operation.as_object_mut() else {
        return operation;
    };
    match takes {
        Takes::Nothing => {}
        Takes::Body(schema) | Takes::OptionalBody(schema) => {
            let content = json!({"application/json": {"schema": schema()}});
            let is_required = matches!(takes, Takes::Body(_));
            let body = json!({"required": is_required, "content": content});
            fields.insert("requestBody".to_owned(), body);
        }
        Takes::Query(properties) => parameters.extend(properties().iter().map(|property| {
            json!({
                "name": property.name,
                "in": "query",
                "required": property.is_required,
                "schema": (property.schema)(),
            })
        })),
    }
    fields.insert("parameters".to_owned(), parameters.into());
    operation
}

fn responses(route: Route, takes: &Takes) -> Value {
    let answer = |description: &str, schema: Value| json!({"description": description, "content": {"application/json": {"schema": schema}}});
    let error =
        |description: &str| answer(description, json!({"$ref": "#/components/schemas/Error"}));
    let mut responses = json!({
        "200": answer("Done.", json!({"type": "object"})),
        "401": error("No key, or none that is let in."),
        "403": error("The key may not do this."),
        "404": error("There is none, or none that the key may know of."),
        "429": error("Too many wrong keys came from this address."),
        "503": error("The store or the key-encryption key cannot be reached; nothing was changed."),
    });
    let Some(fields) = responses.as_object_mut() else {
        return responses;
    };
    if matches!(route.row().effect, Effect::Changes) {
        fields.insert("400".to_owned(), error("It cannot be done."));
        fields.insert(
            "409".to_owned(),
            error("Somebody else changed it at the same time."),
        );
    }
    if !matches!(takes, Takes::Nothing) {
        let either = json!({"anyOf": [
            {"$ref": "#/components/schemas/Invalid"},
            {"$ref": "#/components/schemas/Error"},
        ]});
        fields.insert("400".to_owned(), error("A value cannot be taken."));
        fields.insert(
            "422".to_owned(),
            answer("The request has another shape.", either),
        );
    }
    if !matches!(route.row().method, Method::Get) {
        fields.insert("408".to_owned(), error("The body did not arrive."));
        fields.insert("413".to_owned(), error("The body is too large."));
        fields.insert("415".to_owned(), error("The body is not JSON."));
    }
    responses
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {"error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": "string"},
            },
        }},
    })
}

fn invalid() -> Value {
    json!({
        "type": "object",
        "required": ["detail"],
        "properties": {"detail": {"type": "array", "items": {
            "type": "object",
            "required": ["type", "loc", "msg"],
            "properties": {
                "type": {"type": "string"},
                "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
                "msg": {"type": "string"},
            },
        }}},
    })
}
