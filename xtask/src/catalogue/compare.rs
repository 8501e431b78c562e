use std::collections::BTreeMap;
use std::process::Command;

use ironward_catalogue::{Catalogue, Entry, Item, Meter, Prices, Rate, Service, Side, Used};
use ironward_core::{Amount, Usage};
use serde_json::{Value, json};

use super::recorded;
use crate::install;
use crate::program::capture;
use crate::steps::{Count, Outcome};
use crate::workspace::{root, target_directory, write};

/// A call whose cost both say.
struct Call<'t> {
    name: &'t str,
    kind: &'static str,
    provider: &'t str,
    service: Service,
    usage: Usage,
    ours: Amount,
    incomplete: bool,
}

/// Prints every cost that differs by more than a trillionth of a dollar, grouped by provider and
/// kind of call.
pub(super) fn run() -> Outcome {
    let catalogue = Catalogue::built_in();
    let now = now()?;
    let mut calls = Vec::new();
    for (name, item) in catalogue.items() {
        // LiteLLM finds an entry by provider and name, which may be another one than that of the name.
        if let Item::Entry(entry) = item
            && let Some(found) = catalogue.find(family(entry.provider), name)
        {
            add_calls(name, &found.entry, now, &mut calls);
        }
    }
    let answers = answers(&written(&calls))?;
    let mut groups: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
    let (mut same, mut silent) = (0, 0);
    for (call, answer) in calls.iter().zip(&answers) {
        let Some(theirs) = cost_of(answer) else {
            let error = answer.get("error").map(ToString::to_string);
            let group = groups.entry(("(no answer)".to_owned(), call.kind));
            group
                .or_default()
                .push(format!("{}: {}", call.name, error.unwrap_or_default()));
            silent += 1;
            continue;
        };
        if call.ours.picodollars().abs_diff(theirs.picodollars()) <= 1 {
            same += 1;
            continue;
        }
        let flag = if call.incomplete { " (incomplete)" } else { "" };
        let line = format!(
            "{}: ours {}{flag}, LiteLLM's {theirs}",
            call.name, call.ours
        );
        let group = groups.entry((call.provider.to_owned(), call.kind));
        group.or_default().push(line);
    }
    for ((provider, kind), lines) in &groups {
        println!("{provider}, {kind}: {}", lines.len());
        lines.iter().for_each(|line| println!("    {line}"));
    }
    let different = calls.len() - same - silent;
    println!(
        "{} calls: {same} costs are the same, {different} differ, LiteLLM has none for {silent}",
        calls.len()
    );
    match std::env::var_os("IRONWARD_CASSETTES") {
        Some(folder) => recorded::run(folder.as_ref(), now).map(|()| Count::ONE),
        None => Ok(Count::ONE),
    }
}

/// What kind of call it is, how it is served, and what it uses.
type Kind = (&'static str, Service, Usage);

/// Calls of every kind that the entry has a price for.
fn add_calls<'t>(name: &'t str, entry: &Entry<'t>, now: u64, calls: &mut Vec<Call<'t>>) {
    let prices = &entry.prices;
    if !has(prices, Meter::Input) && !has(prices, Meter::Output) {
        return;
    }
    let off_peak = prices.off_peak().is_some_and(|hours| hours.holds(now));
    let usual = if off_peak {
        Service::OffPeak
    } else {
        Service::Standard
    };
    let plain = Usage {
        input: 1_234,
        output: if has(prices, Meter::Output) { 567 } else { 0 },
        ..Usage::default()
    };
    let parts = with_parts(prices, plain).into_iter();
    let parts = parts.map(|(kind, usage)| (kind, usual, usage));
    let kinds = parts
        .chain(with_sizes(prices, usual, plain))
        .chain(with_services(prices, plain));
    for (kind, service, usage) in kinds {
        let used = Used {
            usage,
            service,
            ..Used::default()
        };
        let cost = prices.cost(&used);
        calls.push(Call {
            name,
            kind,
            provider: family(entry.provider),
            service,
            usage,
            ours: cost.total(),
            incomplete: cost.incomplete,
        });
    }
}

fn has(prices: &Prices, meter: Meter) -> bool {
    prices.rates().iter().any(|rate| rate.meter == meter)
}

