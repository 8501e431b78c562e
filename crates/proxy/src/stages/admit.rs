use std::sync::Arc;
use std::time::{Duration, Instant};

use ironward_catalogue::Charged;
use ironward_core::{CallId, Clock, DeploymentId, Fault, FaultKind, Retry, Usage, shown_name};
use ironward_telemetry::{CallSettled, Series, Tally};
use ironward_wire::Dialect;

use super::attempt::Progress;
use super::authorise::Permit;
use super::reserve::{Cap, Held};
use crate::Gateway;
use crate::access::{Access, Cut, Limit, Place};
use crate::cost::Charge;
use crate::in_flight::Slot;
use crate::refusal;
use crate::snapshot::Settings;

/// Proof that the call was let in: it holds its place until it is settled. A grant that is dropped
/// unsettled belongs to a client that went away, and says so.
pub(crate) struct Grant {
    open: Option<Box<Open>>,
}

/// What is known of a running call.
struct Open {
    id: CallId,
    permit: Permit,
    dialect: Dialect,
    model: Box<str>,
    started: Instant,
    clock: Arc<dyn Clock>,
    deployment: Option<DeploymentId>,
    attempts: u32,
    usage: Option<Usage>,
    overhead: Option<Duration>,
    tally: Tally,
    charge: Option<Charge>,
    cost: Option<Charged>,
    held: Held,
    _slot: Slot,
    _place: Option<Place>,
}

/// How a call ended.
pub(crate) enum Outcome {
    /// The client got all of it.
    Complete,
    /// It failed, before or after the first byte.
    Broken(Fault),
}

/// What a call is admitted for.
pub(crate) struct Request<'a> {
    pub(crate) id: CallId,
    pub(crate) permit: Permit,
    pub(crate) dialect: Dialect,
    pub(crate) model: &'a str,
    /// Where calls to the model group are counted.
    pub(crate) series: Arc<Series>,
    pub(crate) started: Instant,
}

/// -> Grant: a place among the parallel calls, of the gateway's and of everybody's who limits theirs. Limits and budgets reserve here, all or nothing.
pub(crate) fn admit(
    gateway: &Gateway,
    settings: &Settings,
    request: Request<'_>,
) -> Result<Grant, Fault> {
    if gateway.in_flight.is_draining() {
        return Err(Fault::gateway(
            FaultKind::Unavailable,
            "the gateway is shutting down; send the call again",
        ));
    }
    let slot = gateway
        .in_flight
        .enter(settings.parallel_calls)
        .ok_or_else(|| {
            Fault::gateway(
                FaultKind::RateLimited,
                "the gateway runs as many calls at once as it may; try again soon",
            )
        })?;
    let Request {
        id,
        mut permit,
        dialect,
        model,
        series,
        started,
    } = request;
    let tally = Tally::new(Arc::clone(&gateway.metrics), dialect, series);
    let place = place(&gateway.access, std::mem::take(&mut permit.parallel))?;
    Ok(Grant {
        open: Some(Box::new(Open {
            id,
            permit,
            dialect,
            model: model.into(),
            started,
            clock: Arc::clone(&gateway.clock),
            deployment: None,
            attempts: 0,
            usage: None,
            overhead: None,
            tally,
            charge: None,
            cost: None,
            held: Held::default(),
            _slot: slot,
            _place: place,
        })),
    })
}

/// A place among the calls of everybody who limits how many of theirs may run.
fn place(access: &Access, limits: Vec<Limit>) -> Result<Option<Place>, Fault> {
    access
        .running
        .enter(limits)
        .map_err(|Limit { whose, most }| {
            let (kind, id) = whose.name();
            let message = format!(
                "Rate limit exceeded for {kind}: {id}. Limit type: max_parallel_requests. \
             Current limit: {most}, Remaining: 0."
            );
            let message = refusal::shown(&message, 512);
            let mut fault = Fault::downstream(FaultKind::RateLimited, message);
            fault.retry = Retry::Again(Some(Duration::from_secs(1)));
            fault
        })
}

