use std::collections::BTreeMap;

use ironward_core::{Id, Money};
use ironward_policy::Spending;
use ironward_store::objects::{Metadata, Team};

use crate::call::Call;
use crate::fault::Refusal;
use crate::fields::{Duration, GrantFields, Kept, KeptField, Spend, SpendingFields, Unset};
use crate::request::{Field, Fields, Name, Shape};

/// LiteLLM's fields of teams that have no effect yet.
pub(crate) const KEPT: [KeptField; 18] = [
    KeptField::new("allowed_passthrough_routes", Unset::Null),
    KeptField::new("allowed_vector_store_indexes", Unset::Null),
    KeptField::new("default_estimated_output_tokens", Unset::Null),
    KeptField::new("default_estimated_output_tokens_per_model", Unset::Null),
    KeptField::new("denied_passthrough_routes", Unset::Null),
    KeptField::new("disable_global_guardrails", Unset::Null),
    KeptField::new("enforced_batch_output_expires_after", Unset::Null),
    KeptField::new("enforced_file_expires_after", Unset::Null),
    KeptField::new("guardrails", Unset::Null),
    KeptField::new("mcp_rpm_limit", Unset::Null),
    KeptField::new("policies", Unset::Null),
    KeptField::new("prompts", Unset::Null),
    KeptField::new("router_settings", Unset::Null),
    KeptField::new("rpm_limit_type", Unset::Null),
    KeptField::new("secret_manager_settings", Unset::Null),
    KeptField::new("tags", Unset::Null),
    KeptField::new("tpm_limit_type", Unset::Null),
    KeptField::new("allow_team_guardrail_config", Unset::Null),
];

/// Those of them that are taken from administrators only.
const FOR_ADMINISTRATORS: [&str; 3] = [
    "allowed_passthrough_routes",
    "router_settings",
    "secret_manager_settings",
];

/// What making and changing a team have in common.
pub(super) struct TeamFields {
    alias: Field<Name>,
    pub(super) organisation: Field<Name>,
    permissions: Field<Vec<Permission>>,
    model_aliases: Field<BTreeMap<Box<str>, Box<str>>>,
    metadata: Field<Metadata>,
    pub(super) grant: GrantFields,
    spending: SpendingFields,
    spend: Spend,
    defaults: DefaultFields,
    kept: Kept,
}

/// What new members get.
struct DefaultFields {
    models: Field<Vec<Box<str>>>,
    max_budget: Field<Money>,
    budget_duration: Field<Duration>,
    rpm_limit: Field<u64>,
    tpm_limit: Field<u64>,
    key_duration: Field<Duration>,
}

impl Shape for TeamFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            alias: fields.take("team_alias"),
            organisation: fields.take("organization_id"),
            permissions: fields.take("team_member_permissions"),
            model_aliases: fields.take("model_aliases"),
            metadata: fields.take("metadata"),
            grant: GrantFields::read(fields),
            spending: SpendingFields::read(fields),
            spend: Spend::read(fields),
            defaults: DefaultFields {
                models: fields.take("default_team_member_models"),
                max_budget: fields.take("team_member_budget"),
                budget_duration: fields.take("team_member_budget_duration"),
                rpm_limit: fields.take("team_member_rpm_limit"),
                tpm_limit: fields.take("team_member_tpm_limit"),
                key_duration: fields.take("team_member_key_duration"),
            },
            kept: Kept::read(fields, &KEPT),
        }
    }
}

impl TeamFields {
    /// Changes what the request names.
    ///
    /// # Errors
    /// 403 for fields that only administrators may set.
    pub(super) fn apply(self, call: &Call<'_>, team: &mut Team) -> Result<(), Refusal> {
        if !call.actor.is_administrator()
            && let Some(name) = self.kept.first_given(&FOR_ADMINISTRATORS)
        {
            let message = format!("Only proxy admin can set '{name}'");
            return Err(Refusal::forbidden(message).with_param(name));
        }
        self.alias.map(Name::into_text).apply(&mut team.alias);
        let organisation = self.organisation.map(|id| Id::new(id.as_str()));
        organisation.apply(&mut team.organisation);
        let permissions = self.permissions.map(paths);
        permissions.apply_or_default(&mut team.member_permissions);
        self.model_aliases.apply_or_default(&mut team.model_aliases);
        self.metadata.apply_or_default(&mut team.metadata);
        self.grant.apply(&mut team.grant, &mut team.kept);
        self.spending.apply(&mut team.spending, call.now);
        self.spend.apply(call, &mut team.kept)?;
        self.defaults.apply(team);
        self.kept.apply(&mut team.kept);
        Ok(())
    }
}

impl DefaultFields {
    fn apply(self, team: &mut Team) {
        let defaults = &mut team.member_defaults;
        let models = match self.models {
            Field::Value(models) if models.is_empty() => Field::Null,
            models => models,
        };
        models.apply(&mut defaults.models);
        let text = |period: Duration| period.0.to_string().into();
        let Spending {
            max_budget,
            budget_duration,
            rpm_limit,
            tpm_limit,
            ..
        } = &mut defaults.spending;
        self.max_budget.apply(max_budget);
        self.budget_duration.map(text).apply(budget_duration);
        self.rpm_limit.apply(rpm_limit);
        self.tpm_limit.apply(tpm_limit);
        self.key_duration
            .map(text)
            .apply(&mut defaults.key_duration);
    }
}

/// A management route that a team lets its members use.
pub(crate) struct Permission(&'static str);

pub(crate) fn paths(permissions: Vec<Permission>) -> Vec<Box<str>> {
    let mut paths: Vec<Box<str>> = permissions
        .into_iter()
        .map(|permission| permission.0.into())
        .collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

mod permission {
    use ironward_policy::access::{Ownership, Route};
    use serde_json::{Value, json};

    use super::Permission;
    use crate::request::{FromJson, Place, Problems};

    /// Routes of LiteLLM's list that members need no permission for here, or that are not there:
    /// taken, as clients send the whole list back, and of no effect.
    const OTHERS: [&str; 9] = [
        "/key/health",
        "/key/list",
        "/key/aliases",
        "/team/key/bulk_update",
        "/key/access_group_assignment",
        "/team/daily/activity",
        "/team/daily/activity/aggregated",
        "/spend/logs",
        "/spend/logs/v2",
    ];

    /// Every route that a team may open to its members.
    pub(crate) fn available() -> Vec<&'static str> {
        let routes = Route::ALL.iter().copied();
        let permitted = routes.filter(|route| route.row().owners.contains(&Ownership::TeamPermits));
        permitted.flat_map(Route::paths).collect()
    }

    impl FromJson for Permission {
        fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
            let text = Box::<str>::from_json(value, at, problems)?;
            // LiteLLM calls the slot of the path otherwise.
            let text = text.replace("{key_id}", "{key}");
            let known = available().into_iter().chain(OTHERS);
            let found = known.into_iter().find(|path| **path == *text);
            if found.is_none() {
                problems.value(
                    &at,
                    "is no route that a team may open to its members; /team/permissions_list \
                     names them",
                );
            }
            found.map(Self)
        }

        fn schema() -> Value {
            let known: Vec<&str> = available().into_iter().chain(OTHERS).collect();
            json!({ "enum": known })
        }
    }
}

pub(super) use permission::available;
