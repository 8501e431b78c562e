//! What a call writes to: atomics that nobody locks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ironward_catalogue::Charged;
use ironward_core::FaultKind;
use ironward_wire::Dialect;

/// A sum that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, more: u64) {
        if more > 0 {
            self.0.fetch_add(more, Ordering::Relaxed);
        }
    }

    pub(super) fn increment(&self) {
        self.add(1);
    }

    pub(super) fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many calls ended how: well, or with a fault of each kind.
#[derive(Debug)]
pub(super) struct Outcomes {
    well: Counter,
    faults: [Counter; FaultKind::ALL.len()],
}

impl Default for Outcomes {
    fn default() -> Self {
        Self {
            well: Counter::default(),
            faults: std::array::from_fn(|_| Counter::default()),
        }
    }
}

impl Outcomes {
    /// Counts one; `None`: it ended well.
    pub(super) fn count(&self, fault: Option<FaultKind>) {
        self.cell(fault).increment();
    }

    /// Those that there were, and how many of each.
    pub(super) fn read(&self) -> impl Iterator<Item = (Option<FaultKind>, u64)> {
        let faults = FaultKind::ALL.iter().copied().map(Some);
        let all = std::iter::once(None).chain(faults);
        all.map(|fault| (fault, self.cell(fault).read()))
            .filter(|(_, count)| *count > 0)
    }

    fn cell(&self, fault: Option<FaultKind>) -> &Counter {
        // Every kind has its place.
        fault
            .and_then(|kind| self.faults.get(kind.index()))
            .unwrap_or(&self.well)
    }
}

/// The same for each dialect.
#[derive(Debug, Default)]
pub(super) struct Calls([Outcomes; Dialect::ALL.len()]);

impl Calls {
    pub(super) fn count(&self, dialect: Dialect, fault: Option<FaultKind>) {
        let place = Dialect::ALL.iter().position(|known| *known == dialect);
        if let Some(outcomes) = place.and_then(|place| self.0.get(place)) {
            outcomes.count(fault);
        }
    }

    pub(super) fn read(&self) -> impl Iterator<Item = (Dialect, Option<FaultKind>, u64)> {
        let dialects = Dialect::ALL.iter().zip(&self.0);
        dialects.flat_map(|(dialect, outcomes)| {
            outcomes
                .read()
                .map(|(fault, count)| (*dialect, fault, count))
        })
    }
}

/// The upper bounds of a histogram's buckets, without the last, which has none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bounds {
    seconds: Box<[f64]>,
    nanoseconds: Box<[u64]>,
}

impl Bounds {
    /// Seconds, rising; what is not is left out.
    pub(super) fn new(seconds: &[f64]) -> Self {
        let mut kept: Vec<f64> = Vec::with_capacity(seconds.len());
        for bound in seconds {
            let rises = kept.last().is_none_or(|last| bound > last);
            if bound.is_finite() && *bound > 0.0 && rises {
                kept.push(*bound);
            }
        }
        Self {
            nanoseconds: kept
                .iter()
                .map(|seconds| {
                    nanoseconds(Duration::try_from_secs_f64(*seconds).unwrap_or(Duration::MAX))
                })
                .collect(),
            seconds: kept.into(),
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// How long something took, each time.
#[derive(Debug)]
pub(super) struct Histogram {
    /// One more than there are bounds.
    buckets: Box<[AtomicU64]>,
    nanoseconds: AtomicU64,
}

impl Histogram {
    pub(super) fn new(bounds: &Bounds) -> Self {
        Self {
            buckets: (0..=bounds.seconds.len())
                .map(|_| AtomicU64::new(0))
                .collect(),
            nanoseconds: AtomicU64::new(0),
        }
    }

    /// `bounds`: those that it was made with.
    pub(super) fn observe(&self, bounds: &Bounds, time: Duration) {
        let time = nanoseconds(time);
        let place = bounds.nanoseconds.partition_point(|bound| *bound < time);
        if let Some(bucket) = self.buckets.get(place) {
            bucket.fetch_add(1, Ordering::Relaxed);
            self.nanoseconds.fetch_add(time, Ordering::Relaxed);
        }
    }

    /// What it holds; `None`: nothing yet.
    pub(super) fn read(&self, bounds: &Bounds) -> Option<Spread> {
        let counts: Vec<u64> = self
            .buckets
            .iter()
            .map(|bucket| bucket.load(Ordering::Relaxed))
            .collect();
        if counts.iter().all(|count| *count == 0) {
            return None;
        }
        let bounds = bounds.seconds.iter().copied().chain([f64::INFINITY]);
        Some(Spread {
            buckets: bounds.zip(counts).collect(),
            nanoseconds: self.nanoseconds.load(Ordering::Relaxed).into(),
        })
    }
}

/// What a histogram held at one moment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spread {
    /// Upper bound in seconds, and how many lie between it and the one before.
    pub(super) buckets: Vec<(f64, u64)>,
    pub(super) nanoseconds: u128,
}

impl Spread {
    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a sum in a format that has floating point alone"
    )]
    pub(super) fn seconds(&self) -> f64 {
        self.nanoseconds as f64 / 1e9
    }

