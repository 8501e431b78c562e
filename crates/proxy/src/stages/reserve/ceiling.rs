//! The most that a call can cost at one deployment.

use ironward_catalogue::Service;
use ironward_ledger::{Besides, Ceiling, Charge, Foreseen, NoCeiling};
use ironward_wire::Call;

use super::asked::{Asked, Reads};
use crate::budgets::Needs;
use crate::cost;
use crate::snapshot::Routed;
use crate::stages::local::Local;

/// What a provider says to its model about tools, besides what the call says of them.
/// <https://docs.claude.com/en/docs/agents-and-tools/tool-use/overview#pricing>
const TOOLS: u64 = 1024;

/// Media stand as text in the body; for limits no more of it is estimated than this.
const ESTIMATED_MEDIA: u64 = 8192;

/// The most that a call takes from its counters.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ceiled {
    /// The cost is a ceiling; the tokens, which only limits count, are an estimate that is made true
    /// when the call is settled.
    pub(super) charge: Charge,
    /// The most output tokens of all answers, where they bound the cost.
    pub(super) output: Option<u64>,
    answers: u64,
}

/// Whether an answer costs something and nobody says where it ends.
pub(super) fn is_endless(routed: &Routed, model: &str, call: &Call) -> bool {
    let charge = cost::Charge::of(routed, model, call);
    charge
        .is_some_and(|charge| charge.prices.prices.is_some() && charge.prices.max_output.is_none())
}

impl Ceiled {
    /// # Errors
    /// Why there is no ceiling, and what is known without one.
    pub(super) fn of(
        routed: &Routed,
        model: &str,
        (call, asked): (&Call, &Asked),
        needs: Needs,
    ) -> Result<Self, (NoCeiling, Self)> {
        let Some(charge) = cost::Charge::of(routed, model, call) else {
            // Providers charge nothing for such calls, and they count no tokens of their own.
            return Ok(Self {
                charge: Charge::request(Default::default(), 0, 0),
                ..Self::default()
            });
        };
        let named = asked.output_at(&routed.deployment, call);
        let output = named.or(charge.prices.max_output);
        let estimated = Self {
            charge: estimate(asked, named, output),
            output: output.map(|output| output.saturating_mul(asked.answers)),
            answers: asked.answers,
        };
        if !needs.cost {
            return Ok(Self {
                output: None,
                ..estimated
            });
        }
        let nothing = |why| (why, estimated);
        let Some(prices) = &charge.prices.prices else {
            // What the gateway answers by itself nobody charges, unless somebody sets a price.
            return match Local::of(routed, call.dialect) {
                Some(_) => Ok(estimated),
                None => Err(nothing(NoCeiling::Unpriced)),
            };
        };
        let output = output.ok_or_else(|| nothing(NoCeiling::Unbounded))?;
        let context = charge.prices.context;
        // A service that the provider chooses by itself is the standard one or a cheaper one.
        let services = [charge.service, Service::Standard];
        let besides = match asked.reads {
            Reads::Text => Besides::Nothing,
            Reads::Tools => Besides::Tokens(TOOLS),
            Reads::Media => Besides::Context(context),
        };
        let foreseen = Foreseen {
            // What is longer than the model takes is refused by the provider.
            text: context.map_or(asked.text, |most| asked.text.min(most)),
            besides,
            output,
            answers: asked.answers,
            writes_cache: true,
            gives_media: asked.gives_media,
            counted: &[],
            results: 0,
            services: &services,
            uplifts: &charge.uplifts,
        };
        let ceiling = Ceiling::of(prices, &foreseen).map_err(nothing)?;
        let most = ceiling.charge(&charge.prices.adjustment);
        let charge = Charge {
            cost: most.cost,
            ..estimated.charge
        };
        Ok(Self {
            charge,
            ..estimated
        })
    }

    /// The most output tokens of an answer for which the cost stays within `room`; `bare` is the same
    /// call without any. The cost rises by the same for each.
    pub(super) fn output_within(&self, room: u64, bare: &Self) -> Option<u64> {
        let (most, least) = (self.charge.cost.nanos(), bare.charge.cost.nanos());
        let left = u128::from(room.checked_sub(least)?);
        let rise = u128::from(most.checked_sub(least)?);
        let output = u128::from(self.output?);
        // One is taken off for what is rounded up.
        let fits = (left * output).checked_div(rise)?.saturating_sub(1);
        let each = fits.checked_div(u128::from(self.answers))?;
        u64::try_from(each).ok()
    }

    /// The most output tokens of an answer for which a limit has room that is `short` of so many.
    pub(super) fn output_less(&self, short: u64) -> Option<u64> {
        let left = self.charge.output.checked_sub(short)?;
        left.checked_div(self.answers)
    }
}

fn estimate(asked: &Asked, named: Option<u64>, output: Option<u64>) -> Charge {
    let text = asked.text.div_ceil(4);
    let input = match asked.reads {
        Reads::Media => text.min(ESTIMATED_MEDIA),
        Reads::Text | Reads::Tools => text,
    };
    let each = named.unwrap_or_else(|| output.unwrap_or(u64::MAX).min(asked.guessed));
    Charge::request(
        Default::default(),
        input,
        each.saturating_mul(asked.answers),
    )
}
