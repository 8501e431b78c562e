use std::collections::BTreeMap;
use std::fmt;

use ironward_core::{Amount, InvalidMoney};

use crate::line::billionths;
use crate::off_peak::minute;
use crate::{Meter, OffPeak, Prices, Rate, Service, Side, Uplift, Window};

/// Why a price of LiteLLM's form cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPrice {
    /// The field, with dots on the way into objects and lists.
    pub field: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Reads prices as LiteLLM's configuration (`litellm_params`) and its price map write them.
///
/// A field is its name and its decimal text, which is never read as a floating-point number; what
/// is inside an object or a list comes with its way there:
/// `search_context_cost_per_query.search_context_size_low`, `tiered_pricing.0.range.1`. xAI counts
/// a size as passed when the prompt has just reached it.
///
/// # Errors
/// When a field is no price that we know, or its text no amount.
pub fn from_litellm<'a>(
    provider: &str,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Prices, InvalidPrice> {
    let mut reading = Reading {
        reached: provider == "xai",
        ..Reading::default()
    };
    for (field, text) in fields {
        reading.take(field, text).map_err(|why| InvalidPrice {
            field: field.to_owned(),
            why,
        })?;
    }
    reading.prices()
}

/// Whether LiteLLM's configuration and price map call a price so, or an object or a list of prices.
#[must_use]
pub fn is_price(field: &str) -> bool {
    let (rest, _) = split_service(field);
    let (rest, _) = split_size(rest);
    let inside = |list: &str| list.trim_end_matches('.') == field;
    let holds = |meter: &Meter| {
        let object = meter.litellm().split_once('.');
        object.is_some_and(|(object, _)| object == field)
    };
    Meter::of_litellm(rest).is_some()
        || Uplift::of_litellm(field).is_some()
        || inside(TIERS)
        || inside(OFF_PEAK)
        || Meter::ALL.iter().any(holds)
}

/// What LiteLLM calls a rate: the inverse of [`from_litellm`]. Sizes are written in full, so that a
/// range of `tiered_pricing` and a price above a size are written alike.
#[must_use]
pub fn field_of(rate: &Rate) -> String {
    let mut field = rate.meter.litellm().to_owned();
    if rate.service == Service::OffPeak {
        field.insert_str(0, OFF_PEAK);
    }
    if rate.above > 0 {
        field.push_str(&format!("_above_{}_tokens", rate.above));
    }
    field.push_str(rate.service.litellm_suffix().unwrap_or_default());
    field
}

const TIERS: &str = "tiered_pricing.";
const OFF_PEAK: &str = "off_peak_pricing.";
const UNKNOWN: &str = "not a price that is known here";
const NO_AMOUNT: &str = "not an amount of dollars";
const NEGATIVE: &str = "a price cannot be negative";
const TOO_LARGE: &str = "a price cannot be above 18 billion dollars";
const NO_SIZE: &str = "not a whole number of tokens";
const NO_HOURS: &str = "not hours of a week";

#[derive(Default)]
struct Reading {
    /// A size counts when it is reached, not when it is passed.
    reached: bool,
    rates: Vec<Rate>,
    uplifts: Vec<(Uplift, u64)>,
    tiers: BTreeMap<u32, Tier>,
    windows: BTreeMap<u32, Hours>,
    weekdays_ahead: i8,
}

/// A range of `tiered_pricing`.
#[derive(Default)]
struct Tier {
    above: u32,
    rates: Vec<(Meter, Amount)>,
}

/// A window of `off_peak_pricing`.
#[derive(Default)]
struct Hours {
    weekdays: u8,
    times: Vec<(u16, u16)>,
}

