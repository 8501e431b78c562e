use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use ironward_catalogue::{Entry, Facts, Modalities, Prices, from_litellm};
use ironward_core::Amount;
use serde_json::value::RawValue;

/// The package whose price map is read.
pub(super) const LITELLM: &str = "litellm==1.110.2";
/// The day on which it was taken.
pub(super) const DAY: &str = "2026-11-30";

/// Price fields that are not taken over, and why. A name that ends with a dot is everything in it.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "input_dbu_cost_per_token",
        "in units of Databricks; the price in dollars stands beside it",
    ),
    (
        "output_dbu_cost_per_token",
        "in units of Databricks; the price in dollars stands beside it",
    ),
    (
        "search_free_requests.",
        "what a provider gives away a day over all callers: only its invoice knows it",
    ),
    (
        "guardrail_cost_per_unit.",
        "of a service beside the model, which no call through the gateway is",
    ),
    (
        "web_search_billing_unit",
        "says what a provider counts, no price",
    ),
    (
        "provider_specific_entry.dashscope_video_reference_input",
        "how a request is written, no price",
    ),
    (
        "provider_specific_entry.volcengine_video_frames.",
        "sizes of video frames, no price",
    ),
    (
        "provider_specific_entry.bedrock_invocation_schema",
        "how a request is written, no price",
    ),
    (
        "provider_specific_entry.realtime_ga_only",
        "how a request is written, no price",
    ),
    (
        "provider_specific_entry.transcription_json_or_text_only",
        "how a request is written, no price",
    ),
    (
        "provider_specific_entry.transcription_usage_duration",
        "what a reply counts, no price",
    ),
    (
        "provider_specific_entry.minimax_free_input_images",
        "how many images of a request are free: whoever counts images knows",
    ),
];

/// Entries that are no models.
const NO_MODELS: &[(&str, &str)] = &[
    ("sample_spec", "the description of the fields"),
    (
        "fallback_generalizations",
        "rules that guess abilities, without prices",
    ),
];

/// What the price map says, by provider and name.
pub(super) struct Source {
    pub(super) sections: BTreeMap<String, BTreeMap<String, Line>>,
    /// Its prices, as the catalogue has to hold them.
    pub(super) facts: Facts,
    /// What was left out, and how often.
    left_out: BTreeMap<&'static str, (usize, &'static str)>,
}

/// What a name stands for.
pub(super) enum Line {
    Alias(String),
    Entry(Box<Model>),
}

/// An entry that owns its texts.
#[derive(Default)]
pub(super) struct Model {
    mode: String,
    prices: Prices,
    context: Option<u64>,
    max_output: Option<u64>,
    takes: Modalities,
    gives: Modalities,
    ends: Option<String>,
}

/// The fields of an entry, with the way to those inside objects and lists, as they are written.
type Fields = BTreeMap<String, String>;

impl Model {
    pub(super) fn as_entry<'a>(&'a self, provider: &'a str) -> Entry<'a> {
        Entry {
            provider,
            mode: &self.mode,
            prices: self.prices.clone(),
            context: self.context,
            max_output: self.max_output,
            takes: self.takes,
            gives: self.gives,
            ends: self.ends.as_deref(),
        }
    }
}