    /// Both together; they have the same bounds.
    pub(super) fn join(&mut self, other: &Self) {
        self.nanoseconds = self.nanoseconds.saturating_add(other.nanoseconds);
        for ((_, count), (_, more)) in self.buckets.iter_mut().zip(&other.buckets) {
            *count = count.saturating_add(*more);
        }
    }
}

/// What calls cost.
#[derive(Debug, Default)]
pub(super) struct Costs {
    /// In trillionths of a dollar. Past 18 million dollars it begins again at nothing, which
    /// Prometheus takes for a restart.
    picodollars: Counter,
    /// Calls whose cost is not known whole.
    pub(super) incomplete: Counter,
}

impl Costs {
    pub(super) fn add(&self, charged: &Charged) {
        let picodollars = charged.amount.picodollars();
        self.picodollars
            .add(u64::try_from(picodollars).unwrap_or(u64::MAX));
        self.incomplete.add(charged.incomplete.into());
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a sum in a format that has floating point alone"
    )]
    pub(super) fn dollars(&self) -> f64 {
        self.picodollars.read() as f64 / 1e12
    }
}

/// The tokens of calls, as their providers counted them.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pub(super) input: Counter,
    pub(super) input_cached: Counter,
    pub(super) input_cache_write: Counter,
    pub(super) input_audio: Counter,
    pub(super) output: Counter,
    pub(super) output_reasoning: Counter,
    pub(super) output_audio: Counter,
}

impl Tokens {
    pub(super) fn add(&self, usage: &ironward_core::Usage) {
        self.input.add(usage.input);
        self.input_cached.add(usage.input_cached);
        self.input_cache_write.add(usage.input_cache_write);
        self.input_audio.add(usage.input_audio);
        self.output.add(usage.output);
        self.output_reasoning.add(usage.output_reasoning);
        self.output_audio.add(usage.output_audio);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ironward_core::FaultKind;
    use ironward_wire::Dialect;

    use super::{Bounds, Calls, Histogram};

    #[test]
    fn a_time_lies_in_the_first_bucket_that_holds_it() {
        let bounds = Bounds::new(&[0.1, 0.25, 1.0]);
        let histogram = Histogram::new(&bounds);
        assert_eq!(histogram.read(&bounds), None);
        for milliseconds in [0, 100, 101, 250, 999, 1000, 1001, 60_000] {
            histogram.observe(&bounds, Duration::from_millis(milliseconds));
        }
        let mut spread = histogram.read(&bounds).unwrap();
        let counts = [(0.1, 2), (0.25, 2), (1.0, 2), (f64::INFINITY, 2)];
        assert_eq!(spread.buckets, counts);
        assert_eq!(spread.count(), 8);
        assert!((spread.seconds() - 63.451).abs() < 1e-9);
        let copy = spread.clone();
        spread.join(&copy);
        assert_eq!((spread.count(), spread.nanoseconds), (16, 126_902_000_000));
    }

    #[test]
    fn bounds_rise() {
        let bounds = Bounds::new(&[
            f64::NAN,
            -1.0,
            0.0,
            0.5,
            0.5,
            0.2,
            2.0,
            f64::INFINITY,
            1e300,
        ]);
        assert_eq!(*bounds.seconds, [0.5, 2.0, 1e300]);
        let histogram = Histogram::new(&bounds);
        histogram.observe(&bounds, Duration::MAX);
        assert_eq!(histogram.read(&bounds).unwrap().count(), 1);
    }

    #[test]
    fn calls_are_counted_by_dialect_and_kind_of_fault() {
        let calls = Calls::default();
        calls.count(Dialect::AnthropicMessages, None);
        calls.count(Dialect::OpenAiChat, Some(FaultKind::Unavailable));
        calls.count(Dialect::OpenAiChat, Some(FaultKind::BadRequest));
        calls.count(Dialect::OpenAiChat, Some(FaultKind::Unavailable));
        let found: Vec<_> = calls.read().collect();
        assert_eq!(
            found,
            [
                (Dialect::OpenAiChat, Some(FaultKind::BadRequest), 1),
                (Dialect::OpenAiChat, Some(FaultKind::Unavailable), 2),
                (Dialect::AnthropicMessages, None, 1),
            ]
        );
    }
}
