use std::collections::BTreeMap;

use ironward_core::{Id, Money};
use ironward_policy::{Life, Period};
use ironward_store::objects::{Key, Metadata, Owner};
use serde_json::{Value, json};

use crate::fields::{Duration, GrantFields, Kept, KeptField, SpendingFields, Unset};
use crate::request::{Field, Fields, FromJson, Name, Place, Problems, Shape};

/// LiteLLM's fields of keys that have no effect yet.
pub(super) const KEPT: [KeptField; 24] = [
    KeptField::new("allowed_cache_controls", Unset::List),
    KeptField::new("allowed_passthrough_routes", Unset::Null),
    KeptField::new("allowed_vector_store_indexes", Unset::Null),
    KeptField::new("budget_fallbacks", Unset::Object),
    KeptField::new("config", Unset::Object),
    KeptField::new("default_estimated_output_tokens", Unset::Null),
    KeptField::new("default_estimated_output_tokens_per_model", Unset::Null),
    KeptField::new("denied_passthrough_routes", Unset::Null),
    KeptField::new("disable_global_guardrails", Unset::Null),
    KeptField::new("enable_prompt_caching", Unset::Null),
    KeptField::new("end_user_budget_id", Unset::Null),
    KeptField::new("enforced_params", Unset::Null),
    KeptField::new("guardrails", Unset::Null),
    KeptField::new("mcp_rpm_limit", Unset::Null),
    KeptField::new("permissions", Unset::Object),
    KeptField::new("policies", Unset::Null),
    KeptField::new("prompts", Unset::Null),
    KeptField::new("router_settings", Unset::Null),
    KeptField::new("rpm_limit_type", Unset::Null),
    KeptField::new("tag_rpm_limit", Unset::Null),
    KeptField::new("temp_budget_expiry", Unset::Null),
    KeptField::new("temp_budget_increase", Unset::Null),
    KeptField::new("throttle_on_budget_exceeded", Unset::Null),
    KeptField::new("tpm_limit_type", Unset::Null),
];

/// Those of them that LiteLLM takes from administrators only.
pub(super) const FOR_ADMINISTRATORS: [&str; 4] = [
    "allowed_passthrough_routes",
    "end_user_budget_id",
    "permissions",
    "router_settings",
];

pub(super) const SPEND: &str = "spend";
pub(super) const KEY_TYPE: &str = "key_type";

/// What making, changing and rotating a key have in common.
pub(crate) struct KeyFields {
    pub(super) alias: Field<Name>,
    pub(super) life: Field<LifeField>,
    pub(super) user: Field<Name>,
    pub(super) service_account: Field<Name>,
    pub(super) team: Field<Name>,
    pub(super) project: Field<Name>,
    pub(super) organisation: Field<Name>,
    pub(super) grant: GrantFields,
    pub(super) spending: SpendingFields,
    pub(super) spend: Field<Money>,
    aliases: Field<BTreeMap<Box<str>, Box<str>>>,
    tags: Field<Vec<Box<str>>>,
    auto_rotate: Field<bool>,
    rotation_interval: Field<Duration>,
    metadata: Field<Metadata>,
    pub(super) kept: Kept,
}

impl Shape for KeyFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        let read = Self {
            alias: fields.take("key_alias"),
            life: fields.take("duration"),
            user: fields.take("user_id"),
            service_account: fields.take("agent_id"),
            team: fields.take("team_id"),
            project: fields.take("project_id"),
            organisation: fields.take("organization_id"),
            grant: GrantFields::read(fields),
            spending: SpendingFields::read(fields),
            spend: fields.take(SPEND),
            aliases: fields.take("aliases"),
            tags: fields.take("tags"),
            auto_rotate: fields.take("auto_rotate"),
            rotation_interval: fields.take("rotation_interval"),
            metadata: fields.take("metadata"),
            kept: Kept::read(fields, &KEPT),
        };
        if read.auto_rotate == Field::Value(true) && read.rotation_interval.get().is_none() {
            fields.refuse(
                "rotation_interval",
                "is needed with auto_rotate; write 30d, say",
            );
        }
        if read.user.get().is_some() && read.service_account.get().is_some() {
            fields.refuse(
                "agent_id",
                "a key is a person's or a service account's, not both",
            );
        }
        read
    }
}

