use std::sync::Arc;

use ironward_catalogue::Charged;
use ironward_core::{Money, Usage};
use ironward_ledger::{Charge, Reservation};
use ironward_wire::Call;

use super::asked::Asked;
use super::cap::Cap;
use super::ceiling::Ceiled;
use super::judge;
use crate::Gateway;
use crate::budgets::{Needs, Refusal};
use crate::cost;
use crate::snapshot::{Routed, Settings};
use crate::stages::route::Plan;

/// Proof that what the call can cost is reserved, in everybody's budget that bounds it. Whatever
/// becomes of the call, it is settled: when this is dropped, by what is known then.
#[derive(Default)]
pub(crate) struct Held(Option<Box<Holding>>);

struct Holding {
    reservation: Option<Reservation>,
    /// Of the deployment that is asked, or is about to be.
    ceiled: Ceiled,
    /// Its place in the plan.
    position: usize,
    /// The ceilings of attempts that failed after the provider had begun.
    lost: Charge,
    stage: Stage,
    asked: Asked,
    needs: Needs,
    fitted: Option<Arc<Call>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nobody was asked.
    Unsent,
    /// Somebody is being asked, or has answered.
    Asked,
    /// Somebody was asked and has failed.
    Failed,
}

impl Held {
    pub(super) fn new(
        reservation: Reservation,
        ceiled: Ceiled,
        (asked, needs): (Asked, Needs),
    ) -> Self {
        Self(Some(Box::new(Holding {
            reservation: Some(reservation),
            ceiled,
            position: 0,
            lost: Charge::default(),
            stage: Stage::Unsent,
            asked,
            needs,
            fitted: None,
        })))
    }

    /// The call is sent with an end of its answer.
    pub(super) fn fit(&mut self, call: Arc<Call>) {
        if let Some(holding) = &mut self.0 {
            holding.fitted = Some(call);
        }
    }

    /// The call, where its answer got an end that it does not name.
    pub(crate) fn fitted(&self) -> Option<Arc<Call>> {
        self.0.as_ref()?.fitted.clone()
    }

    /// How long a stream may become.
    pub(crate) fn cap(&self) -> Option<Cap> {
        let holding = self.0.as_ref().filter(|holding| holding.needs.budget)?;
        holding.ceiled.output.map(Cap::new)
    }

    /// An attempt begins: its ceiling, and those of attempts that may still be charged, are held.
    pub(crate) fn begin(
        &mut self,
        (gateway, settings): (&Gateway, &Settings),
        (plan, position, routed): (&Plan, usize, &Routed),
        call: &Call,
    ) -> Result<(), Box<Refusal>> {
        let Some(holding) = &mut self.0 else {
            return Ok(());
        };
        let mut ceiled = holding.ceiled;
        if position != holding.position {
            let model = plan.model(routed);
            let found = Ceiled::of(routed, &model, (call, &holding.asked), holding.needs);
            ceiled = judge(found, holding.needs, settings, &call.model)?;
        }
        let Some(reservation) = &mut holding.reservation else {
            return Ok(());
        };
        let most = holding.lost.plus(&ceiled.charge);
        let more = beyond(&most, reservation.ceiling());
        if more != Charge::default() {
            let extended = reservation.extend(&more);
            extended.map_err(|refused| {
                let now = gateway.budgets.ledger().now();
                Refusal::of(&refused, now, settings.budget_status)
            })?;
        }
        holding.ceiled = ceiled;
        holding.position = position;
        holding.stage = Stage::Asked;
        Ok(())
    }

    /// The attempt failed. `sent`: the provider had the request, and nobody knows what it charges.
    pub(crate) fn fail(&mut self, sent: bool) {
        let Some(holding) = &mut self.0 else {
            return;
        };
        if sent {
            let ceiling = holding.ceiled.charge;
            holding.lost = holding.lost.plus(&Charge {
                requests: 0,
                ..ceiling
            });
        }
        holding.stage = Stage::Failed;
    }

    /// The call is over. `charge`: what it is charged by, and what it comes to for this usage.
    /// `is_whole`: the provider has said all that it will of the usage; else the answer may have
    /// become as long as it may.
    pub(crate) fn settle(
        mut self,
        charge: Option<(&cost::Charge, Charged)>,
        (usage, is_whole): (Option<Usage>, bool),
        now: impl FnOnce() -> u64,
    ) {
        let Some(holding) = self.0.as_mut().filter(|one| one.stage == Stage::Asked) else {
            return;
        };
        let ceiling = holding.ceiled.charge;
        let actual = match (usage, charge) {
            (None, Some(_)) => ceiling,
            (None, None) => Charge::request(Money::ZERO, 0, 0),
            (Some(mut usage), charge) => {
                if !is_whole {
                    let most = holding.ceiled.output.unwrap_or(ceiling.output);
                    usage.output = usage.output.max(most);
                }
                let charged = charge.map(|(charge, charged)| {
                    if is_whole {
                        charged
                    } else {
                        charge.charge(Some(usage), now)
                    }
                });
                let cost = charged.map_or(Money::ZERO, |charged| cost_of(&charged, ceiling.cost));
                Charge::request(cost, usage.input, usage.output)
            }
        };
        let lost = holding.lost;
        if let Some(reservation) = holding.reservation.take() {
            reservation.settle(&lost.plus(&actual));
        }
    }
}

/// What nobody knows the whole of costs the ceiling, if that is more.
fn cost_of(charged: &Charged, ceiling: Money) -> Money {
    let cost = charged.amount.rounded();
    if charged.incomplete {
        cost.max(ceiling)
    } else {
        cost
    }
}

/// What `most` has more than `held`. It stays one request.
fn beyond(most: &Charge, held: &Charge) -> Charge {
    let cost = most.cost.nanos().saturating_sub(held.cost.nanos());
    Charge {
        cost: Money::from_nanos(cost),
        requests: 0,
        input: most.input.saturating_sub(held.input),
        output: most.output.saturating_sub(held.output),
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        let Some(reservation) = self.reservation.take() else {
            return;
        };
        match self.stage {
            Stage::Unsent => reservation.release(),
            Stage::Asked => reservation.settle(&self.lost.plus(&self.ceiled.charge)),
            Stage::Failed => reservation.settle(&Charge {
                requests: 1,
                ..self.lost
            }),
        }
    }
}
