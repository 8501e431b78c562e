//! OpenAI. <https://platform.openai.com/docs/api-reference>
//!
//! Quirks:
//! - Reasoning models (`o1`, `o3`, `gpt-5`...) refuse `max_tokens`, which is then written
//!   `max_completion_tokens`, and sampling parameters other than their defaults.
//! - An unknown field is an error, in messages and tools too.
//! - `metadata` is an error without `store: true`. LiteLLM's clients put tags and trace ids for
//!   the gateway there, so it is left out unless it is what OpenAI documents.
//! - The organisation and project are headers: `extra_headers` of the deployment.
//! - There is no count of tokens before a call; it is estimated here.

use ironward_core::Fault;
use ironward_wire::Patch;

use crate::compatible::{Compatible, Endpoints, Quirk};
use crate::{Target, Vendor};

pub(crate) const VENDOR: Vendor = OPENAI.vendor();

/// The row that the others depart from.
const OPENAI: Compatible = Compatible {
    name: "openai",
    aliases: &["text-completion-openai", "aiohttp_openai"],
    base_url: Some("https://api.openai.com/v1"),
    key_variables: &["OPENAI_API_KEY"],
    base_variables: &["OPENAI_BASE_URL", "OPENAI_API_BASE"],
    endpoints: Endpoints::ALL,
    renames: &[],
    refused: &["top_k"],
    strips: &["reasoning_content"],
    quirks: QUIRKS,
    ..Compatible::ROW
};

/// What OpenAI's models have wherever they are hosted.
pub(crate) const QUIRKS: &[Quirk] = &[
    Quirk::ReasoningModels,
    Quirk::Developer,
    Quirk::StoredMetadata,
];

/// Writes for a reasoning model what the others take.
/// <https://platform.openai.com/docs/guides/reasoning>
pub(crate) fn fit_reasoning_model(
    vendor: &Compatible,
    patch: &mut Patch<'_>,
    target: &Target<'_>,
) -> Result<(), Fault> {
    if !is_reasoning_model(target.model) {
        return Ok(());
    }
    patch.rename("max_tokens", "max_completion_tokens");
    if samples_without_reasoning(target.model) && !reasons(patch) {
        return Ok(());
    }
    let allow = &target.deployment.params.allow;
    for (field, default) in SAMPLING {
        let Some(written) = patch.get(field) else {
            continue;
        };
        let is_default = written.parse::<f64>().is_ok_and(|number| number == default)
            || (written == "false" && default == 0.0);
        if is_default || allow.iter().any(|allowed| &**allowed == field) {
            continue;
        }
        target.unsupported(vendor.name, field)?;
        patch.remove(field);
    }
    Ok(())
}

/// `o1`, `o3-mini`, `gpt-5`, `gpt-5.2-pro`... but not `gpt-5-chat-latest`; fine-tuned ones too.
fn is_reasoning_model(model: &str) -> bool {
    let name = base_name(model);
    let mut letters = name.bytes();
    let is_o = letters.next() == Some(b'o') && letters.next().is_some_and(|c| c.is_ascii_digit());
    is_o || (name.starts_with("gpt-5") && !name.contains("-chat"))
}

/// From `gpt-5.1` on, models sample like the older ones while their reasoning is off.
/// <https://platform.openai.com/docs/guides/latest-model>
fn samples_without_reasoning(model: &str) -> bool {
    base_name(model).starts_with("gpt-5.")
}

fn reasons(patch: &Patch<'_>) -> bool {
    patch
        .get("reasoning_effort")
        .is_some_and(|effort| effort != "\"none\"")
}

/// `ft:o4-mini:team::id` and `openai/o3` are the model that they name.
fn base_name(model: &str) -> &str {
    let model = model.strip_prefix("ft:").unwrap_or(model);
    let model = model.rsplit('/').next().unwrap_or(model);
    model.split(':').next().unwrap_or(model)
}

/// Fields that reasoning models refuse unless they have this value.
const SAMPLING: [(&str, f64); 6] = [
    ("temperature", 1.0),
    ("top_p", 1.0),
    ("presence_penalty", 0.0),
    ("frequency_penalty", 0.0),
    ("logprobs", 0.0),
    ("top_logprobs", 0.0),
];

#[cfg(test)]
mod tests;