/// The usage itself, and with each part that has a price of its own.
fn with_parts(prices: &Prices, plain: Usage) -> Vec<(&'static str, Usage)> {
    let written = Usage {
        input_cached: 500,
        input_cache_write: 600,
        ..plain
    };
    let cached = Usage {
        input_cached: 1_000,
        ..plain
    };
    let kept = Usage {
        input_cache_write_1h: 200,
        ..written
    };
    let heard = Usage {
        input_audio: 1_000,
        ..plain
    };
    let said = Usage {
        output_audio: 500,
        ..plain
    };
    let thought = Usage {
        output_reasoning: 300,
        ..plain
    };
    let kinds = [
        ("cached", Meter::Cached, cached),
        ("cache write", Meter::CacheWrite, written),
        ("cache write 1h", Meter::CacheWrite, kept),
        ("audio in", Meter::AudioIn, heard),
        ("audio out", Meter::AudioOut, said),
        ("reasoning", Meter::Reasoning, thought),
    ];
    let priced = kinds.into_iter().filter(|(_, meter, usage)| {
        has(prices, *meter) && (meter.side() != Side::Output || usage.output > 0)
    });
    let priced = priced.map(|(kind, _, usage)| (kind, usage));
    std::iter::once(("plain", plain)).chain(priced).collect()
}

fn with_sizes(prices: &Prices, service: Service, plain: Usage) -> Vec<Kind> {
    let cached = has(prices, Meter::Cached);
    let mut kinds = Vec::new();
    for above in sizes(prices.rates()) {
        for (kind, input) in [
            ("at a size", u64::from(above)),
            ("above a size", u64::from(above) + 1),
        ] {
            let input_cached = if cached { 1_000.min(input / 2) } else { 0 };
            let usage = Usage {
                input,
                input_cached,
                ..plain
            };
            kinds.push((kind, service, usage));
        }
    }
    kinds
}

fn with_services(prices: &Prices, plain: Usage) -> Vec<Kind> {
    let input_cached = if has(prices, Meter::Cached) { 1_000 } else { 0 };
    let mut kinds = Vec::new();
    for service in services(prices.rates()) {
        let usage = Usage {
            input_cached,
            ..plain
        };
        kinds.push((service.key(), service, usage));
        for above in sizes(prices.rates()) {
            let input = u64::from(above) + 1;
            let usage = Usage { input, ..plain };
            kinds.push(("above a size, served otherwise", service, usage));
        }
    }
    kinds
}

fn sizes(rates: &[Rate]) -> Vec<u32> {
    let mut sizes: Vec<u32> = rates.iter().map(|rate| rate.above).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes.retain(|above| *above > 0);
    sizes
}

fn services(rates: &[Rate]) -> Vec<Service> {
    let mut services: Vec<Service> = rates.iter().map(|rate| rate.service).collect();
    services.sort_unstable();
    services.dedup();
    services.retain(|service| !matches!(service, Service::Standard | Service::OffPeak));
    services
}

/// By which name LiteLLM's calculator takes a provider that its price map splits.
fn family(provider: &str) -> &str {
    if provider.starts_with("vertex_ai") {
        return "vertex_ai";
    }
    if provider.starts_with("fireworks_ai") {
        return "fireworks_ai";
    }
    match provider {
        "bedrock_converse" => "bedrock",
        other => other,
    }
}

/// The calls as the calculator's script takes them.
fn written(calls: &[Call<'_>]) -> String {
    let mut lines = String::new();
    for call in calls {
        let usage = &call.usage;
        let service = match call.service {
            Service::OffPeak => Service::Standard,
            service => service,
        };
        let line = json!({
            "model": call.name,
            "provider": call.provider,
            "service": service.key(),
            "input": usage.input,
            "cached": usage.input_cached,
            "write": usage.input_cache_write,
            "write_1h": usage.input_cache_write_1h,
            "audio_in": usage.input_audio,
            "output": usage.output,
            "reasoning": usage.output_reasoning,
            "audio_out": usage.output_audio,
        });
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    lines
}

/// What LiteLLM's calculator says to each line.
pub(super) fn answers(lines: &str) -> Result<Vec<Value>, String> {
    let file = target_directory("catalogue")?.join("calls.jsonl");
    write(&file, lines)?;
    let python = install::python("requirements-catalogue.txt")?;
    let script = root().join("clients/py/catalogue/costs.py");
    let output = capture(Command::new(python).arg(script).arg(&file))?;
    let answers = output
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let answers: Vec<Value> = answers.collect();
    match lines.lines().count() {
        count if count == answers.len() => Ok(answers),
        count => Err(format!("{} answers to {count} calls", answers.len())),
    }
}

pub(super) fn cost_of(answer: &Value) -> Option<Amount> {
    let part = |side: &str| Amount::from_decimal(answer.get(side)?.as_str()?, 0).ok();
    Some(part("input")?.plus(part("output")?))
}

fn now() -> Result<u64, String> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since
        .map(|since| since.as_secs())
        .map_err(|error| error.to_string())
}
