use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use ironward_catalogue::{
    Adjustments, PriceBook, PriceList, Priced, Prices, Pricing, Service, Used,
};
use ironward_core::Usage;
use serde_json::Value;

use super::compare::{answers, cost_of};
use crate::install;
use crate::program::capture;
use crate::workspace::root;

/// What became of the exchanges of a provider: how many, and those that are worth a look.
#[derive(Default)]
struct Tally {
    same: u64,
    only_ours: u64,
    only_theirs: u64,
    neither: u64,
    different: Vec<String>,
}

/// Prices the usages of recorded exchanges, in a folder of `*.jsonl`, as a gateway does that hands
/// every model on (`provider/*`), and by LiteLLM's calculator.
pub(super) fn run(folder: &Path, now: u64) -> Result<(), String> {
    let list = PriceList::new(&Arc::new(PriceBook::built_in()), &Adjustments::default());
    let python = install::python("requirements-catalogue.txt")?;
    let script = root().join("clients/py/catalogue/recorded.py");
    let lines = capture(Command::new(python).arg(script).arg(folder))?;
    let calls = lines.lines().map(serde_json::from_str);
    let calls: Vec<Value> = calls
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for (call, answer) in calls.iter().zip(answers(&lines)?) {
        let tally = tallies.entry(text(call, "provider")).or_default();
        tally.count(&list, call, &answer, now);
    }
    println!("recorded exchanges: both the same, only Ironward, only LiteLLM, neither, different");
    for (provider, tally) in tallies {
        let Tally {
            same,
            only_ours,
            only_theirs,
            neither,
            different,
        } = tally;
        println!(
            "{provider}: {same}, {only_ours}, {only_theirs}, {neither}, {}",
            different.len()
        );
        different.iter().for_each(|line| println!("    {line}"));
    }
    Ok(())
}

impl Tally {
    fn count(&mut self, list: &PriceList, call: &Value, answer: &Value, now: u64) {
        let count = number(call, "count");
        let (provider, model) = (text(call, "provider"), text(call, "model"));
        let usage = Usage {
            input: number(call, "input"),
            input_cached: number(call, "cached"),
            input_cache_write: number(call, "write"),
            input_cache_write_1h: number(call, "write_1h"),
            input_audio: number(call, "audio_in"),
            output: number(call, "output"),
            output_reasoning: number(call, "reasoning"),
            output_audio: number(call, "audio_out"),
            ..Usage::default()
        };
        let open = Priced {
            provider,
            model: "*",
            base: None,
            own: Prices::default(),
            region: None,
        };
        let ours = Pricing::new(list, open).of(model).prices.map(|prices| {
            // LiteLLM's calculator goes by the clock.
            let service = match Service::of_tier(text(call, "service")) {
                Service::Standard if prices.off_peak().is_some_and(|hours| hours.holds(now)) => {
                    Service::OffPeak
                }
                service => service,
            };
            prices.cost(&Used {
                usage,
                service,
                ..Used::default()
            })
        });
        // LiteLLM gives nothing for some models that it does not know.
        let theirs = cost_of(answer);
        match (ours, theirs) {
            (Some(ours), Some(theirs))
                if ours.total().picodollars().abs_diff(theirs.picodollars()) <= 1 =>
            {
                self.same += count;
            }
            (Some(ours), Some(theirs)) => self.different.push(format!(
                "{model} ({count}): ours {}, LiteLLM's {theirs}: {call}",
                ours.total()
            )),
            (Some(_), None) => self.only_ours += count,
            (None, Some(theirs)) if !theirs.is_zero() => {
                self.only_theirs += count;
                self.different
                    .push(format!("{model} ({count}): only LiteLLM's {theirs}"));
            }
            (None, _) => self.neither += count,
        }
    }
}

fn text<'a>(call: &'a Value, field: &str) -> &'a str {
    call.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn number(call: &Value, field: &str) -> u64 {
    call.get(field).and_then(Value::as_u64).unwrap_or_default()
}
