use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use ironward_core::{CallId, Clock, Random};
use ironward_egress::Upstream;
use ironward_journal::Desk;
use ironward_telemetry::Metrics;

use crate::{Access, Budgets, Buffers, InFlight, Management, SidePool, Snapshot};

/// What a data-plane thread works with: the configuration in force, the way out, time, randomness.
pub struct Gateway {
    /// The configuration in force; swapped whole.
    pub snapshot: Arc<ArcSwap<Snapshot>>,
    /// Who may call.
    pub access: Arc<Access>,
    /// The way to the providers. Each thread has its own, with its own connections.
    pub upstream: Box<dyn Upstream>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The calls that are running on all threads, and whether new ones are taken.
    pub in_flight: Arc<InFlight>,
    /// Who answers the management routes here, where the operator wants them on this port too.
    pub management: Option<Arc<dyn Management>>,
    /// Where much is worked on, for all threads.
    pub side_pool: Arc<SidePool>,
    /// Where the room for long bodies comes from, for all threads.
    pub buffers: Arc<Buffers>,
    /// What callers may spend, for all threads.
    pub budgets: Arc<Budgets>,
    /// Where calls are counted, for all threads.
    pub metrics: Arc<Metrics>,
    /// Where this thread has its calls recorded.
    pub journal: Arc<Desk>,
}

impl Gateway {
    /// The configuration in force now. A call keeps what it loaded until it is over.
    pub(crate) fn snapshot(&self) -> Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    pub(crate) fn draw_call_id(&self) -> CallId {
        CallId::draw(&*self.random)
    }

    /// A number from 0 up to, not including, 1.
    pub(crate) fn draw_fraction(&self) -> f64 {
        let mut bytes = [0; 4];
        self.random.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / 4_294_967_296.0
    }
}

pub(crate) fn milliseconds_since_1970(clock: &dyn Clock) -> u64 {
    let since = clock.wall().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
