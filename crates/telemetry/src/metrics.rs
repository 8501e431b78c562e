//! What happened, as numbers that Prometheus reads.
//!
//! A call writes to atomics that its snapshot has ready; nothing is locked or looked up by text, but
//! for LiteLLM's names, which tell callers apart. Every label is the configuration's, the directory's
//! or of a fixed set: nothing that a caller makes up becomes a series, and how many there may be is
//! bounded.

mod callers;
mod cells;
mod family;
mod litellm;
mod own;
mod page;
mod process;
mod series;
mod tally;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use callers::Callers;
use cells::{Bounds, Counter, Outcomes};
use series::AllSeries;

pub use family::{Exposition, is_metric};
pub use page::metrics_page;
pub use series::{Series, Served};
pub use tally::Tally;

/// The most deployments, and the most pairs of caller and deployment, that have series of their own.
const MOST: usize = 1000;

/// LiteLLM's buckets, in seconds, where the configuration does not say, with more below 5 ms: what a
/// gateway adds is small.
const BUCKETS: [f64; 22] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0,
    5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 420.0, 600.0,
];

/// What the configuration says about metrics.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricsSettings {
    /// LiteLLM's names are written beside Ironward's.
    pub litellm: bool,
    /// The upper bounds of all buckets, in seconds; `None`: [`BUCKETS`].
    pub buckets: Option<Vec<f64>>,
    /// Metrics that are not written.
    pub excluded_metrics: Vec<String>,
    /// Labels that are not written; what differed by nothing else is added up.
    pub excluded_labels: Vec<String>,
    /// How many deployments, and how many pairs of caller and deployment, have series of their own;
    /// `None`: [`MOST`].
    pub most_series: Option<usize>,
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    settings: MetricsSettings,
    started: SystemTime,
    series: AllSeries,
    /// Calls whose deployment has no series of its own.
    over_cap: Counter,
    callers: Option<Callers>,
    refused: Outcomes,
    streams: Streams,
    reloads: Reloads,
    lines_lost: Arc<AtomicU64>,
}

/// The streams that are open.
#[derive(Debug, Default)]
struct Streams {
    opened: Counter,
    closed: Counter,
}

impl Streams {
    fn open(&self) {
        self.opened.increment();
    }

    fn close(&self) {
        self.closed.increment();
    }

    fn count(&self) -> u64 {
        // In this order: one that is opened in between does not make it negative.
        let closed = self.closed.read();
        self.opened.read().saturating_sub(closed)
    }
}

/// The configurations that were read after the first.
#[derive(Debug, Default)]
struct Reloads {
    in_force: Counter,
    refused: Counter,
    /// Since when the one in force is so, in milliseconds since 1970.
    since: AtomicU64,
}

/// What others know at the moment when metrics are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moment {
    /// How many calls run.
    pub calls_running: usize,
    /// How old the last look at the store is that succeeded; `None`: there was none yet.
    pub store_age: Option<Duration>,
    /// Whether the store was heard from lately.
    pub is_connected: bool,
    /// How many wrong keys came.
    pub wrong_keys: u64,
}

/// With nothing configured, since 1970: for what counts and is not read.
impl Default for Metrics {
    fn default() -> Self {
        Self::new(
            MetricsSettings::default(),
            SystemTime::UNIX_EPOCH,
            Arc::default(),
        )
    }
}

impl Metrics {
    /// Nothing was counted yet. `lines_lost`: where the log counts lines that found no room.
    #[must_use]
    pub fn new(settings: MetricsSettings, started: SystemTime, lines_lost: Arc<AtomicU64>) -> Self {
        let most = settings.most_series.unwrap_or(MOST);
        let bounds = Bounds::new(settings.buckets.as_deref().unwrap_or(&BUCKETS));
        let series = AllSeries::new(bounds.clone(), most);
        let callers = settings.litellm.then(|| {
            let other = series.find_other();
            Callers::new(&bounds, (most, &settings.excluded_labels), other)
        });
        let reloads = Reloads::default();
        reloads
            .since
            .store(milliseconds(started), Ordering::Relaxed);
        Self {
            settings,
            started,
            series,
            over_cap: Counter::default(),
            callers,
            refused: Outcomes::default(),
            streams: Streams::default(),
            reloads,
            lines_lost,
        }
    }

    /// Where calls to a deployment, or to a model group alone, are counted.
    #[must_use]
    pub fn series(&self, served: Served<'_>) -> Arc<Series> {
        self.series.find(served)
    }

    /// A new configuration is in force since `now`.
    pub fn reload(&self, now: SystemTime) {
        self.reloads.in_force.increment();
        self.reloads
            .since
            .store(milliseconds(now), Ordering::Relaxed);
    }

    /// A changed configuration was refused.
    pub fn refuse_reload(&self) {
        self.reloads.refused.increment();
    }
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
