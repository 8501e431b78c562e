use ironward_policy::access::Route;
use serde_json::{Value, json};

/// What stands for a slot of a path.
pub(super) fn slot(name: &str) -> &'static str {
    match name {
        "key" => "key-of-ada",
        "team" => "research",
        "model" => "model-1",
        "credential" => "openai-main",
        "access_group" => "small-models",
        _ => "",
    }
}

/// A request that each route takes: the fields of its body or its query. In the tests each is sent,
/// by everybody who may and by everybody who may not.
#[expect(clippy::too_many_lines, reason = "a table, one entry a route")]
pub(super) fn sample(route: Route) -> Value {
    match route {
        Route::KeyGenerate => json!({
            "key_alias": "ada's notebook",
            "user_id": "ada",
            "team_id": "research",
            "models": ["gpt-mini"],
            "max_budget": 10.0,
            "budget_duration": "30d",
            "rpm_limit": 60,
            "duration": "30d",
            "metadata": {"cost_centre": "7"},
        }),
        Route::KeyGenerateForServiceAccount => json!({
            "key_alias": "crawler in production",
            "team_id": "research",
            "agent_id": "crawler",
        }),
        Route::KeyUpdate => json!({"key": "key-of-ada", "rpm_limit": 30}),
        Route::KeyUpdateMany => json!({"keys": [{"key": "key-of-ada", "rpm_limit": 30}]}),
        Route::KeyDelete => json!({"keys": ["key-of-ada"]}),
        Route::KeyRegenerate => json!({"key": "key-of-ada", "grace_period": "24h"}),
        Route::KeyBlock | Route::KeyUnblock => json!({"key": "key-of-ada"}),
        Route::KeyResetSpend => json!({"reset_to": 0.0}),
        Route::KeyRead => json!({"key": "key-of-ada"}),
        Route::KeyReadMany => json!({"keys": ["key-of-ada"]}),
        Route::KeyList => json!({"page": 1, "size": 10, "return_full_object": true}),
        Route::KeyAliases => json!({"page": 1, "size": 50}),

        Route::AccessGroupNew => {
            json!({"access_group": "large-models", "model_names": ["gpt-mini"]})
        }
        Route::AccessGroupUpdate => json!({"model_names": ["gpt-mini"]}),

        Route::TagNew => json!({"name": "nightly", "description": "runs at night"}),
        Route::TagUpdate => json!({"name": "batch", "max_budget": 5.0}),
        Route::TagDelete => json!({"name": "batch"}),
        Route::TagRead => json!({"names": ["batch"]}),

        Route::ModelNew => json!({
            "model_name": "gpt-mini",
            "litellm_params": {
                "model": "openai/gpt-4o-mini",
                "api_key": "sk-proj-example-of-a-key",
            },
        }),
        Route::ModelUpdate => {
            json!({"model_info": {"id": "model-1"}, "model_name": "gpt-mini"})
        }
        Route::ModelPatch => json!({"model_name": "gpt-mini"}),
        Route::ModelDelete => json!({"id": "model-1"}),
        Route::ModelBlock | Route::ModelUnblock => json!({"model_id": "model-1"}),
        Route::ModelReadPaged => json!({"page": 1, "size": 50}),

        Route::SpendCalculate => json!({
            "model": "gpt-mini",
            "messages": [{"role": "user", "content": "How much is this?"}],
        }),

        Route::CredentialNew => json!({
            "credential_name": "openai-spare",
            "credential_values": {"api_key": "sk-proj-example-of-a-key"},
            "credential_info": {"custom_llm_provider": "openai"},
        }),
        Route::CredentialUpdate => {
            json!({"credential_values": {"api_key": "sk-proj-another-example"}})
        }

        Route::UserNew => json!({
            "user_id": "mary",
            "user_email": "mary@example.com",
            "user_role": "internal_user",
            "organizations": ["acme"],
        }),
        Route::UserUpdate => json!({"user_id": "ada", "user_alias": "Ada"}),
        Route::UserUpdateMany => json!({"users": [{"user_id": "ada", "user_alias": "Ada"}]}),
        Route::UserDelete => json!({"user_ids": ["ada"]}),
        Route::UserRead | Route::UserReadFlat => json!({"user_id": "ada"}),
        Route::UserList => json!({"page": 1, "page_size": 25}),

        Route::TeamNew => json!({
            "team_id": "search",
            "team_alias": "Search",
            "organization_id": "acme",
        }),
        Route::TeamUpdate => json!({"team_id": "research", "team_alias": "Research"}),
        Route::TeamPatch => json!({"team_alias": "Research"}),
        Route::TeamDelete => json!({"team_ids": ["research"]}),
        Route::TeamBlock | Route::TeamUnblock => json!({"team_id": "research"}),
        Route::TeamRead | Route::TeamPermissionsRead => json!({"team_id": "research"}),
        Route::TeamListPaged => json!({"page": 1, "page_size": 10}),
        Route::TeamMemberAdd => {
            json!({"team_id": "research", "member": {"role": "user", "user_id": "grace"}})
        }
        Route::TeamMemberUpdate => {
            json!({"team_id": "research", "user_id": "ada", "rpm_limit": 20})
        }
        Route::TeamMemberDelete => json!({"team_id": "research", "user_id": "ada"}),
        Route::TeamModelAdd | Route::TeamModelDelete => {
            json!({"team_id": "research", "models": ["gpt-mini"]})
        }
        Route::TeamPermissionsUpdate => {
            json!({"team_id": "research", "team_member_permissions": ["/key/generate"]})
        }

        Route::OrganizationNew => {
            json!({"organization_id": "globex", "organization_alias": "Globex"})
        }
        Route::OrganizationUpdate => {
            json!({"organization_id": "acme", "organization_alias": "Acme"})
        }
        Route::OrganizationDelete => json!({"organization_ids": ["acme"]}),
        Route::OrganizationRead => json!({"organization_id": "acme"}),
        Route::OrganizationMemberAdd => {
            json!({"organization_id": "acme", "member": {"role": "internal_user", "user_id": "joan"}})
        }
        Route::OrganizationMemberUpdate => {
            json!({"organization_id": "acme", "user_id": "ada", "role": "internal_user"})
        }
        Route::OrganizationMemberDelete => json!({"organization_id": "acme", "user_id": "ada"}),

        Route::ProjectNew => {
            json!({"project_id": "borealis", "project_alias": "Borealis", "team_id": "research"})
        }
        Route::ProjectUpdate => json!({"project_id": "atlas", "project_alias": "Atlas"}),
        Route::ProjectDelete => json!({"project_ids": ["atlas"]}),
        Route::ProjectRead => json!({"project_id": "atlas"}),

        Route::CustomerNew => json!({"user_id": "customer-8", "alias": "Initech"}),
        Route::CustomerUpdate => json!({"user_id": "customer-7", "max_budget": 5.0}),
        Route::CustomerDelete | Route::CustomerBlock | Route::CustomerUnblock => {
            json!({"user_ids": ["customer-7"]})
        }
        Route::CustomerRead => json!({"end_user_id": "customer-7"}),

        Route::BudgetNew => {
            json!({"budget_id": "weekly", "max_budget": 25.0, "budget_duration": "7d"})
        }
        Route::BudgetUpdate => json!({"budget_id": "monthly", "max_budget": 50.0}),
        Route::BudgetDelete => json!({"id": "monthly"}),
        Route::BudgetRead => json!({"budgets": ["monthly"]}),
        Route::BudgetSettings => json!({"budget_id": "monthly"}),

        Route::ServiceAccountNew => {
            json!({"service_account_alias": "indexer", "team_id": "research"})
        }
        Route::ServiceAccountUpdate => json!({"service_account_id": "crawler"}),
        Route::ServiceAccountDelete => json!({"service_account_ids": ["crawler"]}),
        Route::ServiceAccountRead => json!({"service_account_id": "crawler"}),
        Route::AccessExplain => json!({"key": "key-of-ada", "model": "gpt-mini"}),

        // They take nothing, or nothing has to be said.
        Route::KeyHealth
        | Route::OpenApi
        | Route::HealthDetails
        | Route::MetricsRead
        | Route::ServiceAccountList
        | Route::AccessGroupDelete
        | Route::AccessGroupRead
        | Route::AccessGroupList
        | Route::TagList
        | Route::ModelRead
        | Route::ModelGroupRead
        | Route::CredentialDelete
        | Route::CredentialList
        | Route::CredentialRead
        | Route::CredentialOfModel
        | Route::TeamList
        | Route::OrganizationList
        | Route::ProjectList
        | Route::CustomerList
        | Route::BudgetList => json!({}),
    }
}
