use std::sync::Arc;
use std::time::Duration;

use ironward_catalogue::Pricing;
use ironward_config::{Model, ModelInfo, ModelParams, WrittenPrices};
use ironward_core::Deployment;
use ironward_store::objects::Metadata;
use serde_json::Value;

/// A deployment of the configuration, as the admin plane shows it: nothing in it is a secret, and
/// no request changes it.
#[derive(Debug, Clone)]
pub struct ConfiguredModel {
    pub(super) id: Box<str>,
    pub(super) model_name: Box<str>,
    pub(super) provider: &'static str,
    pub(super) params: Metadata,
    pub(super) info: Metadata,
    pub(super) pricing: Arc<Pricing>,
    /// The model's name at the provider.
    pub(super) model: Box<str>,
}

impl ConfiguredModel {
    /// What is told about a deployment; `model` is its entry, where it has one. What the entry sets
    /// on request bodies is left out: a reference in it may have been resolved to a secret.
    #[must_use]
    pub fn new(deployment: &Deployment, pricing: &Arc<Pricing>, model: Option<&Model>) -> Self {
        let written = format!("{}/{}", deployment.provider, deployment.model);
        let mut params = Metadata::new();
        params.insert("model".to_owned(), written.into());
        if let Some(model) = model {
            show_params(&model.params, &mut params);
            show_prices(&model.prices, &mut params);
        }
        Self {
            id: deployment.id.as_str().into(),
            model_name: deployment.group.as_ref().into(),
            provider: deployment.provider,
            params,
            info: model
                .map(|model| description(&model.info))
                .unwrap_or_default(),
            pricing: Arc::clone(pricing),
            model: deployment.model.as_ref().into(),
        }
    }
}

/// Prices of its own that are single numbers; the others are among what is told of it.
fn show_prices(from: &WrittenPrices, params: &mut Metadata) {
    let single = from.fields().filter(|(name, _)| !name.contains('.'));
    for (name, text) in single {
        if let Ok(number) = text.parse::<f64>() {
            params.insert(name.to_owned(), number.into());
        }
    }
}

fn show_params(from: &ModelParams, params: &mut Metadata) {
    let seconds = |time: Duration| Value::from(time.as_secs_f64());
    let shown = [
        ("model", Some(from.model.as_str().into())),
        (
            "custom_llm_provider",
            from.custom_llm_provider.as_deref().map(Value::from),
        ),
        ("base_model", from.base_model.as_deref().map(Value::from)),
        ("api_version", from.api_version.as_deref().map(Value::from)),
        ("weight", from.weight.map(Value::from)),
        ("rpm", from.rpm.map(Value::from)),
        ("tpm", from.tpm.map(Value::from)),
        ("order", from.order.map(Value::from)),
        ("timeout", from.timeout.map(seconds)),
        ("stream_timeout", from.stream_timeout.map(seconds)),
        ("num_retries", from.num_retries.map(Value::from)),
    ];
    for (name, value) in shown {
        if let Some(value) = value {
            params.insert(name.to_owned(), value);
        }
    }
}

fn description(from: &ModelInfo) -> Metadata {
    let mut info = Metadata::new();
    for (name, json) in &from.fields {
        if let Ok(value) = serde_json::from_str(json) {
            info.insert(name.clone(), value);
        }
    }
    let words = [("mode", &from.mode), ("base_model", &from.base_model)];
    for (name, word) in words {
        if let Some(word) = word {
            info.insert(name.to_owned(), word.as_str().into());
        }
    }
    info
}
