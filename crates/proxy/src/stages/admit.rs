use std::sync::Arc;
use std::time::{Duration, Instant};

use ironward_catalogue::Charged;
use ironward_core::{CallId, Clock, Fault, FaultKind, Retry, Usage, shown_name};
use ironward_journal::{Call, Cost, Desk, Pending, Settlement, Unwritten};
use ironward_telemetry::{CallSettled, Series, Tally};
use ironward_wire::Dialect;

use super::attempt::{Progress, Served};
use super::authorise::Permit;
use super::reserve::{Cap, Held};
use crate::Gateway;
use crate::access::{Access, Cut, Limit, Place};
use crate::cost::Charge;
use crate::gateway::milliseconds_since_1970;
use crate::in_flight::Slot;
use crate::refusal;
use crate::snapshot::Settings;

/// Proof that the call was let in: it holds its place until it is settled, and its record is on the way.
/// A grant that is dropped unsettled belongs to a client that went away, and says so.
pub(crate) struct Grant {
    open: Option<Box<Open>>,
}

/// Proof that the call is on the record: what a reply to it takes.
pub(crate) struct Recorded {
    grant: Grant,
    _proof: ironward_journal::Recorded,
}

/// A call that cannot be recorded: nothing is told of it but that.
pub(crate) struct Unrecorded {
    grant: Grant,
    fault: Fault,
}

/// What is known of a running call.
struct Open {
    id: CallId,
    permit: Permit,
    dialect: Dialect,
    model: Box<str>,
    started: Instant,
    clock: Arc<dyn Clock>,
    journal: Arc<Desk>,
    record: Pending,
    served: Option<Served>,
    attempts: u32,
    usage: Option<Usage>,
    first_byte: Option<Duration>,
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
    pub(crate) stream: bool,
    /// Where calls to the model group are counted.
    pub(crate) series: Arc<Series>,
    pub(crate) started: Instant,
    /// Milliseconds since 1970.
    pub(crate) now: u64,
}

