use std::collections::BTreeSet;

use ironward_catalogue::PriceList;
use ironward_store::objects::Metadata;
use serde_json::{Value, json};

use super::listed::{Listed, visible};
use crate::answer::Row;
use crate::call::{Call, Outcome};
use crate::request::{Fields, Shape};

pub(crate) struct ShowGroups {
    group: Option<Box<str>>,
}

impl Shape for ShowGroups {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            group: fields.optional("model_group"),
        }
    }
}

/// What at least one deployment of the group can do.
pub(super) const ABILITIES: [&str; 7] = [
    "supports_parallel_function_calling",
    "supports_vision",
    "supports_web_search",
    "supports_url_context",
    "supports_reasoning",
    "supports_function_calling",
    "supports_fast_mode",
];

/// The largest of the group's deployments.
pub(super) const LARGEST: [&str; 5] = [
    "max_input_tokens",
    "max_output_tokens",
    "input_cost_per_token",
    "output_cost_per_token",
    "input_cost_per_pixel",
];

/// What the group's deployments have together.
pub(super) const SUMS: [&str; 4] = ["tpm", "rpm", "itpm", "otpm"];

/// `GET /model_group/info`: LiteLLM's `ModelGroupInfo` of each group that calls can go to.
pub(crate) fn show_groups(call: &Call<'_>) -> Outcome {
    let request: ShowGroups = call.query()?;
    let (permit, by) = call.authorise_route()?;
    let settings = call.plane.settings.load();
    let (found, _) = visible(call, by, &settings, None);
    let found: Vec<&Listed<'_>> = found
        .iter()
        .filter(|model| !model.is_blocked())
        .filter(|model| {
            request
                .group
                .as_ref()
                .is_none_or(|group| model.model_name() == &**group)
        })
        .collect();
    let groups = found.chunk_by(|one, other| one.model_name() == other.model_name());
    let rows = groups.filter_map(|deployments| group(deployments, &settings.prices));
    let rows: Vec<Value> = rows.collect();
    Ok(permit.answer(json!({ "data": rows })))
}

fn group(deployments: &[&Listed<'_>], prices: &PriceList) -> Option<Value> {
    let first = deployments.first()?;
    let told = deployments
        .iter()
        .map(|model| (*model, model.told_with_prices(prices)));
    let told: Vec<(&Listed<'_>, Metadata)> = told.collect();
    let said = |name: &'static str| {
        let values = told.iter();
        values.filter_map(move |(model, told)| told.get(name).or_else(|| model.params().get(name)))
    };
    let providers: BTreeSet<&str> = deployments
        .iter()
        .filter_map(|model| model.provider())
        .collect();
    let mut row = Row::default();
    row.put("model_group", first.model_name())
        .put("providers", providers);
    let mode = said("mode").next().cloned();
    row.put("mode", mode.unwrap_or_else(|| "chat".into()));
    for name in LARGEST {
        let largest = said(name).filter_map(Value::as_f64).reduce(f64::max);
        row.put(name, largest);
    }
    for name in SUMS {
        let sum = said(name)
            .filter_map(Value::as_u64)
            .reduce(u64::saturating_add);
        row.put(name, sum);
    }
    for name in ABILITIES {
        row.put(name, said(name).any(|value| value == &Value::Bool(true)));
    }
    row.put("supported_reasoning_efforts", Value::Null);
    row.put("supported_openai_params", Value::Array(Vec::new()));
    row.put("configurable_clientside_auth_params", Value::Null);
    Some(row.into_value())
}
