use std::fmt;

use ironward_core::Amount;

use crate::{Entry, Meter, Modalities, OffPeak, Prices, Rate, Service, Uplift};

/// Why a line of the catalogue cannot be read: the part, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidLine {
    /// The part of the line.
    pub part: String,
    /// What is wrong with it.
    pub why: &'static str,
}

const CONTEXT: &str = "context";
const MAX_OUTPUT: &str = "max-output";
const TAKES: &str = "takes";
const GIVES: &str = "gives";
const ENDS: &str = "ends";
const OFF_PEAK: &str = "off-peak";
/// A mode that nobody says.
const NO_MODE: &str = "-";
/// Digits of a written uplift after the point.
const UPLIFT_PLACES: i32 = 9;

/// Reads a line `NAME MODE KEY=VALUE ...` of a provider's section.
///
/// # Errors
/// When a part is none that [`write_entry`] writes.
pub fn read_entry<'a>(
    provider: &'a str,
    line: &'a str,
) -> Result<(&'a str, Entry<'a>), InvalidLine> {
    let mut parts = line.split(' ');
    let name = parts.next().unwrap_or_default();
    let mode = parts.next().unwrap_or_default();
    if name.is_empty() || mode.is_empty() {
        return Err(invalid(line, "name and mode are missing"));
    }
    let mut entry = Entry {
        provider,
        mode: if mode == NO_MODE { "" } else { mode },
        ..Entry::default()
    };
    let (mut rates, mut uplifts, mut off_peak) = (Vec::with_capacity(8), Vec::new(), None);
    for part in parts {
        let (key, value) = part
            .split_once('=')
            .ok_or_else(|| invalid(part, "not KEY=VALUE"))?;
        let understood = match key {
            CONTEXT => value.parse().map(|size| entry.context = Some(size)).ok(),
            MAX_OUTPUT => value.parse().map(|size| entry.max_output = Some(size)).ok(),
            TAKES => modalities(value).map(|kinds| entry.takes = kinds),
            GIVES => modalities(value).map(|kinds| entry.gives = kinds),
            ENDS => Some(value).map(|day| entry.ends = Some(day)),
            OFF_PEAK => OffPeak::read(value).map(|hours| off_peak = Some(hours)),
            _ => match Uplift::of_key(key) {
                Some(uplift) => billionths(value).map(|times| uplifts.push((uplift, times))),
                None => read_rate(key, value).map(|rate| rates.push(rate)),
            },
        };
        understood.ok_or_else(|| invalid(part, "not a price or a property of a model"))?;
    }
    entry.prices = Prices::new(rates, uplifts, off_peak);
    Ok((name, entry))
}

/// The line that [`read_entry`] reads as this entry.
#[must_use]
pub fn write_entry(name: &str, entry: &Entry<'_>) -> String {
    let mode = if entry.mode.is_empty() {
        NO_MODE
    } else {
        entry.mode
    };
    let mut line = format!("{name} {mode}");
    let mut put = |key: &str, value: &str| {
        line.push(' ');
        line.push_str(key);
        line.push('=');
        line.push_str(value);
    };
    for rate in entry.prices.rates() {
        let price = rate.price.to_decimal(rate.meter.unit().exponent());
        put(&rate_key(rate), &price);
    }
    for (uplift, times) in entry.prices.uplifts() {
        put(uplift.key(), &written_billionths(*times));
    }
    if let Some(hours) = entry.prices.off_peak() {
        put(OFF_PEAK, &hours.to_string());
    }
    if let Some(size) = entry.context {
        put(CONTEXT, &size.to_string());
    }
    if let Some(size) = entry.max_output {
        put(MAX_OUTPUT, &size.to_string());
    }
    for (key, kinds) in [(TAKES, entry.takes), (GIVES, entry.gives)] {
        if !kinds.is_empty() {
            put(key, &kinds.names().collect::<Vec<_>>().join(","));
        }
    }
    if let Some(day) = entry.ends {
        put(ENDS, day);
    }
    line
}

/// What a rate is called in a line: `in`, `in>272k`, `in>272k@batch`.
pub(crate) fn rate_key(rate: &Rate) -> String {
    let mut key = rate.meter.key().to_owned();
    match rate.above {
        0 => {}
        above if above.is_multiple_of(1_000) => key.push_str(&format!(">{}k", above / 1_000)),
        above => key.push_str(&format!(">{above}")),
    }
    if rate.service != Service::Standard {
        key.push('@');
        key.push_str(rate.service.key());
    }
    key
}

fn read_rate(key: &str, value: &str) -> Option<Rate> {
    let (key, service) = match key.split_once('@') {
        Some((key, service)) => (key, Service::of_key(service)?),
        None => (key, Service::Standard),
    };
    let (key, above) = match key.split_once('>') {
        Some((key, size)) => (key, read_size(size)?),
        None => (key, 0),
    };
    let meter = Meter::of_key(key)?;
    let exponent = -i32::from(meter.unit().exponent());
    let price = Amount::from_decimal(value, exponent).ok()?;
    Some(Rate {
        meter,
        above,
        service,
        price,
    })
}

fn read_size(text: &str) -> Option<u32> {
    match text.strip_suffix('k') {
        Some(thousands) => thousands.parse::<u32>().ok()?.checked_mul(1_000),
        None => text.parse().ok(),
    }
}

fn modalities(text: &str) -> Option<Modalities> {
    let mut names = text.split(',');
    names.try_fold(Modalities::default(), Modalities::with)
}

/// Reads a factor such as `1.1`; exact to the ninth place, or nothing.
pub(crate) fn billionths(text: &str) -> Option<u64> {
    // Money counts billionths too.
    let exact = Amount::from_decimal(text, 0).ok()?;
    let money = exact.rounded();
    (Amount::from(money) == exact).then(|| money.nanos())
}

pub(crate) fn written_billionths(times: u64) -> String {
    Amount::from_decimal(&times.to_string(), -UPLIFT_PLACES)
        .unwrap_or_default()
        .to_decimal(0)
}

fn invalid(part: &str, why: &'static str) -> InvalidLine {
    InvalidLine {
        part: part.to_owned(),
        why,
    }
}

impl fmt::Display for InvalidLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\": {}", self.part, self.why)
    }
}

impl std::error::Error for InvalidLine {}
