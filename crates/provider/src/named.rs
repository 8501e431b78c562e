//! Which vendor a `litellm_params.model` means.

use crate::{Vendor, find};

/// A vendor and the model's name there.
pub struct Named<'m> {
    /// The vendor.
    pub vendor: Vendor,
    /// The model, by the vendor's own name for it.
    pub model: &'m str,
}

/// Models that people write without their vendor, as LiteLLM allows.
const KNOWN_PREFIXES: [(&str, &str); 12] = [
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("text-embedding-", "openai"),
    ("davinci-", "openai"),
    ("babbage-", "openai"),
    ("ft:gpt-", "openai"),
    ("claude-", "anthropic"),
    ("gemini-", "gemini"),
    ("deepseek-", "deepseek"),
];

/// Reads `model`, or `provider` where it is named beside the model.
///
/// # Errors
/// When there is no such provider; the error says what to write instead.
pub fn name<'m>(model: &'m str, provider: Option<&str>) -> Result<Named<'m>, String> {
    if let Some(provider) = provider {
        let vendor = find(provider).ok_or_else(|| unknown(provider))?;
        let model = model
            .strip_prefix(provider)
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(model);
        return Ok(Named { vendor, model });
    }
    if let Some((prefix, rest)) = model.split_once('/') {
        if rest.is_empty() {
            return Err(format!("the model's name is missing behind '{prefix}/'"));
        }
        return find(prefix)
            .map(|vendor| Named {
                vendor,
                model: rest,
            })
            .ok_or_else(|| unknown(prefix));
    }
    KNOWN_PREFIXES
        .iter()
        .find(|(prefix, _)| model.starts_with(prefix))
        .and_then(|(_, provider)| find(provider))
        .map(|vendor| Named { vendor, model })
        .ok_or_else(|| {
            format!(
                "'{model}' does not name its provider; write provider/model, such as openai/{model}"
            )
        })
}

fn unknown(provider: &str) -> String {
    format!(
        "the provider '{provider}' is not known; for a server that speaks OpenAI's API write openai/... and api_base"
    )
}