/// -> Grant: a place among the parallel calls, of the gateway's and of everybody's who limits theirs,
/// and a record on its way.
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
        stream,
        series,
        started,
        now,
    } = request;
    let place = place(&gateway.access, std::mem::take(&mut permit.parallel))?;
    let record = gateway.journal.admit(&Call {
        id,
        at: now,
        who: permit.caller.recorded(),
        source: permit.caller.source,
        dialect: dialect.label(),
        model,
        stream,
    });
    let record = record.map_err(|error| {
        unrecorded("the gateway cannot record calls now, and takes none", error)
    })?;
    let tally = Tally::new(Arc::clone(&gateway.metrics), dialect, series);
    Ok(Grant {
        open: Some(Box::new(Open {
            id,
            permit,
            dialect,
            model: model.into(),
            started,
            clock: Arc::clone(&gateway.clock),
            journal: Arc::clone(&gateway.journal),
            record,
            served: None,
            attempts: 0,
            usage: None,
            first_byte: None,
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

/// The fault of a call that cannot be recorded.
fn unrecorded(message: &str, error: Unwritten) -> Fault {
    let mut fault = Fault::gateway(FaultKind::Unavailable, message).with_cause(error);
    fault.retry = Retry::Again(Some(Duration::from_secs(1)));
    fault
}

impl Grant {
    /// Waits until the call is on the record. Mostly it is by the time that a provider has answered.
    pub(crate) async fn recorded(mut self) -> Result<Recorded, Unrecorded> {
        let Some(open) = &mut self.open else {
            let fault = Fault::gateway(FaultKind::Internal, "the call is over");
            return Err(Unrecorded { grant: self, fault });
        };
        match open.journal.recorded(&open.record).await {
            Ok((proof, has_waited)) => {
                if has_waited {
                    open.note_wait();
                }
                Ok(Recorded {
                    grant: self,
                    _proof: proof,
                })
            }
            Err(error) => {
                open.note_wait();
                let message = "the gateway could not record the call, and keeps its reply back";
                let fault = unrecorded(message, error);
                Err(Unrecorded { grant: self, fault })
            }
        }
    }

    /// The attempts are over: somebody answered, or nobody is left to ask.
    pub(crate) fn attempted(&mut self, progress: Progress) {
        let Some(open) = &mut self.open else {
            return;
        };
        let since = |time: Instant| time.saturating_duration_since(open.started);
        let total = since(progress.ended);
        let overhead = total.saturating_sub(progress.waited);
        if let Some((began, series)) = &progress.last {
            open.tally.came_to(series, since(*began));
        }
        open.served = progress.served;
        open.attempts = progress.attempts;
        // Of a call that nobody was asked for there is nothing to compare with.
        if progress.attempts > 0 {
            open.first_byte = Some(total);
            open.overhead = Some(overhead);
        }
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

    /// The call is over. What it cost, where a provider answered.
    fn settle(mut self, outcome: Outcome) -> Option<Charged> {
        let mut open = self.open.take()?;
        let cost = open.charge(matches!(outcome, Outcome::Complete));
        match outcome {
            Outcome::Complete => open.close(200, None),
            Outcome::Broken(fault) => open.close(fault.status(), Some(&fault)),
        }
        cost
    }
}

impl Recorded {
    /// A stream begins. What may end it before its provider does: the end of what allowed it. `None`:
    /// nothing.
    pub(crate) fn watch(&mut self, access: &Access) -> Option<Cut> {
        let open = self.grant.open.as_mut()?;
        open.tally.streams_from(open.first_byte.unwrap_or_default());
        open.permit.caller.chain()?;
        Some(access.streams.watch(open.permit.clone()))
    }

    /// How long a stream may become at most.
    pub(crate) fn cap(&self) -> Option<Cap> {
        self.grant.open.as_ref()?.held.cap()
    }

    /// How long the call took until there was a reply, and how much of that the gateway itself added.
    pub(crate) fn times(&self) -> (Duration, Duration) {
        let open = self.grant.open.as_ref();
        let times = open.and_then(|open| Some((open.first_byte?, open.overhead?)));
        times.unwrap_or_default()
    }

    /// What the provider says that the call has consumed up to now.
    pub(crate) fn observe(&mut self, usage: Usage) {
        self.grant.observe(usage);
    }

    /// The call is over. What it cost, where a provider answered.
    pub(crate) fn settle(self, outcome: Outcome) -> Option<Charged> {
        self.grant.settle(outcome)
    }
}

impl Unrecorded {
    /// What the client is told; the outcome is recorded as soon as that can be done.
    pub(crate) fn settle(self) -> Fault {
        self.grant.settle(Outcome::Broken(self.fault.clone()));
        self.fault
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        if let Some(mut open) = self.open.take() {
            open.charge(false);
            let fault = if std::thread::panicking() {
                Fault::gateway(FaultKind::Internal, "the gateway failed during the call")
            } else {
                Fault::downstream(
                    FaultKind::ClientGone,
                    "the client hung up before the reply was complete",
                )
            };
            open.close(fault.status(), Some(&fault));
        }
    }
}

impl Open {
    fn close(&self, status: u16, fault: Option<&Fault>) {
        let served = self.served.as_ref();
        let settled = CallSettled {
            id: self.id,
            cost: self.cost,
            caller: self.permit.caller.named(),
            dialect: self.dialect.label(),
            model_group: shown_name(&self.model),
            deployment: served.map(|served| served.deployment.id.as_str()),
            status,
            fault,
            usage: self.usage,
            attempts: self.attempts,
            total: self.clock.now().saturating_duration_since(self.started),
            overhead: self.overhead,
        };
        self.tally.settle(&settled);
        settled.emit();
        self.journal.settle(&Settlement {
            id: self.id,
            at: milliseconds_since_1970(&*self.clock),
            served: served.map(|served| ironward_journal::Served {
                deployment: served.deployment.id.as_str(),
                provider: served.deployment.provider,
                region: served.region.as_deref(),
                model: served.model(),
            }),
            attempts: self.attempts,
            status,
            fault: fault.map(|fault| fault.kind.label()),
            usage: self.usage,
            cost: self.cost.map(|charged| Cost {
                dollars: charged.amount,
                incomplete: charged.incomplete,
                prices: charged.version,
            }),
            total: settled.total,
            first_byte: self.first_byte,
            overhead: self.overhead,
        });
    }

    /// Time has passed since the attempts were over, and no provider's.
    fn note_wait(&mut self) {
        let now = self.clock.now().saturating_duration_since(self.started);
        let waited = now.saturating_sub(self.first_byte.unwrap_or_default());
        self.first_byte = Some(now);
        self.overhead = self.overhead.map(|overhead| overhead + waited);
    }

    /// What the call has cost, now that its usage is what it is. `is_whole`: the provider has said
    /// all of it.
    fn charge(&mut self, is_whole: bool) -> Option<Charged> {
        let charge = self.charge.as_ref();
        let now = || milliseconds_since_1970(&*self.clock) / 1000;
        self.cost = charge.map(|charge| charge.charge(self.usage, now));
        let charge = charge.zip(self.cost);
        std::mem::take(&mut self.held).settle(charge, (self.usage, is_whole), now);
        self.cost
    }
}
