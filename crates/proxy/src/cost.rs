//! What a call costs: the prices of the model that answered it, and how it was served.

use ironward_catalogue::{Charged, ModelPrices, Service, Uplift, Used};
use ironward_core::{Deployment, Usage};
use ironward_wire::{Call, Dialect};

use crate::snapshot::Routed;

/// What a call is charged by, once a provider has answered it.
#[derive(Debug)]
pub(crate) struct Charge {
    pub(crate) prices: ModelPrices,
    pub(crate) service: Service,
    /// What multiplies the cost; mostly nothing.
    pub(crate) uplifts: Vec<Uplift>,
}

impl Charge {
    /// What `call` is charged by, which this deployment answered with this model. `None`: providers
    /// charge nothing for such calls.
    pub(crate) fn of(routed: &Routed, model: &str, call: &Call) -> Option<Self> {
        if call.dialect == Dialect::AnthropicCountTokens {
            return None;
        }
        let prices = routed.pricing.of(model);
        let said = |name| said(&routed.deployment, call, name);
        let asked = |uplift| match uplift {
            // https://docs.claude.com/en/api/messages
            Uplift::InferenceUs => said("inference_geo") == Some("us"),
            Uplift::Fast => said("speed") == Some("fast"),
            other => prices.region == Some(other),
        };
        let factors = prices.prices.as_ref().map(|prices| prices.uplifts());
        let factors = factors
            .unwrap_or_default()
            .iter()
            .map(|(uplift, _)| *uplift);
        let uplifts = factors.filter(|uplift| asked(*uplift)).collect();
        Some(Self {
            service: said("service_tier").map_or(Service::Standard, Service::of_tier),
            uplifts,
            prices,
        })
    }

    /// What it comes to for this usage. `now`: in seconds since 1970, asked for where prices are
    /// others by night.
    pub(crate) fn charge(&self, usage: Option<Usage>, now: impl FnOnce() -> u64) -> Charged {
        let Some(usage) = usage else {
            return self.prices.charge_unknown();
        };
        let hours = self.prices.prices.as_ref();
        let hours = hours.and_then(|prices| prices.off_peak());
        let service = match hours {
            Some(hours) if self.service == Service::Standard && hours.holds(now()) => {
                Service::OffPeak
            }
            _ => self.service,
        };
        self.prices.charge(&Used {
            usage,
            service,
            uplifts: &self.uplifts,
            ..Used::default()
        })
    }
}

/// What a request to the provider says in this field, as far as it is a text: what the deployment
/// sets, else the call, else what the deployment sets where calls say nothing.
fn said<'a>(deployment: &'a Deployment, call: &'a Call, name: &str) -> Option<&'a str> {
    // A word that is meant here has no escapes.
    field(deployment, call, name)?
        .strip_prefix('"')?
        .strip_suffix('"')
}

/// The JSON that a request to the provider has in this field.
pub(crate) fn field<'a>(deployment: &'a Deployment, call: &'a Call, name: &str) -> Option<&'a str> {
    fn find<'f>(fields: &'f [(Box<str>, Box<str>)], name: &str) -> Option<&'f str> {
        let found = fields.iter().find(|(field, _)| **field == *name);
        found.map(|(_, json)| &**json)
    }
    let params = &deployment.params;
    find(&params.extra_body, name)
        .or_else(|| call.body.field(name))
        .or_else(|| find(&params.defaults, name))
}
