use std::collections::HashMap;
use std::sync::Arc;

use ironward_config::Model;
use ironward_proxy::Routed;

/// Gives the deployments their shares as LiteLLM's simple shuffle does: by `weight` where any
/// deployment of the group has one, else by `rpm`, else by `tpm` (those without count as 0), else
/// all alike.
pub(super) fn assign(deployments: &mut [Routed], models: &[&Model]) {
    let mut measures: HashMap<&str, fn(&Model) -> Option<f64>> = HashMap::new();
    let by_weight: fn(&Model) -> Option<f64> = |model| model.params.weight;
    let by_rpm: fn(&Model) -> Option<f64> = |model| model.params.rpm.map(float);
    let by_tpm: fn(&Model) -> Option<f64> = |model| model.params.tpm.map(float);
    for measure in [by_tpm, by_rpm, by_weight] {
        for model in models.iter().filter(|model| measure(model).is_some()) {
            measures.insert(&model.name, measure);
        }
    }
    for (routed, model) in deployments.iter_mut().zip(models) {
        if let Some(measure) = measures.get(model.name.as_str()) {
            Arc::make_mut(&mut routed.deployment).weight = measure(model).unwrap_or(0.0);
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share needs no more than 52 bits"
)]
fn float(number: u64) -> f64 {
    number as f64
}
