//! What a call may cost at most is taken from everybody's budget that bounds it before the call
//! leaves, from all or from none.

mod asked;
mod cap;
mod ceiling;
mod held;

use std::sync::Arc;

use http::request::Parts;
use ironward_core::Fault;
use ironward_ledger::NoCeiling;
use ironward_wire::{Body, Call};

use self::asked::Asked;
pub(crate) use self::cap::Cap;
use self::ceiling::Ceiled;
pub(crate) use self::held::Held;
use super::authorise::Permit;
use super::route::Plan;
use crate::Gateway;
use crate::budgets::{Bounds, Needs, Refusal, unpriced};
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
    let mut needs = bounds.needs(&call.model, plan.group());
    needs.cost |= refuses_all;
    needs.budget |= refuses_all;
    let counters = bounds.counters(&call.model, plan.group());
    if counters.is_empty() && !refuses_all {
        return Ok(Held::default());
    }
    let mut asked = Asked::of(call, needs, &gateway.side_pool).await?;
    if asked.output.is_none() && needs.cost && asked.answers > 0 {
        let mut others = (0..=plan.others(0)).filter_map(|position| plan.deployment(position));
        let is_open = others.any(|routed| {
            let model = plan.model(routed);
            ceiling::most_output(routed, &model, call).is_none()
        });
        if is_open {
            asked.fit(OUTPUT);
        }
    }
    let find = |asked: &Asked| {
        let model = plan.model(routed);
        let found = Ceiled::of(routed, &model, (call, asked), needs);
        judge(found, needs, settings, &call.model)
    };
    let mut ceiled = find(&asked)?;
    for _ in 0..FITTINGS {
        let reserved = gateway
            .budgets
            .ledger
            .reserve(counters.iter().copied(), ceiled.charge);
        let refused = match reserved {
            Ok(reservation) => {
                let fitted = asked.fitted_to(call)?;
                return Ok(Held::new(reservation, ceiled, (asked, needs), fitted));
            }
            Err(refused) => refused,
        };
        let now = gateway.budgets.ledger.now();
        let refusal = Refusal::of(&refused, now, settings.budget_status);
        if !refused.is_budget() || !asked.is_open() {
            return Err(refusal);
        }
        let mut none = asked;
        none.fit(0);
        let bare = find(&none)?;
        let room = refused.standing.remaining().unwrap_or_default();
        match ceiled.output_within(room, &bare) {
            Some(output) if output >= LEAST_OUTPUT => asked.fit(output),
            _ => return Err(refusal),
        }
        ceiled = find(&asked)?;
    }
    let now = gateway.budgets.ledger.now();
    let reserved = gateway
        .budgets
        .ledger
        .reserve(counters.iter().copied(), ceiled.charge);
    match reserved {
        Ok(reservation) => {
            let fitted = asked.fitted_to(call)?;
            Ok(Held::new(reservation, ceiled, (asked, needs), fitted))
        }
        Err(refused) => Err(Refusal::of(&refused, now, settings.budget_status)),
    }
}

/// What a call without a ceiling comes to: a refusal, or nothing that is known.
fn judge(
    found: Result<Ceiled, (NoCeiling, Ceiled)>,
    needs: Needs,
    settings: &Settings,
    model: &str,
) -> Result<Ceiled, Box<Refusal>> {
    match found {
        Ok(ceiled) => Ok(ceiled),
        Err((why, _)) if needs.budget && settings.unpriced != Unpriced::Allow => {
            Err(unpriced(why, model).into())
        }
        Err((_, uncounted)) => Ok(uncounted),
    }
}

/// The call, with an end to its answer that it does not name itself.
fn with_output(call: &Call, output: u64) -> Result<Arc<Call>, Fault> {
    let mut patch = call.body.patch();
    patch.set("max_tokens", output.to_string());
    let body = Body::read(patch.into_bytes())?;
    let mut fitted = Call::read(call.dialect, body, Some(&call.model))?;
    fitted.forwarded = call.forwarded.clone();
    Ok(Arc::new(fitted))
}