impl KeyFields {
    /// What is attached to the key, where the request says so.
    pub(super) const fn metadata(&self) -> Option<&Metadata> {
        self.metadata.get()
    }

    /// Changes what the request names, but for the life, which the policy has a say in.
    pub(crate) fn apply(self, key: &mut Key, now: u64) {
        self.alias.map(Name::into_text).apply(&mut key.alias);
        match (self.user, self.service_account) {
            (Field::Value(user), _) => key.owner = Owner::User(Id::new(user.as_str())),
            (_, Field::Value(account)) => {
                key.owner = Owner::ServiceAccount(Id::new(account.as_str()));
            }
            (Field::Null, _) if matches!(key.owner, Owner::User(_)) => key.owner = Owner::Team,
            (_, Field::Null) if matches!(key.owner, Owner::ServiceAccount(_)) => {
                key.owner = Owner::Team;
            }
            _ => {}
        }
        self.team
            .map(|id| Id::new(id.as_str()))
            .apply(&mut key.team);
        self.project
            .map(|id| Id::new(id.as_str()))
            .apply(&mut key.project);
        self.organisation
            .map(|id| Id::new(id.as_str()))
            .apply(&mut key.organisation);
        self.grant.apply(&mut key.grant, &mut key.kept);
        self.spending.apply(&mut key.spending, now);
        match self.spend {
            Field::Absent => {}
            Field::Null => drop(key.kept.remove(SPEND)),
            Field::Value(spend) => {
                key.kept.insert(SPEND.to_owned(), spend.to_dollars().into());
            }
        }
        self.aliases.apply_or_default(&mut key.aliases);
        self.tags.apply_or_default(&mut key.tags);
        let interval = self
            .rotation_interval
            .map(|period| period.0.to_string().into());
        interval.apply(&mut key.rotation_interval);
        if matches!(self.auto_rotate, Field::Value(false) | Field::Null) {
            key.rotation_interval = None;
        }
        self.metadata.apply_or_default(&mut key.metadata);
        self.kept.apply(&mut key.kept);
    }
}

/// How long a key lives: a period, or `-1` for no end.
#[derive(Debug, Clone, Copy)]
pub(super) struct LifeField(Option<Period>);

impl FromJson for LifeField {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let text = Box::<str>::from_json(value, at, problems)?;
        match Period::parse_or_never(&text) {
            Ok(period) => Some(Self(period)),
            Err(error) => {
                problems.value(&at, error.to_string());
                None
            }
        }
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": "^(-1|[1-9][0-9]{0,3}(s|m|h|d|w|mo))$"})
    }
}

/// The life that a request asks for; `null` is no end, as LiteLLM has it.
pub(super) const fn life(field: &Field<LifeField>) -> Life {
    match field {
        Field::Absent => Life::Default,
        Field::Null | Field::Value(LifeField(None)) => Life::Endless,
        Field::Value(LifeField(Some(period))) => Life::For(*period),
    }
}

/// LiteLLM's `key_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyType(pub(super) ironward_policy::KeyType, pub(super) &'static str);

impl FromJson for KeyType {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        use ironward_policy::KeyType as Of;
        crate::request::choice(
            &value,
            at,
            problems,
            &[
                ("llm_api", Self(Of::LlmApi, "llm_api")),
                ("management", Self(Of::Management, "management")),
                ("read_only", Self(Of::ReadOnly, "read_only")),
                ("default", Self(Of::Default, "default")),
            ],
        )
    }

    fn schema() -> Value {
        json!({"enum": ["llm_api", "management", "read_only", "default"]})
    }
}

#[cfg(test)]
mod tests {
    use super::KEPT;

    #[test]
    fn the_page_names_what_has_no_effect() {
        let page = std::fs::read_to_string("../../docs/admin-api.md").unwrap();
        let (_, named) = page.split_once("**Kept without effect**").unwrap();
        for field in KEPT {
            assert!(
                named.contains(&format!("`{}`", field.name)),
                "{}",
                field.name
            );
        }
    }
}
