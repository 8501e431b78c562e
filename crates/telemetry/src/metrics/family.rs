//! A metric with its labels and meaning, and how it is written. Two tables of these are all metrics
//! that there are; the page about them is made of the same.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text, text};
use prometheus_client::encoding::{MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::cells::Spread;
use super::litellm::LITELLM;
use super::own::OWN;
use super::process::Process;
use super::series::Series;
use super::{Metrics, Moment};

/// A metric.
pub(super) struct Family {
    /// Without the `_total` of a counter.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) unit: &'static str,
    pub(super) labels: &'static [&'static str],
    pub(super) meaning: &'static str,
    pub(super) read: fn(&View, &mut Samples<'_>),
}

/// What kind of a metric it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Info,
}

impl Kind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge | Self::Info => "gauge",
            Self::Histogram => "histogram",
        }
    }

    /// What stands behind the name of a sample.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Counter => "_total",
            Self::Info => "_info",
            Self::Gauge | Self::Histogram => "",
        }
    }

    const fn of(self) -> MetricType {
        match self {
            Self::Counter => MetricType::Counter,
            Self::Gauge => MetricType::Gauge,
            Self::Histogram => MetricType::Histogram,
            Self::Info => MetricType::Info,
        }
    }
}

/// What metrics are read from, at one moment.
#[derive(Debug)]
pub(super) struct View {
    pub(super) metrics: Arc<Metrics>,
    pub(super) series: Vec<Arc<Series>>,
    pub(super) moment: Moment,
    pub(super) process: Process,
}

/// The value of a sample.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Whole(u64),
    Number(f64),
    Spread(Spread),
}

impl Value {
    fn join(&mut self, other: Self) {
        match (self, other) {
            (Self::Whole(sum), Self::Whole(more)) => *sum = sum.saturating_add(more),
            (Self::Number(sum), Self::Number(more)) => *sum += more,
            (Self::Spread(sum), Self::Spread(more)) => sum.join(&more),
            // One metric has values of one kind.
            (kept, _) => debug_assert!(false, "{kept:?}"),
        }
    }
}

/// The samples of one metric. Those that differ by nothing that is written are added up.
pub(super) struct Samples<'a> {
    labels: &'static [&'static str],
    excluded: &'a [String],
    rows: BTreeMap<Vec<Box<str>>, Value>,
}

impl Samples<'_> {
    /// Adds a sample, with a value for each label. A counter that counted nothing is none.
    pub(super) fn count<const N: usize>(&mut self, labels: [&str; N], count: u64) {
        if count > 0 || N == 0 {
            self.put(labels, Value::Whole(count));
        }
    }

    /// The same for a sum that is no whole number.
    pub(super) fn sum<const N: usize>(&mut self, labels: [&str; N], sum: f64) {
        if sum > 0.0 {
            self.put(labels, Value::Number(sum));
        }
    }

    /// Adds a sample, if there is one.
    pub(super) fn spread<const N: usize>(&mut self, labels: [&str; N], spread: Option<Spread>) {
        if let Some(spread) = spread {
            self.put(labels, Value::Spread(spread));
        }
    }

    /// Adds a sample.
    pub(super) fn put<const N: usize>(&mut self, labels: [&str; N], value: Value) {
        debug_assert_eq!(labels.len(), self.labels.len(), "{:?}", self.labels);
        let values = self.labels.iter().zip(labels);
        let kept = values.filter(|(label, _)| !self.is_excluded(label));
        let kept: Vec<Box<str>> = kept.map(|(_, value)| value.into()).collect();
        match self.rows.get_mut(&kept) {
            Some(sum) => sum.join(value),
            None => {
                self.rows.insert(kept, value);
            }
        }
    }

    fn is_excluded(&self, label: &str) -> bool {
        self.excluded.iter().any(|name| name == label)
    }

    fn write(&self, family: &Family, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            return Ok(());
        }
        let kind = family.kind.of();
        let mut encoder = encoder.encode_descriptor(family.name, family.meaning, None, kind)?;
        for (values, value) in &self.rows {
            let labels = family.labels.iter().copied();
            let kept = labels.filter(|label| !self.is_excluded(label));
            let labels: Vec<(&str, Cow<'_, str>)> = kept
                .zip(values)
                .map(|(label, value)| (label, readable(value)))
                .collect();
            write(&mut encoder, (family.kind, &labels), value)?;
        }
        Ok(())
    }
}