impl Source {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let entries: BTreeMap<String, &RawValue> =
            serde_json::from_str(text).map_err(|error| format!("the price map: {error}"))?;
        let mut all: BTreeMap<String, Fields> = BTreeMap::new();
        for (name, value) in entries {
            let mut fields = Fields::new();
            flatten("", value, &mut fields).map_err(|error| format!("{name}: {error}"))?;
            all.insert(name, fields);
        }
        let mut source = Self {
            sections: BTreeMap::new(),
            facts: Facts::default(),
            left_out: BTreeMap::new(),
        };
        for (name, why) in NO_MODELS {
            if all.remove(*name).is_some() {
                source.leave_out(name, why);
            }
        }
        let provider_of: BTreeMap<String, String> = all
            .iter()
            .filter_map(|(name, fields)| {
                Some((name.clone(), fields.get("litellm_provider")?.clone()))
            })
            .collect();
        for (name, fields) in &all {
            let target = fields.get("alias_of");
            let provider = provider_of
                .get(target.unwrap_or(name))
                .ok_or_else(|| format!("{name}: nobody's"))?;
            let line = match target {
                Some(target) => Line::Alias(target.clone()),
                None => Line::Entry(Box::new(source.model(name, provider, fields)?)),
            };
            let section = source.sections.entry(provider.clone()).or_default();
            section.insert(name.clone(), line);
        }
        Ok(source)
    }

    pub(super) fn print_left_out(&self) {
        for (field, (count, why)) in &self.left_out {
            println!("left out: {field} ({count}): {why}");
        }
    }

    fn leave_out(&mut self, what: &'static str, why: &'static str) {
        self.left_out.entry(what).or_insert((0, why)).0 += 1;
    }

    fn model(&mut self, name: &str, provider: &str, fields: &Fields) -> Result<Model, String> {
        let mut prices = Vec::new();
        for (field, text) in fields.iter().filter(|(field, _)| is_price(field)) {
            let left_out = LEFT_OUT.iter().find(|(left, _)| {
                left == field || (left.ends_with('.') && field.starts_with(left))
            });
            match left_out {
                Some((what, why)) => self.leave_out(what, why),
                None => prices.push((field.as_str(), text.as_str())),
            }
        }
        let read = from_litellm(provider, prices.iter().copied());
        let read = read.map_err(|error| format!("{name}: {error}"))?;
        self.count(name, provider, &prices)?;
        let number = |field: &str| -> Option<u64> {
            let text = fields.get(field)?;
            let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
            rest.bytes()
                .all(|digit| digit == b'0')
                .then(|| whole.parse().ok())?
        };
        let talks = ["chat", "completion", "responses"];
        let mode = fields.get("mode").cloned().unwrap_or_default();
        let max_tokens = || number("max_tokens").filter(|_| talks.contains(&mode.as_str()));
        Ok(Model {
            prices: read,
            context: number("max_input_tokens"),
            max_output: number("max_output_tokens").or_else(max_tokens),
            takes: modalities(fields, "supported_modalities.", &TAKES)?,
            gives: modalities(fields, "supported_output_modalities.", &GIVES)?,
            ends: fields.get("deprecation_date").cloned(),
            mode,
        })
    }

    /// Counts the prices that the catalogue has to hold, without the catalogue's own reading of
    /// them: by the names of the fields alone.
    fn count(&mut self, name: &str, provider: &str, prices: &[(&str, &str)]) -> Result<(), String> {
        let mut facts = BTreeSet::new();
        let starts: BTreeMap<&str, &str> = prices.iter().copied().collect();
        for (field, text) in prices {
            let Some(field) = fact_name(provider, field, &starts)? else {
                continue;
            };
            if places(text) > 24 {
                return Err(format!(
                    "{name}: {field} has more places than are kept: {text}"
                ));
            }
            let amount = Amount::from_decimal(text, 0);
            let amount = amount.map_err(|error| format!("{name}: {field}: {error}"))?;
            facts.insert((field.into_owned(), amount.to_decimal(0)));
        }
        for (field, dollars) in facts {
            self.facts.add(name, &field, &dollars);
        }
        Ok(())
    }
}

/// What the catalogue calls a price of the source; nothing for what is none by itself.
fn fact_name<'a>(
    provider: &str,
    field: &'a str,
    all: &BTreeMap<&str, &str>,
) -> Result<Option<Cow<'a, str>>, String> {
    let number = |text: &str| -> Result<u32, String> {
        let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
        whole.parse().map_err(|_| format!("{field}: {text}"))
    };
    if field == "input_cost_per_token_cache_hit" {
        return Ok(Some("cache_read_input_token_cost".into()));
    }
    if let Some(rest) = field.strip_prefix("tiered_pricing.") {
        let (tier, price) = rest.split_once('.').unwrap_or((rest, ""));
        if price.contains("range.") {
            return Ok(None);
        }
        let of = |range: &str| all.get(format!("tiered_pricing.{tier}.{range}.0").as_str());
        let above = match (of("range"), of("max_results_range")) {
            (Some(start), _) => number(start)?,
            (None, Some(start)) => number(start)?.saturating_sub(1),
            (None, None) => return Err(format!("{field} is of no range")),
        };
        return Ok(Some(match above {
            0 => price.into(),
            above => format!("{price}_above_{above}_tokens").into(),
        }));
    }
    if field.contains(".windows.") || field.ends_with(".weekday_timezone") {
        return Ok(None);
    }
    // ..._above_272k_tokens_flex
    if let Some((before, after)) = field.split_once("k_tokens")
        && let Some((before, thousands)) = before.rsplit_once("_above_")
    {
        let reached = u32::from(provider == "xai");
        let above = number(thousands)? * 1_000 - reached;
        return Ok(Some(format!("{before}_above_{above}_tokens{after}").into()));
    }
    Ok(Some(field.into()))
}

