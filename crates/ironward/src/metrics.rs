//! What is counted, as the configuration says.

use std::sync::Arc;

use ironward_config::Config;
use ironward_core::{Clock as _, SystemClock};
use ironward_telemetry::{ConfigNotice, Logging, Metrics, MetricsSettings, is_metric};

/// Begins to count.
pub(crate) fn begin(config: &Config, logging: &Logging) -> Arc<Metrics> {
    let prometheus = &config.litellm.prometheus;
    for name in &prometheus.excluded_metrics {
        if !is_metric(name) {
            let text = format!(
                "litellm_settings.prometheus_exclude_metrics: there is no metric '{name}'; \
                 docs/metrics.md lists them"
            );
            ConfigNotice { text: &text }.emit();
        }
    }
    let settings = MetricsSettings {
        litellm: !prometheus.named_in.is_empty(),
        buckets: prometheus.buckets.clone(),
        excluded_metrics: prometheus.excluded_metrics.clone(),
        excluded_labels: prometheus.excluded_labels.clone(),
        most_series: prometheus.most_series,
    };
    Arc::new(Metrics::new(
        settings,
        SystemClock.wall(),
        logging.lines_lost(),
    ))
}