/// A name that people chose is one line of visible text in the answer too.
fn readable(value: &str) -> Cow<'_, str> {
    if value.chars().any(char::is_control) {
        let escaped = value.chars().map(|c| if c.is_control() { ' ' } else { c });
        return Cow::Owned(escaped.collect());
    }
    Cow::Borrowed(value)
}

fn write(
    encoder: &mut MetricEncoder<'_>,
    (kind, labels): (Kind, &Vec<(&str, Cow<'_, str>)>),
    value: &Value,
) -> fmt::Result {
    if kind == Kind::Info {
        return encoder.encode_info(labels);
    }
    let mut encoder = encoder.encode_family(labels)?;
    match (kind, value) {
        (Kind::Counter, Value::Whole(count)) => {
            encoder.encode_counter::<NoLabelSet, _, u64>(count, None)
        }
        (Kind::Counter, Value::Number(sum)) => {
            encoder.encode_counter::<NoLabelSet, _, u64>(sum, None)
        }
        (_, Value::Whole(number)) => encoder.encode_gauge(number),
        (_, Value::Number(number)) => encoder.encode_gauge(number),
        (_, Value::Spread(spread)) => {
            let count = spread.count();
            encoder.encode_histogram::<NoLabelSet>(spread.seconds(), count, &spread.buckets, None)
        }
    }
}

impl Collector for View {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let settings = &self.metrics.settings;
        let litellm = if settings.litellm { LITELLM } else { &[] };
        for family in OWN.iter().chain(litellm) {
            let name = |excluded: &String| is_named(family, excluded);
            if settings.excluded_metrics.iter().any(name) {
                continue;
            }
            let mut samples = Samples {
                labels: family.labels,
                excluded: &settings.excluded_labels,
                rows: BTreeMap::new(),
            };
            (family.read)(self, &mut samples);
            samples.write(family, &mut encoder)?;
        }
        Ok(())
    }
}

/// Whether this is the metric's name, with or without the suffix of its samples.
fn is_named(family: &Family, name: &str) -> bool {
    name.strip_prefix(family.name)
        .is_some_and(|rest| rest.is_empty() || rest == family.kind.suffix())
}

/// Whether there is a metric of this name, one of LiteLLM's included.
#[must_use]
pub fn is_metric(name: &str) -> bool {
    OWN.iter()
        .chain(LITELLM)
        .any(|family| is_named(family, name))
}

/// The formats that metrics are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposition {
    /// Prometheus' text format.
    Prometheus,
    /// `OpenMetrics`, as text.
    OpenMetrics,
}

impl Exposition {
    /// The one that a client likes best, by its `Accept`.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        let (mut open, mut plain) = (0.0, 0.0);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality = parts.find_map(|part| part.strip_prefix("q="));
            let quality = quality.map_or(1.0, |text| text.parse::<f32>().unwrap_or(0.0));
            match &*kind {
                "application/openmetrics-text" => open = quality.max(open),
                "text/plain" | "text/*" => plain = quality.max(plain),
                _ => {}
            }
        }
        if open > 0.0 && open >= plain {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    /// Its content type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => prometheus_text::CONTENT_TYPE,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

impl Metrics {
    /// Everything that was counted, as text.
    #[must_use]
    pub fn write(self: &Arc<Self>, format: Exposition, moment: Moment) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(View {
            metrics: Arc::clone(self),
            series: self.series.read(),
            moment,
            process: Process::read(),
        }));
        let mut text = String::with_capacity(16 << 10);
        let written = match format {
            Exposition::Prometheus => prometheus_text::encode(&mut text, &registry),
            Exposition::OpenMetrics => text::encode(&mut text, &registry),
        };
        // Writing to memory does not fail.
        debug_assert!(written.is_ok(), "{written:?}");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Exposition;

    #[test]
    fn the_format_is_the_one_that_is_liked_best() {
        for (accept, format) in [
            ("", Exposition::Prometheus),
            ("*/*", Exposition::Prometheus),
            ("text/plain", Exposition::Prometheus),
            // Prometheus 2.42.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                Exposition::OpenMetrics,
            ),
            (
                "application/openmetrics-text; version=1.0.0; q=0.3, text/plain;q=0.9",
                Exposition::Prometheus,
            ),
            ("application/openmetrics-text;q=0", Exposition::Prometheus),
            ("application/openmetrics-text;q=x", Exposition::Prometheus),
            ("Application/OpenMetrics-Text", Exposition::OpenMetrics),
        ] {
            assert_eq!(Exposition::accepted(accept), format, "{accept}");
        }
    }
}
