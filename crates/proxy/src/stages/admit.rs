use std::sync::Arc;
use std::time::{Duration, Instant};

use ironward_core::{CallId, Clock, DeploymentId, Fault, FaultKind, Retry, Usage, shown_name};
use ironward_telemetry::CallSettled;
use ironward_wire::Dialect;

use super::authorise::Permit;
use crate::Gateway;
use crate::access::{Access, Cut, Limit, Place};
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
    overhead: Duration,
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
        started,
    } = request;
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
            overhead: Duration::ZERO,
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
    /// What may end a stream before its provider does: the end of what allowed it. `None`: nothing.
    pub(crate) fn watch(&self, access: &Access) -> Option<Cut> {
        let permit = &self.open.as_ref()?.permit;
        permit.caller.chain()?;
        Some(access.streams.watch(permit.clone()))
    }

    /// Which deployment answered, after how many attempts, and what the gateway itself added.
    pub(crate) fn attempted(
        &mut self,
        deployment: &DeploymentId,
        attempts: u32,
        overhead: Duration,
    ) {
        if let Some(open) = &mut self.open {
            open.deployment = Some(deployment.clone());
            open.attempts = attempts;
            open.overhead = overhead;
        }
    }

    /// That many attempts were made, the last one at this deployment, and none succeeded.
    pub(crate) fn failed(&mut self, deployment: Option<&DeploymentId>, attempts: u32) {
        if let Some(open) = &mut self.open {
            open.deployment = deployment.cloned();
            open.attempts = attempts;
        }
    }

    /// What the provider says that the call has consumed up to now.
    pub(crate) fn observe(&mut self, usage: Usage) {
        if let Some(open) = &mut self.open {
            open.usage = Some(usage);
        }
    }

    /// The call is over.
    pub(crate) fn settle(mut self, outcome: Outcome) {
        if let Some(open) = self.open.take() {
            match outcome {
                Outcome::Complete => open.close(200, None),
                Outcome::Broken(fault) => open.close(fault.kind.status(), Some(&fault)),
            }
        }
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            let fault = Fault::downstream(
                FaultKind::ClientGone,
                "the client hung up before the reply was complete",
            );
            open.close(fault.kind.status(), Some(&fault));
        }
    }
}

impl Open {
    fn close(&self, status: u16, fault: Option<&Fault>) {
        CallSettled {
            id: self.id,
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
        }
        .emit();
    }
}
