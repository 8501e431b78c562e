use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::time;
use crate::fault::Refusal;
use crate::request::{FromJson as _, Name, Place, Problems, Shape, properties, read_fields};
use crate::sealing::is_secret;

/// Columns that say how things stand in LiteLLM, and nothing that bounds anybody.
const WITHOUT_MEANING: [&str; 19] = [
    "admins",
    "allowed_cache_controls",
    "created_at",
    "created_by",
    "key_name",
    "key_rotation_at",
    "last_active",
    "last_breach_check_at",
    "last_rotation_at",
    "members",
    "model_spend",
    "password_reset_required",
    "rotation_count",
    "settings_updated_at",
    "soft_budget_cooldown",
    "teams",
    "total_spend",
    "updated_at",
    "updated_by",
];

/// What LiteLLM keeps among the metadata that is a field of the API. Others stay metadata, whatever
/// they are called: people write their own there.
const AMONG_METADATA: [&str; 25] = [
    "allowed_passthrough_routes",
    "allowed_vector_store_indexes",
    "default_estimated_output_tokens",
    "default_estimated_output_tokens_per_model",
    "denied_passthrough_routes",
    "disable_global_guardrails",
    "enable_prompt_caching",
    "enforced_batch_output_expires_after",
    "enforced_file_expires_after",
    "enforced_params",
    "guardrails",
    "mcp_rpm_limit",
    "model_rpm_limit",
    "model_tpm_limit",
    "policies",
    "prompts",
    "rpm_limit_type",
    "secret_manager_settings",
    "tag_rpm_limit",
    "tags",
    "team_member_key_duration",
    "temp_budget_expiry",
    "temp_budget_increase",
    "throttle_on_budget_exceeded",
    "tpm_limit_type",
];

/// The columns in which people may have put a secret.
const FREE: [&str; 4] = ["config", "metadata", "permissions", "router_settings"];

/// Whether a text may be the id or the name of an object.
pub(super) fn is_name(text: &str) -> bool {
    Name::from_json(text.into(), Place::Body, &mut Problems::default()).is_some()
}

/// The columns of a row while they are taken. What is not set is as good as not there.
pub(super) struct Columns(Map<String, Value>);

impl Columns {
    pub(super) fn new(columns: Map<String, Value>) -> Self {
        let is_set = |value: &Value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(map) => !map.is_empty(),
            Value::Bool(true) | Value::Number(_) => true,
        };
        // `row_to_json` writes the float as a text. A budget without end is none.
        let is_endless = |name: &str, value: &Value| {
            ["max_budget", "soft_budget"].contains(&name) && value == "Infinity"
        };
        let columns = columns
            .into_iter()
            .filter(|(name, value)| is_set(value) && !is_endless(name, value));
        Self(columns.collect())
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    pub(super) fn put(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// A text, which stays.
    pub(super) fn peek(&self, name: &str) -> Option<Box<str>> {
        self.0.get(name)?.as_str().map(Into::into)
    }

    /// Whether the metadata say so.
    pub(super) fn metadata_say(&self, name: &str, value: bool) -> bool {
        let said = self.0.get("metadata").and_then(|found| found.get(name));
        said.and_then(Value::as_bool) == Some(value)
    }

    /// A value out of the metadata.
    pub(super) fn take_metadata(&mut self, name: &str) -> Option<Value> {
        let metadata = self.0.get_mut("metadata")?.as_object_mut()?;
        metadata.remove(name)
    }

    pub(super) fn text(&mut self, name: &str) -> Option<Box<str>> {
        match self.take(name)? {
            Value::String(text) => Some(text.into()),
            _ => None,
        }
    }

    /// A time; an error where it is none.
    pub(super) fn time(&mut self, name: &str) -> Result<Option<u64>, String> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let read = value.as_str().and_then(time::read);
        read.map(Some).ok_or_else(|| format!("{name} is no time"))
    }

    /// What `T` takes, as a request's body would be read.
    pub(super) fn read<T: Shape>(&mut self) -> Result<T, String> {
        let names: Vec<&'static str> = properties::<T>()
            .iter()
            .map(|property| property.name)
            .collect();
        self.lift(&names);
        let given: BTreeMap<String, Value> = names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.take(name)?)))
            .collect();
        let mut problems = Problems::default();
        let read = read_fields(given, Place::Body, &mut problems);
        problems.or(read).map_err(|refusal| reason(&refusal))
    }

    /// Takes out of the metadata what is a field here, where the row has no column for it.
    fn lift(&mut self, names: &[&'static str]) {
        let Some(Value::Object(mut metadata)) = self.0.remove("metadata") else {
            return;
        };
        for name in AMONG_METADATA {
            if names.contains(&name)
                && !self.0.contains_key(name)
                && let Some(value) = metadata.remove(name)
                && !value.is_null()
            {
                self.0.insert(name.to_owned(), value);
            }
        }
        if !metadata.is_empty() {
            self.0.insert("metadata".to_owned(), metadata.into());
        }
    }

    /// Takes out whatever holds a secret where people write what they like, and says what.
    pub(super) fn without_secrets(&mut self) -> Vec<String> {
        let mut removed = Vec::new();
        for column in FREE {
            let Some(Value::Object(map)) = self.0.get_mut(column) else {
                continue;
            };
            map.retain(|name, value| {
                let is_kept = !holds_secret(is_secret(name), value);
                if !is_kept {
                    removed.push(format!("{column}.{name}"));
                }
                is_kept
            });
        }
        removed
    }

    /// The names of what nobody took and what may mean something.
    pub(super) fn rest(self) -> Vec<String> {
        let names = self.0.into_iter().map(|(name, _)| name);
        names
            .filter(|name| !WITHOUT_MEANING.contains(&name.as_str()))
            .collect()
    }
}

/// Whether there is a text under a name that is a secret's, or that of something around it.
fn holds_secret(is_named_so: bool, value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty() && is_named_so,
        Value::Array(items) => items.iter().any(|item| holds_secret(is_named_so, item)),
        Value::Object(map) => map
            .iter()
            .any(|(name, value)| holds_secret(is_named_so || is_secret(name), value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The first reason, with its place.
fn reason(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Error(_) => refusal.message().to_owned(),
        Refusal::Shape(details) => details.first().map_or_else(String::new, |detail| {
            let place: Vec<String> = detail
                .loc
                .iter()
                .skip(1)
                .map(|part| {
                    part.as_str()
                        .map_or_else(|| part.to_string(), str::to_owned)
                })
                .collect();
            format!("{}: {}", place.join("."), detail.msg)
        }),
    }
}