/// Whether a field says what something costs.
fn is_price(field: &str) -> bool {
    let whole = field.split_once('.').map_or(field, |(whole, _)| whole);
    let words = ["cost", "price", "pricing", "multiplier"];
    words.iter().any(|word| whole.contains(word))
        || [
            "search_free_requests",
            "provider_specific_entry",
            "web_search_billing_unit",
        ]
        .contains(&whole)
}

/// How many digits after the point a decimal text has.
fn places(text: &str) -> i32 {
    let lower = text.to_ascii_lowercase();
    let (mantissa, power) = lower.split_once('e').unwrap_or((&lower, "0"));
    let fraction = mantissa
        .split_once('.')
        .map_or("", |(_, fraction)| fraction);
    let digits = i32::try_from(fraction.trim_end_matches('0').len()).unwrap_or(i32::MAX);
    digits - power.parse::<i32>().unwrap_or(i32::MIN / 2)
}

/// Abilities that say of a kind of content that a model takes it.
const TAKES: [(&str, &str); 5] = [
    ("supports_vision", "image"),
    ("supports_image_input", "image"),
    ("supports_audio_input", "audio"),
    ("supports_video_input", "video"),
    ("supports_pdf_input", "pdf"),
];
/// Those that say that it gives it.
const GIVES: [(&str, &str); 1] = [("supports_audio_output", "audio")];

fn modalities(
    fields: &Fields,
    list: &str,
    abilities: &[(&str, &str)],
) -> Result<Modalities, String> {
    let listed = fields.iter().filter(|(field, _)| field.starts_with(list));
    let able = abilities
        .iter()
        .filter(|(field, _)| fields.get(*field).is_some_and(|value| value == "true"));
    let named: Vec<&str> = listed
        .map(|(_, name)| name.as_str())
        .chain(able.map(|(_, name)| *name))
        .collect();
    let mut kinds = Modalities::default();
    for name in &named {
        kinds = kinds
            .with(name)
            .ok_or_else(|| format!("{name}: a kind of content that is not known"))?;
    }
    // Who only names an ability takes and gives text.
    if !kinds.is_empty() && !fields.keys().any(|field| field.starts_with(list)) {
        kinds = kinds.with("text").unwrap_or(kinds);
    }
    Ok(kinds)
}

/// Writes down each value with the way to it, texts without quotes and numbers as they are written.
fn flatten(way: &str, value: &RawValue, fields: &mut Fields) -> Result<(), String> {
    let text = value.get();
    let below = |key: &str| match way {
        "" => key.to_owned(),
        way => format!("{way}.{key}"),
    };
    let wrong = |error: serde_json::Error| error.to_string();
    if text.starts_with('{') {
        let object: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(wrong)?;
        for (key, value) in object {
            flatten(&below(&key), value, fields)?;
        }
    } else if text.starts_with('[') {
        let list: Vec<&RawValue> = serde_json::from_str(text).map_err(wrong)?;
        for (number, value) in list.into_iter().enumerate() {
            flatten(&below(&number.to_string()), value, fields)?;
        }
    } else if text.starts_with('"') {
        let text: String = serde_json::from_str(text).map_err(wrong)?;
        fields.insert(way.to_owned(), text);
    } else if text != "null" {
        fields.insert(way.to_owned(), text.to_owned());
    }
    Ok(())
}
