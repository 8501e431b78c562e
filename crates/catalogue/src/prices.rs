use ironward_core::Amount;

use crate::{Meter, OffPeak, Service, Side, Uplift};

/// One price: of one unit of a meter, for a service, from a size of the prompt on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate {
    /// What it is the price of.
    pub meter: Meter,
    /// It holds for calls with more input tokens than this, for the whole call; for
    /// [`Meter::Queries`], with more results than this.
    pub above: u32,
    /// How the call is served.
    pub service: Service,
    /// The price of one unit.
    pub price: Amount,
}

/// All prices of a model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prices {
    /// In the order of meter, size and service; none twice.
    rates: Vec<Rate>,
    /// In billionths.
    uplifts: Vec<(Uplift, u64)>,
    off_peak: Option<OffPeak>,
}

impl Prices {
    /// Prices of these rates; of two for the same, the later one counts.
    #[must_use]
    pub fn new(
        rates: Vec<Rate>,
        mut uplifts: Vec<(Uplift, u64)>,
        off_peak: Option<OffPeak>,
    ) -> Self {
        uplifts.sort_unstable();
        let mut prices = Self {
            rates: Vec::with_capacity(rates.len()),
            uplifts,
            off_peak,
        };
        rates.into_iter().for_each(|rate| prices.set(rate));
        prices
    }

    /// Every price, in the order of meter, size and service.
    #[must_use]
    pub fn rates(&self) -> &[Rate] {
        &self.rates
    }

    /// What multiplies the cost, in billionths.
    #[must_use]
    pub fn uplifts(&self) -> &[(Uplift, u64)] {
        &self.uplifts
    }

    /// When [`Service::OffPeak`] holds, if there are such hours.
    #[must_use]
    pub const fn off_peak(&self) -> Option<&OffPeak> {
        self.off_peak.as_ref()
    }

    /// Whether there is no price at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rates.is_empty()
    }

    /// The price of one unit, for a service and a prompt of this size.
    ///
    /// The largest size that the prompt is above counts for the whole call, and there the price of
    /// the service before the standard one. A meter without a price has that of what stands in
    /// for it: cached tokens cost what input costs.
    #[must_use]
    pub fn price(&self, meter: Meter, service: Service, size: u64) -> Option<Amount> {
        std::iter::once(&meter)
            .chain(meter.stand_ins())
            .find_map(|meter| self.own_price(*meter, service, size))
    }

    fn own_price(&self, meter: Meter, service: Service, size: u64) -> Option<Amount> {
        let first = self.rates.partition_point(|rate| rate.meter < meter);
        let rates = self.rates.get(first..).unwrap_or_default();
        let rates = rates.iter().take_while(|rate| rate.meter == meter);
        let rates = rates.filter(|rate| {
            (rate.service == service || rate.service == Service::Standard)
                && (rate.above == 0 || u64::from(rate.above) < size)
        });
        rates
            .max_by_key(|rate| (rate.above, rate.service == service))
            .map(|rate| rate.price)
    }

    /// These prices with those of a deployment in front: a meter that `custom` has a price for is
    /// priced by it alone, for every service and size; what it leaves out stays.
    #[must_use]
    pub fn overridden(&self, custom: &Self) -> Self {
        let named = |meter: Meter| custom.rates.iter().any(|rate| rate.meter == meter);
        let kept = self.rates.iter().filter(|rate| !named(rate.meter));
        let rates = kept.chain(&custom.rates).copied().collect();
        let multiplied = |uplift: Uplift| custom.uplifts.iter().any(|(other, _)| *other == uplift);
        let uplifts = self
            .uplifts
            .iter()
            .filter(|(uplift, _)| !multiplied(*uplift));
        let uplifts = uplifts.chain(&custom.uplifts).copied().collect();
        let off_peak = custom.off_peak.clone().or_else(|| self.off_peak.clone());
        Self::new(rates, uplifts, off_peak)
    }

    /// Leaves out the prices of tokens that hold for prompts of any size.
    pub(crate) fn without_token_prices(mut self) -> Self {
        self.rates
            .retain(|rate| rate.meter.side() == Side::Beside || rate.service != Service::Standard);
        self
    }

    fn set(&mut self, rate: Rate) {
        let place = |other: &Rate| {
            (other.meter, other.above, other.service).cmp(&(rate.meter, rate.above, rate.service))
        };
        match self.rates.binary_search_by(place) {
            Ok(at) => {
                if let Some(other) = self.rates.get_mut(at) {
                    *other = rate;
                }
            }
            Err(at) => self.rates.insert(at, rate),
        }
    }
}