impl Grant {
    /// A stream begins, whose first byte is there `first_byte` after the call's beginning. What may end
    /// it before its provider does: the end of what allowed it. `None`: nothing.
    pub(crate) fn watch(&mut self, access: &Access, first_byte: Duration) -> Option<Cut> {
        let open = self.open.as_mut()?;
        open.tally.streams_from(first_byte);
        open.permit.caller.chain()?;
        Some(access.streams.watch(open.permit.clone()))
    }

    /// The attempts are over: somebody answered, or nobody is left to ask. How long the call has taken
    /// until then, and how much of that the gateway itself added.
    pub(crate) fn attempted(&mut self, progress: &Progress) -> (Duration, Duration) {
        let Some(open) = &mut self.open else {
            return Default::default();
        };
        let since = |time: Instant| time.saturating_duration_since(open.started);
        let total = since(progress.ended);
        let overhead = total.saturating_sub(progress.waited);
        if let Some((began, series)) = &progress.last {
            open.tally.came_to(series, since(*began));
        }
        open.deployment = progress.deployment.clone();
        open.attempts = progress.attempts;
        open.overhead = Some(overhead);
        (total, overhead)
    }

    /// What the provider says that the call has consumed up to now.
    pub(crate) fn observe(&mut self, usage: Usage) {
        if let Some(open) = &mut self.open {
            open.usage = Some(usage);
        }
    }

    /// A provider has answered: what the call is charged by.
    pub(crate) fn charge_by(&mut self, charge: Option<Charge>) {
        if let Some(open) = &mut self.open {
            open.charge = charge;
        }
    }

    /// What is reserved for the call, from the provider's answer on.
    pub(crate) fn hold(&mut self, held: Held) {
        if let Some(open) = &mut self.open {
            open.held = held;
        }
    }

    /// How long a stream may become at most.
    pub(crate) fn cap(&self) -> Option<Cap> {
        self.open.as_ref()?.held.cap()
    }

    /// The call is over. What it cost, where a provider answered.
    pub(crate) fn settle(mut self, outcome: Outcome) -> Option<Charged> {
        let mut open = self.open.take()?;
        let cost = open.charge(matches!(outcome, Outcome::Complete));
        match outcome {
            Outcome::Complete => open.close(200, None),
            Outcome::Broken(fault) => open.close(fault.status(), Some(&fault)),
        }
        cost
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        if let Some(mut open) = self.open.take() {
            open.charge(false);
            let fault = Fault::downstream(
                FaultKind::ClientGone,
                "the client hung up before the reply was complete",
            );
            open.close(fault.status(), Some(&fault));
        }
    }
}

impl Open {
    fn close(&self, status: u16, fault: Option<&Fault>) {
        let settled = CallSettled {
            id: self.id,
            cost: self.cost,
            caller: self.permit.caller.named(),
            dialect: self.dialect.label(),
            model_group: shown_name(&self.model),
            deployment: self.deployment.as_ref().map(DeploymentId::as_str),
            status,
            fault,
            usage: self.usage,
            attempts: self.attempts,
            total: self.clock.now().saturating_duration_since(self.started),
            overhead: self.overhead,
        };
        self.tally.settle(&settled);
        settled.emit();
    }

    /// What the call has cost, now that its usage is what it is. `is_whole`: the provider has said
    /// all of it.
    fn charge(&mut self, is_whole: bool) -> Option<Charged> {
        let charge = self.charge.as_ref();
        let now = || seconds_since_1970(&*self.clock);
        self.cost = charge.map(|charge| charge.charge(self.usage, now));
        std::mem::take(&mut self.held).settle(charge, (self.usage, is_whole), now);
        self.cost
    }
}

fn seconds_since_1970(clock: &dyn Clock) -> u64 {
    let since = clock.wall().duration_since(std::time::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
