use std::fmt;

use ironward_catalogue::{Adjustment, Cost, Meter, Prices, Service, Uplift, Used};
use ironward_core::{Amount, Usage};

use crate::Charge;

/// What is known of a call before it is sent.
#[derive(Debug, Clone, Copy)]
pub struct Foreseen<'a> {
    /// Bytes of everything that the model reads as text: those of the body that is sent are no less.
    /// A token of text stands for at least one byte, so there are no more tokens than bytes; what a
    /// vendor's template puts around a message is less than the JSON around it.
    pub text: u64,
    /// What the model reads besides.
    pub besides: Besides,
    /// The most output tokens of one answer.
    pub output: u64,
    /// How many answers are asked for.
    pub answers: u64,
    /// Whether the provider may write what it reads to its prompt cache, for more than it costs to
    /// read; yes, where nobody knows.
    pub writes_cache: bool,
    /// Whether answers may be something else than text.
    pub gives_media: bool,
    /// The most that is counted besides tokens: seconds in thousandths, everything else one by one.
    pub counted: &'a [(Meter, u64)],
    /// How many results each search is asked for.
    pub results: u64,
    /// Every way in which it may be served; none is the standard one.
    pub services: &'a [Service],
    /// What multiplies its cost.
    pub uplifts: &'a [Uplift],
}

/// What a model reads besides the text of a call: images, audio, files, what a provider fetches, and
/// the instructions that it adds by itself when there are tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Besides {
    /// Nothing.
    Nothing,
    /// So many tokens at most, by the provider's rule.
    Tokens(u64),
    /// Nobody knows how many: as many as the model takes, if that is known.
    Context(Option<u64>),
}

/// The most that a call can cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceiling {
    /// The cost, part by part.
    pub cost: Cost,
    /// Input tokens.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
}

/// Why a call has no ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCeiling {
    /// Something that it uses has no price.
    Unpriced,
    /// Nobody knows how much it reads.
    Unbounded,
}

/// What text may cost when it is read.
const READ: &[Meter] = &[Meter::Input, Meter::Cached, Meter::CachedExplicit];
/// What it may cost when it is written to the provider's cache.
const WRITTEN: &[Meter] = &[
    Meter::CacheWrite,
    Meter::CacheWrite1h,
    Meter::CacheWrite12h,
    Meter::AudioWrite,
];
/// What something else may cost when it is read.
const MEDIA_READ: &[Meter] = &[
    Meter::AudioIn,
    Meter::AudioCached,
    Meter::ImageTokensIn,
    Meter::ImageTokensCached,
    Meter::VideoTokensIn,
];
/// What text may cost when it is given.
const GIVEN: &[Meter] = &[Meter::Output, Meter::Reasoning];
/// What something else may cost when it is given.
const MEDIA_GIVEN: &[Meter] = &[
    Meter::AudioOut,
    Meter::ImageTokensOut,
    Meter::VideoTokensOut,
];

impl Ceiling {
    /// The most that a call can cost at these prices: every input token at the dearest price that it
    /// can have, read or written to the cache, every output token likewise, and the number of input
    /// tokens at which that is most, since a longer prompt may be cheaper by the token.
    ///
    /// # Errors
    /// When there is no such number. Nothing is ever taken as free for want of a price.
    pub fn of(prices: &Prices, call: &Foreseen<'_>) -> Result<Self, NoCeiling> {
        let input = call.input()?;
        let output = call.output.saturating_mul(call.answers);
        let standard = [Service::Standard];
        let services = match call.services {
            [] => &standard,
            services => services,
        };
        // A price holds up to the next size, so a prompt costs most right at a size.
        let sizes = prices.rates().iter().map(|rate| u64::from(rate.above));
        let sizes = sizes.filter(|size| *size > 0 && *size < input);
        let mut most = Cost::default();
        for size in sizes.chain([input]) {
            for service in services {
                let cost = call.cost(prices, *service, size, output);
                let cost = cost.ok_or(NoCeiling::Unpriced)?;
                if cost.total() > most.total() {
                    most = cost;
                }
            }
        }
        Ok(Self {
            cost: most,
            input,
            output,
        })
    }

    /// What to reserve, at the price after discount and margin, rounded up.
    #[must_use]
    pub fn charge(&self, adjustment: &Adjustment) -> Charge {
        let cost = adjustment.charged(&self.cost).rounded_up();
        Charge::request(cost, self.input, self.output)
    }
}

impl Foreseen<'_> {
    /// The most input tokens.
    fn input(&self) -> Result<u64, NoCeiling> {
        match self.besides {
            Besides::Nothing => Ok(self.text),
            Besides::Tokens(tokens) => Ok(self.text.saturating_add(tokens)),
            Besides::Context(most) => most.ok_or(NoCeiling::Unbounded),
        }
    }

    /// The most that it costs with so many input tokens, served so; `None` where a price is missing.
    fn cost(&self, prices: &Prices, service: Service, input: u64, output: u64) -> Option<Cost> {
        let usage = Usage {
            input,
            output,
            ..Usage::default()
        };
        let mut cost = prices.cost(&Used {
            usage,
            beside: self.counted,
            results: self.results,
            service,
            uplifts: &[],
        });
        let dearest = |meters: &[&[Meter]]| {
            let meters = meters.iter().copied().flatten();
            meters
                .filter_map(|meter| prices.price(*meter, service, input))
                .max()
        };
        let written = if self.writes_cache { WRITTEN } else { &[] };
        let (read, given) = match (self.besides, self.gives_media) {
            (Besides::Nothing, false) => (&[][..], &[][..]),
            (Besides::Nothing, true) => (&[][..], MEDIA_GIVEN),
            (_, false) => (MEDIA_READ, &[][..]),
            (_, true) => (MEDIA_READ, MEDIA_GIVEN),
        };
        // A model that is paid by the image or the second has no price for tokens.
        let is_counted = !cost.beside.is_zero();
        let side = |price: Option<Amount>, count: u64| match price {
            Some(price) => Some(price.times(count)),
            None => (count == 0 || is_counted).then_some(Amount::ZERO),
        };
        cost.input = side(dearest(&[READ, written, read]), input)?;
        cost.output = side(dearest(&[GIVEN, given]), output)?;
        cost.incomplete = self.has_unpriced(prices, service, input);
        for uplift in self.uplifts {
            let times = prices.uplifts().iter().find(|(own, _)| own == uplift);
            if let Some((_, times)) = times {
                cost = cost.times_billionths(*times);
            }
        }
        (!cost.incomplete).then_some(cost)
    }

    /// Whether something is counted, besides tokens, that has no price.
    fn has_unpriced(&self, prices: &Prices, service: Service, input: u64) -> bool {
        self.counted.iter().any(|(meter, count)| {
            let size = match meter {
                Meter::Queries => self.results,
                _ => input,
            };
            *count > 0 && prices.price(*meter, service, size).is_none()
        })
    }
}

impl fmt::Display for NoCeiling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unpriced => "the model has no price for something that the call uses",
            Self::Unbounded => "nobody knows how many tokens the call's media are",
        })
    }
}

impl std::error::Error for NoCeiling {}

#[cfg(not(loom))]
#[cfg(test)]
mod tests;
