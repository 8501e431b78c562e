//! What is counted for each deployment, and for what a model group did without one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cells::{Bounds, Calls, Costs, Counter, Histogram, Outcomes, Tokens};

/// Who is behind a series. All of it is the configuration's: nothing that a caller makes up is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served<'a> {
    /// The model group, with its `*`s.
    pub group: &'a str,
    /// The provider; empty without a deployment.
    pub provider: &'a str,
    /// The deployment's id; empty for calls that came to none.
    pub deployment: &'a str,
    /// The model's name at the provider, with its `*`s.
    pub model: &'a str,
}

/// What is counted for a deployment. A snapshot holds these, so that a call looks nothing up.
#[derive(Debug)]
pub struct Series {
    group: Box<str>,
    provider: Box<str>,
    deployment: Box<str>,
    model: Box<str>,
    /// No other series has it.
    pub(super) number: u64,
    pub(super) calls: Calls,
    pub(super) tokens: Tokens,
    pub(super) costs: Costs,
    pub(super) total: Histogram,
    pub(super) overhead: Histogram,
    pub(super) first_byte: Histogram,
    pub(super) attempt: Histogram,
    pub(super) attempts: Counter,
    pub(super) retries: Counter,
    /// How attempts ended.
    pub(super) answers: Outcomes,
    /// What the provider said last of what is left of its limits.
    pub(super) remaining: Remaining,
}

/// What a provider says is left of its limits.
#[derive(Debug)]
pub(super) struct Remaining {
    pub(super) requests: Said,
    pub(super) tokens: Said,
}

/// A number that somebody said last.
#[derive(Debug)]
pub(super) struct Said(AtomicU64);

impl Said {
    const NEVER: u64 = u64::MAX;

    const fn new() -> Self {
        Self(AtomicU64::new(Self::NEVER))
    }

    pub(super) fn say(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Option<u64> {
        let number = self.0.load(Ordering::Relaxed);
        (number != Self::NEVER).then_some(number)
    }
}

impl Series {
    fn new(served: Served<'_>, number: u64, bounds: &Bounds) -> Self {
        Self {
            group: served.group.into(),
            provider: served.provider.into(),
            deployment: served.deployment.into(),
            model: served.model.into(),
            number,
            calls: Calls::default(),
            tokens: Tokens::default(),
            costs: Costs::default(),
            total: Histogram::new(bounds),
            overhead: Histogram::new(bounds),
            first_byte: Histogram::new(bounds),
            attempt: Histogram::new(bounds),
            attempts: Counter::default(),
            retries: Counter::default(),
            answers: Outcomes::default(),
            remaining: Remaining {
                requests: Said::new(),
                tokens: Said::new(),
            },
        }
    }

    pub(super) fn served(&self) -> Served<'_> {
        Served {
            group: &self.group,
            provider: &self.provider,
            deployment: &self.deployment,
            model: &self.model,
        }
    }
}

/// What stands for everything that found no room.
pub(super) const OTHER: &str = "other";

/// Every series that there is. It is asked when a snapshot is made and when metrics are read.
#[derive(Debug)]
pub(super) struct AllSeries {
    most: usize,
    bounds: Bounds,
    known: Mutex<Known>,
    other: Arc<Series>,
    /// Requests that were refused before they came to a group.
    pub(super) nowhere: Arc<Series>,
}

#[derive(Debug)]
struct Known {
    /// By their group.
    series: HashMap<Box<str>, Vec<Arc<Series>>>,
    count: usize,
    next: u64,
}

impl Known {
    /// Forgets those that nobody has any more.
    fn clean(&mut self) {
        self.series.retain(|_, series| {
            series.retain(|series| Arc::strong_count(series) > 1);
            !series.is_empty()
        });
        self.count = self.series.values().map(Vec::len).sum();
    }
}

impl AllSeries {
    pub(super) fn new(bounds: Bounds, most: usize) -> Self {
        let all = |name: &'static str| Served {
            group: name,
            provider: name,
            deployment: name,
            model: name,
        };
        Self {
            most,
            other: Arc::new(Series::new(all(OTHER), 0, &bounds)),
            nowhere: Arc::new(Series::new(all(""), 1, &bounds)),
            known: Mutex::new(Known {
                series: HashMap::new(),
                count: 0,
                next: 2,
            }),
            bounds,
        }
    }

    /// The series of this deployment: the one that there is, or a new one. When there are as many as
    /// there may be, those go that no snapshot and no call has any more; else it is `other`.
    pub(super) fn find(&self, served: Served<'_>) -> Arc<Series> {
        let mut known = self.lock();
        let found = known.series.get(served.group).and_then(|series| {
            let mut series = series.iter();
            series.find(|series| series.served() == served)
        });
        if let Some(found) = found {
            return Arc::clone(found);
        }
        if known.count >= self.most {
            known.clean();
        }
        if known.count >= self.most {
            return Arc::clone(&self.other);
        }
        let new = Arc::new(Series::new(served, known.next, &self.bounds));
        known.next += 1;
        known.count += 1;
        let ours = known.series.entry(served.group.into()).or_default();
        ours.push(Arc::clone(&new));
        new
    }

    /// All of them, the oldest first and `other` last.
    pub(super) fn read(&self) -> Vec<Arc<Series>> {
        let mut series: Vec<_> = self.lock().series.values().flatten().cloned().collect();
        series.sort_unstable_by_key(|series| series.number);
        series.push(Arc::clone(&self.other));
        series
    }

    /// What stands for those that found no room.
    pub(super) fn find_other(&self) -> Arc<Series> {
        Arc::clone(&self.other)
    }

    pub(super) const fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Whether it stands for those that found no room.
    pub(super) fn is_other(&self, series: &Series) -> bool {
        series.number == self.other.number
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{AllSeries, OTHER, Served};
    use crate::metrics::cells::Bounds;

    fn served(deployment: &str) -> Served<'_> {
        Served {
            group: "gpt",
            provider: "openai",
            deployment,
            model: "gpt-4o",
        }
    }

    #[test]
    fn a_deployment_keeps_its_series_and_what_is_over_the_cap_shares_one() {
        let all = AllSeries::new(Bounds::new(&[1.0]), 2);
        let (one, two) = (all.find(served("one")), all.find(served("two")));
        assert!(Arc::ptr_eq(&one, &all.find(served("one"))));
        let three = all.find(served("three"));
        assert!(all.is_other(&three));
        assert_eq!(three.served().deployment, OTHER);
        assert_eq!(three.served().group, OTHER);
        // One that is gone from every snapshot makes room.
        drop(two);
        let three = all.find(served("three"));
        assert_eq!(three.served().deployment, "three");
        let names: Vec<String> = all
            .read()
            .iter()
            .map(|series| series.served().deployment.to_owned())
            .collect();
        assert_eq!(names, ["one", "three", OTHER]);
        drop(one);
    }
}