impl Reading {
    fn take(&mut self, field: &str, text: &str) -> Result<(), &'static str> {
        if let Some(rest) = field.strip_prefix(TIERS) {
            return self.take_tier(rest, text);
        }
        if let Some(rest) = field.strip_prefix(OFF_PEAK) {
            return self.take_off_peak(rest, text);
        }
        if let Some(uplift) = Uplift::of_litellm(field) {
            let times = billionths(text).ok_or("not a factor with at most nine places")?;
            self.uplifts.push((uplift, times));
            return Ok(());
        }
        let (rest, service) = split_service(field);
        let (rest, above) = split_size(rest);
        let meter = Meter::of_litellm(rest).ok_or(UNKNOWN)?;
        self.rates.push(Rate {
            meter,
            above: self.passed(above),
            service,
            price: amount(text)?,
        });
        Ok(())
    }

    fn take_tier(&mut self, rest: &str, text: &str) -> Result<(), &'static str> {
        let (number, field) = rest.split_once('.').ok_or(UNKNOWN)?;
        let tier = self
            .tiers
            .entry(number.parse().map_err(|_| UNKNOWN)?)
            .or_default();
        match field {
            "range.0" => tier.above = size(text)?,
            // So many results: the first price holds up to the second range's first number.
            "max_results_range.0" => tier.above = size(text)?.saturating_sub(1),
            "range.1" | "max_results_range.1" => {
                size(text)?;
            }
            field => {
                let meter = Meter::of_litellm(field).ok_or(UNKNOWN)?;
                tier.rates.push((meter, amount(text)?));
            }
        }
        Ok(())
    }

    fn take_off_peak(&mut self, rest: &str, text: &str) -> Result<(), &'static str> {
        if rest == "weekday_timezone" {
            self.weekdays_ahead = match text {
                "UTC" => 0,
                "Asia/Shanghai" => 8,
                _ => return Err("a time zone that is not known here"),
            };
            return Ok(());
        }
        if let Some(window) = rest.strip_prefix("windows.") {
            let (number, field) = window.split_once('.').ok_or(UNKNOWN)?;
            let number = number.parse().map_err(|_| UNKNOWN)?;
            return self.windows.entry(number).or_default().take(field, text);
        }
        self.rates.push(Rate {
            meter: Meter::of_litellm(rest).ok_or(UNKNOWN)?,
            above: 0,
            service: Service::OffPeak,
            price: amount(text)?,
        });
        Ok(())
    }

    fn passed(&self, above: u32) -> u32 {
        if self.reached {
            above.saturating_sub(1)
        } else {
            above
        }
    }

    fn prices(mut self) -> Result<Prices, InvalidPrice> {
        let off_peak = self.off_peak()?;
        let whole = self
            .tiers
            .values()
            .any(|tier| tier.price(Meter::Input).is_some());
        let mut prices = Prices::new(self.rates, self.uplifts, off_peak);
        if whole {
            prices = prices.without_token_prices();
        }
        let tiers: Vec<Tier> = std::mem::take(&mut self.tiers).into_values().collect();
        let rates = prices.rates().iter().copied().chain(tier_rates(&tiers));
        let off_peak = prices.off_peak().cloned();
        Ok(Prices::new(
            rates.collect(),
            prices.uplifts().to_vec(),
            off_peak,
        ))
    }

    fn off_peak(&self) -> Result<Option<OffPeak>, InvalidPrice> {
        let priced = self
            .rates
            .iter()
            .any(|rate| rate.service == Service::OffPeak);
        let mut windows = Vec::new();
        for hours in self.windows.values() {
            windows.extend(hours.times.iter().map(|(from, until)| Window {
                weekdays: hours.weekdays,
                from: *from,
                until: *until,
            }));
        }
        if priced == windows.is_empty() || windows.iter().any(|window| window.weekdays == 0) {
            return if priced || !windows.is_empty() {
                Err(InvalidPrice {
                    field: OFF_PEAK.trim_end_matches('.').to_owned(),
                    why: NO_HOURS,
                })
            } else {
                Ok(None)
            };
        }
        Ok(priced.then_some(OffPeak {
            windows,
            weekdays_ahead: self.weekdays_ahead,
        }))
    }
}

impl Tier {
    fn price(&self, meter: Meter) -> Option<Amount> {
        let mut rates = self.rates.iter();
        rates
            .find(|(own, _)| *own == meter)
            .map(|(_, price)| *price)
    }
}

impl Hours {
    fn take(&mut self, field: &str, text: &str) -> Result<(), &'static str> {
        if field == "hours_utc" || field.starts_with("hours_utc.") {
            let times = || {
                let (from, until) = text.split_once('-')?;
                let until = minute(until)?;
                Some((minute(from)?, if until == 0 { 1_440 } else { until }))
            };
            self.times.push(times().ok_or(NO_HOURS)?);
            return Ok(());
        }
        if !field.starts_with("weekdays.") {
            return Err(UNKNOWN);
        }
        let day = text.parse::<u8>().ok().filter(|day| (1..=7).contains(day));
        self.weekdays |= 1 << (day.ok_or(NO_HOURS)? - 1);
        Ok(())
    }
}

/// Each range is complete: what it has no price for costs its input or output, though another range
/// has a price for it.
fn tier_rates(tiers: &[Tier]) -> Vec<Rate> {
    let mut meters: Vec<Meter> = tiers
        .iter()
        .flat_map(|tier| tier.rates.iter().map(|(meter, _)| *meter))
        .collect();
    meters.sort_unstable();
    meters.dedup();
    let mut rates = Vec::new();
    for tier in tiers {
        for meter in &meters {
            let stand_in = match meter.side() {
                Side::Input => Meter::Input,
                Side::Output => Meter::Output,
                Side::Beside => *meter,
            };
            let price = tier.price(*meter).or_else(|| tier.price(stand_in));
            rates.extend(price.map(|price| Rate {
                meter: *meter,
                above: tier.above,
                service: Service::Standard,
                price,
            }));
        }
    }
    rates
}

fn split_service(field: &str) -> (&str, Service) {
    let suffixed = |service: &Service| {
        let rest = field.strip_suffix(service.litellm_suffix()?)?;
        Some((rest, *service))
    };
    let split = Service::ALL.iter().find_map(suffixed);
    split.unwrap_or((field, Service::Standard))
}

/// Splits `_above_128k_tokens` off.
fn split_size(field: &str) -> (&str, u32) {
    let split = || {
        let (rest, size) = field.strip_suffix("_tokens")?.rsplit_once("_above_")?;
        let thousands: u32 = size.strip_suffix('k')?.parse().ok()?;
        Some((rest, thousands.checked_mul(1_000)?))
    };
    split().unwrap_or((field, 0))
}

fn amount(text: &str) -> Result<Amount, &'static str> {
    Amount::from_decimal(text, 0).map_err(|invalid| match invalid {
        InvalidMoney::NotANumber => NO_AMOUNT,
        InvalidMoney::Negative => NEGATIVE,
        InvalidMoney::TooLarge => TOO_LARGE,
    })
}

/// A whole number, which may be written with zeros after a point.
fn size(text: &str) -> Result<u32, &'static str> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.bytes().any(|digit| digit != b'0') {
        return Err(NO_SIZE);
    }
    whole.parse().map_err(|_| NO_SIZE)
}

impl fmt::Display for InvalidPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.why)
    }
}

impl std::error::Error for InvalidPrice {}
