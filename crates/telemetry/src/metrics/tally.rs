use std::sync::Arc;
use std::time::Duration;

use ironward_core::FaultKind;
use ironward_wire::Dialect;

use super::Metrics;
use super::series::Series;
use crate::event::{CallSettled, Named};

/// What is known of a running call for its metrics; counted when it is settled.
#[derive(Debug)]
pub struct Tally {
    metrics: Arc<Metrics>,
    dialect: Dialect,
    series: Arc<Series>,
    /// When the last attempt began, from the call's own beginning.
    began: Option<Duration>,
    /// When the first byte of a stream was there.
    first_byte: Option<Duration>,
}

impl Tally {
    /// A call in `dialect` to a model group, whose series this is.
    #[must_use]
    pub const fn new(metrics: Arc<Metrics>, dialect: Dialect, group: Arc<Series>) -> Self {
        Self {
            metrics,
            dialect,
            series: group,
            began: None,
            first_byte: None,
        }
    }

    /// The last attempt, so far, is one at this deployment, and began so long after the call.
    pub fn came_to(&mut self, series: &Arc<Series>, began: Duration) {
        self.series = Arc::clone(series);
        self.began = Some(began);
    }

    /// A stream begins, so long after the call.
    pub fn streams_from(&mut self, first_byte: Duration) {
        if self.first_byte.replace(first_byte).is_none() {
            self.metrics.streams.open();
        }
    }

    /// The call is over.
    pub fn settle(&self, call: &CallSettled<'_>) {
        if self.first_byte.is_some() {
            self.metrics.streams.close();
        }
        let (series, metrics) = (&self.series, &self.metrics);
        let bounds = metrics.series.bounds();
        let fault = call.fault.map(|fault| fault.kind);
        series.calls.count(self.dialect, fault);
        if metrics.series.is_other(series) {
            metrics.over_cap.increment();
        }
        if let Some(usage) = &call.usage {
            series.tokens.add(usage);
        }
        if let Some(charged) = &call.cost {
            series.costs.add(charged);
        }
        series.total.observe(bounds, call.total);
        if let Some(overhead) = call.overhead {
            series.overhead.observe(bounds, overhead);
        }
        if let Some(first_byte) = self.first_byte {
            series.first_byte.observe(bounds, first_byte);
        }
        self.settle_with_caller(call, fault);
    }

    fn settle_with_caller(&self, call: &CallSettled<'_>, fault: Option<FaultKind>) {
        let Some(callers) = &self.metrics.callers else {
            return;
        };
        let bounds = self.metrics.series.bounds();
        callers.with((call.caller, &self.series), bounds, |pair| {
            pair.calls.count(self.dialect, fault);
            if let Some(usage) = &call.usage {
                pair.tokens.add(usage);
            }
            if let Some(charged) = &call.cost {
                pair.costs.add(charged);
            }
            // As with LiteLLM, of calls that went well alone.
            if fault.is_some() {
                return;
            }
            pair.total.observe(bounds, call.total);
            let Some(began) = self.began else { return };
            let answering = call.total.saturating_sub(began);
            pair.answering.observe(bounds, answering);
            if let Some(first_byte) = self.first_byte {
                let first_token = first_byte.saturating_sub(began);
                pair.first_token.observe(bounds, first_token);
            }
        });
    }
}

impl Series {
    /// An attempt at this deployment begins; `is_retry`: it is not the call's first.
    pub fn begin_attempt(&self, is_retry: bool) {
        self.attempts.increment();
        if is_retry {
            self.retries.increment();
        }
    }

    /// An attempt has ended, so long after it began: well, or with a fault.
    pub fn end_attempt(&self, metrics: &Metrics, took: Duration, fault: Option<FaultKind>) {
        self.answers.count(fault);
        self.attempt.observe(metrics.series.bounds(), took);
    }

    /// What the provider says is left of its limits.
    pub fn note_remaining(&self, requests: Option<u64>, tokens: Option<u64>) {
        if let Some(requests) = requests {
            self.remaining.requests.say(requests);
        }
        if let Some(tokens) = tokens {
            self.remaining.tokens.say(tokens);
        }
    }
}

impl Metrics {
    /// A request was answered with an error before it was admitted as a call. `call`: in which
    /// dialect it was to be one, and who sent it, where both are known.
    pub fn refuse(&self, fault: FaultKind, call: Option<(Dialect, Named<'_>)>) {
        self.refused.count(Some(fault));
        let (Some(callers), Some((dialect, caller))) = (&self.callers, call) else {
            return;
        };
        let nowhere = &self.series.nowhere;
        callers.with((caller, nowhere), self.series.bounds(), |pair| {
            pair.calls.count(dialect, Some(fault));
        });
    }
}
