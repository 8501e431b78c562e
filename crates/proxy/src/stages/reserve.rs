//! What a call may cost at most is taken from everybody's budget that bounds it before the call
//! leaves, from all or from none.

mod asked;
mod cap;
mod ceiling;
mod held;

use std::sync::Arc;

use http::request::Parts;
use ironward_core::Fault;
use ironward_ledger::{Measure, NoCeiling};
use ironward_wire::{Body, Call};

use self::asked::Asked;
pub(crate) use self::cap::Cap;
use self::ceiling::Ceiled;
pub(crate) use self::held::Held;
use super::authorise::Permit;
use super::route::Plan;
use crate::Gateway;
use crate::budgets::{Bounds, Needs, Refusal, unpriced};
use crate::side_pool::Work;
use crate::snapshot::{Settings, Unpriced};

/// Of an answer whose most output tokens neither the call nor the catalogue says: the provider is
/// told.
const OUTPUT: u64 = 4096;

/// Less is no answer: a call for which no more is left is refused.
const LEAST_OUTPUT: u64 = 256;

/// An answer is fitted into what is left no more often than this; each time another counter was
/// shorter.
const FITTINGS: usize = 8;

/// Everything that counts the call, of the caller's, the end user's and the tags'.
pub(crate) fn bounds(
    gateway: &Gateway,
    settings: &Settings,
    permit: &Permit,
    (head, call): (&Parts, &Call),
) -> Result<Bounds, Fault> {
    let access = &gateway.access;
    let tags = if access.directory.tags.is_empty() {
        Vec::new()
    } else {
        asked::tags(&head.headers, &call.body)
    };
    let who = (permit.caller.chain(), permit.customer());
    gateway.budgets.of(access, settings.budget, who, &tags)
}

/// Plan x Bounds -> Held: the call's ceiling, in all counters or in none. A call that names no end of
/// its answer gets the model's; where that much is not left, what is left.
pub(crate) async fn reserve(
    (gateway, settings): (&Gateway, &Settings),
    plan: &Plan,
    bounds: Bounds,
    call: &Arc<Call>,
) -> Result<Held, Box<Refusal>> {
    let refuses_all = settings.unpriced == Unpriced::Refuse;
    if bounds.is_empty() && !refuses_all {
        return Ok(Held::default());
    }
    // A plan without deployments fails when it is attempted.
    let Some(routed) = plan.deployment(0) else {
        return Ok(Held::default());
    };
    let counters = bounds.counters(&call.model, plan.group());
    if counters.is_empty() && !refuses_all {
        return Ok(Held::default());
    }
    let mut needs = bounds.needs(&call.model, plan.group());
    needs.cost |= refuses_all;
    let mut asked = Asked::of(call, needs, &gateway.side_pool).await?;
    if needs.budget && asked.is_open() && is_endless(plan, call) {
        asked.fit(OUTPUT);
    }
    let find = |asked: &Asked| {
        let model = plan.model(routed);
        let found = Ceiled::of(routed, &model, (call, asked), needs);
        judge(found, needs, settings, &call.model)
    };
    let ledger = gateway.budgets.ledger();
    let mut fittings = 0;
    let (reservation, ceiled) = loop {
        let ceiled = find(&asked)?;
        let refused = match ledger.reserve(counters.iter().copied(), ceiled.charge) {
            Ok(reservation) => break (reservation, ceiled),
            Err(refused) => refused,
        };
        let room = refused.standing.remaining().unwrap_or_default();
        let is_fitted = if fittings == FITTINGS || !asked.is_open() {
            false
        } else if refused.is_budget() {
            let mut bare = asked;
            bare.fit(0);
            let output = ceiled.output_within(room, &find(&bare)?);
            let output = output.filter(|output| *output >= LEAST_OUTPUT);
            output.inspect(|output| asked.fit(*output)).is_some()
        } else if refused.standing.measure == Measure::Requests {
            false
        } else {
            let output = ceiled.output_less(refused.asked.saturating_sub(room));
            output.is_some_and(|output| asked.fit_limit(output))
        };
        if !is_fitted {
            return Err(Refusal::of(&refused, ledger.now(), settings.budget_status));
        }
        fittings += 1;
    };
    let mut held = Held::new(reservation, ceiled, (asked, needs));
    if let Some(output) = asked.fitted() {
        let (call, size) = (Arc::clone(call), call.body.bytes().len());
        let fit = move || with_output(&call, output).map(Arc::new);
        held.fit(gateway.side_pool.run(Work::Translate, size, fit).await?);
    }
    Ok(held)
}

/// Whether nobody says where an answer ends, at one of the deployments.
fn is_endless(plan: &Plan, call: &Call) -> bool {
    let mut deployments = (0..=plan.others(0)).filter_map(|position| plan.deployment(position));
    deployments.any(|routed| {
        let model = plan.model(routed);
        ceiling::is_endless(routed, &model, call)
    })
}

/// What a call without a ceiling comes to: a refusal, or nothing that is known.
fn judge(
    found: Result<Ceiled, (NoCeiling, Ceiled)>,
    needs: Needs,
    settings: &Settings,
    model: &str,
) -> Result<Ceiled, Box<Refusal>> {
    let (why, uncounted) = match found {
        Ok(ceiled) => return Ok(ceiled),
        Err(without) => without,
    };
    let is_refused = match settings.unpriced {
        Unpriced::Allow => false,
        Unpriced::RefuseWithBudget => needs.budget,
        Unpriced::Refuse => needs.budget || why == NoCeiling::Unpriced,
    };
    if is_refused {
        Err(unpriced(why, model).into())
    } else {
        Ok(uncounted)
    }
}

/// The call, with an end to its answer that it does not name itself.
fn with_output(call: &Call, output: u64) -> Result<Call, Fault> {
    let mut patch = call.body.patch();
    patch.set("max_tokens", output.to_string());
    let body = Body::read(patch.into_bytes())?;
    let mut fitted = Call::read(call.dialect, body, Some(&call.model))?;
    fitted.forwarded = call.forwarded.clone();
    Ok(fitted)
}
