use std::sync::Arc;

use arc_swap::ArcSwap;
use ironward_admin::{Ask, Calls};
use ironward_policy::Explanation;
use ironward_proxy::{Access, InFlight, Question, Snapshot, explain_call};
use ironward_telemetry::Metrics;

/// What all data threads share, as the admin plane asks it.
#[derive(Clone)]
pub(crate) struct CallPath {
    pub(crate) access: Arc<Access>,
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) metrics: Arc<Metrics>,
}

impl CallPath {
    pub(crate) fn new(access: Arc<Access>, snapshot: Snapshot, metrics: Arc<Metrics>) -> Self {
        Self {
            access,
            snapshot: Arc::new(ArcSwap::from_pointee(snapshot)),
            in_flight: Arc::default(),
            metrics,
        }
    }
}

impl Calls for CallPath {
    fn explain(&self, ask: &Ask<'_>) -> Option<Explanation> {
        let question = Question {
            key: ask.key,
            model: ask.model,
            source: ask.source,
            now: ask.now,
        };
        explain_call(&self.access, &self.snapshot.load(), &question)
    }

    fn running(&self) -> usize {
        self.in_flight.count()
    }
}
