use ironward_core::{Amount, Usage};

use crate::{Meter, Prices, Service, Side, Unit, Uplift};

/// What a call used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used<'a> {
    /// Its tokens.
    pub usage: Usage,
    /// What else was counted: seconds in thousandths, everything else one by one. Tokens among it
    /// (images, video) are parts of the usage's input or output.
    pub beside: &'a [(Meter, u64)],
    /// How many results each search was asked for.
    pub results: u64,
    /// How it was served.
    pub service: Service,
    /// What multiplies its cost.
    pub uplifts: &'a [Uplift],
}

/// What a call costs, by part; [`Cost::total`] is their sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Input tokens that are in no other part.
    pub input: Amount,
    /// Input tokens read from the provider's cache.
    pub cached: Amount,
    /// Input tokens written to it for five minutes.
    pub cache_write: Amount,
    /// Input tokens written to it for an hour.
    pub cache_write_1h: Amount,
    /// Audio tokens of the input.
    pub input_audio: Amount,
    /// Output tokens that are in no other part.
    pub output: Amount,
    /// Output tokens spent on reasoning.
    pub reasoning: Amount,
    /// Audio tokens of the output.
    pub output_audio: Amount,
    /// Everything that was counted beside those tokens.
    pub beside: Amount,
    /// Something was counted that has no price: the cost is what is known of it.
    pub incomplete: bool,
}

impl Cost {
    /// All parts together.
    #[must_use]
    pub const fn total(&self) -> Amount {
        self.input_side().plus(self.output_side()).plus(self.beside)
    }

    /// The parts of the input tokens.
    #[must_use]
    pub const fn input_side(&self) -> Amount {
        self.input
            .plus(self.cached)
            .plus(self.cache_write)
            .plus(self.cache_write_1h)
            .plus(self.input_audio)
    }

    /// The parts of the output tokens.
    #[must_use]
    pub const fn output_side(&self) -> Amount {
        self.output.plus(self.reasoning).plus(self.output_audio)
    }

    /// Each part times so many billionths, rounded half up to the 24th place.
    #[must_use]
    pub const fn times_billionths(&self, times: u64) -> Self {
        Self {
            input: self.input.times_billionths(times),
            cached: self.cached.times_billionths(times),
            cache_write: self.cache_write.times_billionths(times),
            cache_write_1h: self.cache_write_1h.times_billionths(times),
            input_audio: self.input_audio.times_billionths(times),
            output: self.output.times_billionths(times),
            reasoning: self.reasoning.times_billionths(times),
            output_audio: self.output_audio.times_billionths(times),
            beside: self.beside.times_billionths(times),
            incomplete: self.incomplete,
        }
    }
}

impl Prices {
    /// What a call costs, exactly: whole counts times whole prices. Only thousandths of seconds and
    /// uplifts are rounded, half up at the 24th place after the point. A count so large that the
    /// cost passes 340 trillion dollars stops there.
    ///
    /// Audio that is more than what was not cached is audio from the cache. Other parts that are more
    /// than their sum (a reply that contradicts itself) are all charged.
    #[must_use]
    pub fn cost(&self, used: &Used<'_>) -> Cost {
        let usage = &used.usage;
        let part_of = |side: Side| {
            let parts = used.beside.iter().filter(|(meter, _)| meter.side() == side);
            parts.fold(0_u64, |sum, (_, count)| sum.saturating_add(*count))
        };
        let write_1h = usage.input_cache_write_1h.min(usage.input_cache_write);
        let uncached = usage.input_uncached();
        let audio = usage.input_audio.min(uncached);
        let cached_audio = (usage.input_audio - audio).min(usage.input_cached);
        let input = (uncached - audio).saturating_sub(part_of(Side::Input));
        let output = usage
            .output
            .saturating_sub(usage.output_reasoning)
            .saturating_sub(usage.output_audio)
            .saturating_sub(part_of(Side::Output));
        let mut incomplete = false;
        let mut part = |meter, count| {
            if count == 0 {
                return Amount::ZERO;
            }
            let amount = self.part(meter, count, used);
            incomplete |= amount.is_none();
            amount.unwrap_or_default()
        };
        let mut cost = Cost {
            input: part(Meter::Input, input),
            cached: part(Meter::Cached, usage.input_cached - cached_audio)
                .plus(part(Meter::AudioCached, cached_audio)),
            cache_write: part(Meter::CacheWrite, usage.input_cache_write - write_1h),
            cache_write_1h: part(Meter::CacheWrite1h, write_1h),
            input_audio: part(Meter::AudioIn, audio),
            output: part(Meter::Output, output),
            reasoning: part(Meter::Reasoning, usage.output_reasoning),
            output_audio: part(Meter::AudioOut, usage.output_audio),
            beside: Amount::ZERO,
            incomplete: false,
        };
        for (meter, count) in used.beside {
            cost.beside = cost.beside.plus(part(*meter, *count));
        }
        cost.incomplete = incomplete;
        for uplift in used.uplifts {
            let times = self.uplifts().iter().find(|(own, _)| own == uplift);
            if let Some((_, times)) = times {
                cost = cost.times_billionths(*times);
            }
        }
        cost
    }

    fn part(&self, meter: Meter, count: u64, used: &Used<'_>) -> Option<Amount> {
        let size = match meter {
            Meter::Queries => used.results,
            _ => used.usage.input,
        };
        let price = self.price(meter, used.service, size)?;
        Some(match meter.unit() {
            Unit::Second => price.times_thousandths(count),
            _ => price.times(count),
        })
    }
}
