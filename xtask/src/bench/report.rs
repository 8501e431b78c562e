use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::idle::Idle;
use super::load::Sample;
use super::polls::Polls;
use crate::workspace::write;

/// Everything measured, as a table for people and as JSON for machines.
pub(super) struct Report {
    json: Map<String, Value>,
    rows: Vec<[String; 4]>,
}

/// A figure of a sample: its name, its unit, and how it is read.
type Figure = (&'static str, fn(&Sample) -> f64);

const FIGURES: [Figure; 6] = [
    ("requests/s", |sample| sample.rate),
    ("CPU us/request", |sample| sample.cpu_us),
    // Below 100 the load could not keep the proxy busy, and its requests/s are a lower bound.
    ("busy % of a core", |sample| {
        sample.rate * sample.cpu_us / 1e4
    }),
    ("p50 us", |sample| sample.p50_us),
    ("p99 us", |sample| sample.p99_us),
    ("RSS MB", |sample| sample.rss_mb),
];

impl Report {
    pub(super) fn new(machine: Value, rounds: usize, time: Duration) -> Self {
        let mut json = Map::new();
        json.insert("machine".to_owned(), machine);
        json.insert("rounds".to_owned(), rounds.into());
        json.insert("seconds".to_owned(), time.as_secs().into());
        Self {
            json,
            rows: Vec::new(),
        }
    }

    /// The medians of both contenders over the rounds, and their ratio.
    pub(super) fn scenario(&mut self, name: &str, samples: &[Vec<Sample>; 2]) {
        let mut figures = Map::new();
        for (figure, read) in FIGURES {
            let [nginx, ironward] = samples
                .each_ref()
                .map(|samples| median(samples.iter().map(read).collect()));
            let all = samples
                .each_ref()
                .map(|samples| samples.iter().map(read).collect::<Vec<_>>());
            self.row(&format!("{name}: {figure}"), nginx, ironward);
            figures.insert(
                figure.to_owned(),
                json!({
                    "nginx": nginx, "ironward": ironward, "ratio": ironward / nginx, "rounds": all,
                }),
            );
        }
        self.json.insert(name.to_owned(), figures.into());
    }

    pub(super) fn latency(&mut self, scenario: &str, direct: f64, added: &[(&str, f64, f64)]) {
        if let [(_, nginx, _), (_, ironward, _)] = added {
            self.row(
                &format!("{scenario}: added p50 us at 1 connection"),
                *nginx,
                *ironward,
            );
        }
        let added: Vec<_> = added
            .iter()
            .map(|(name, p50, p99)| json!({"proxy": name, "p50_us": p50, "p99_us": p99}))
            .collect();
        let entry = json!({"direct_p50_us": direct, "added": added});
        self.json.insert(format!("latency of {scenario}"), entry);
    }

    pub(super) fn cold_start(&mut self, starts: &[Duration]) {
        let millis: Vec<f64> = starts
            .iter()
            .map(|start| start.as_secs_f64() * 1e3)
            .collect();
        let middle = median(millis.clone());
        self.lone("cold start ms", middle);
        self.json.insert(
            "cold start".to_owned(),
            json!({"median_ms": middle, "all_ms": millis}),
        );
    }

    pub(super) fn idle(&mut self, name: &str, idle: &Idle) {
        let each = idle.kilobytes_each();
        self.lone(
            &format!("{} idle streams, KB each: {name}", idle.streams),
            each,
        );
        self.json.insert(
            format!("idle streams of {name}"),
            json!({
                "streams": idle.streams, "before_mb": idle.before_mb, "with_mb": idle.with_mb,
                "kb_each": each,
            }),
        );
    }

    /// The gain of a second core, when the proxy gets this part of each.
    pub(super) fn scaling(
        &mut self,
        part: f64,
        one: impl Iterator<Item = Sample>,
        two: impl Iterator<Item = Sample>,
    ) {
        let rate = |samples: &[Sample]| median(samples.iter().map(|sample| sample.rate).collect());
        let (one, two): (Vec<_>, Vec<_>) = (one.collect(), two.collect());
        let gain = rate(&two) / rate(&one);
        let how = format!("{:.0} % of each", part * 100.0);
        self.lone(&format!("two cores against one ({how})"), gain);
        let all = |samples: &[Sample]| samples.iter().map(|sample| sample.rate).collect::<Vec<_>>();
        self.json.insert(
            "two cores".to_owned(),
            json!({"gain": gain, "how": how, "one": all(&one), "two": all(&two)}),
        );
    }

    /// What a data thread's polls took, by load.
    pub(super) fn polls(&mut self, measured: &[(&str, Polls)]) {
        let mut all = Map::new();
        for (load, polls) in measured {
            self.lone(&format!("longest poll us, {load}"), polls.longest_us);
            self.lone(&format!("polls over 1 ms, {load}"), polls.long);
            let entry = json!({
                "polls": polls.count, "over_1_ms": polls.long, "longest_us": polls.longest_us,
            });
            all.insert((*load).to_owned(), entry);
        }
        self.json.insert("polls".to_owned(), all.into());
    }

    /// What keys cost: a row for each number.
    pub(super) fn keys(&mut self, figures: Map<String, Value>) {
        for (group, figures) in &figures {
            self.numbers(group, figures);
        }
        self.json.insert("keys".to_owned(), figures.into());
    }

    fn numbers(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(figures) => {
                for (figure, value) in figures {
                    self.numbers(&format!("{name}: {figure}"), value);
                }
            }
            value => {
                if let Some(number) = value.as_f64() {
                    self.lone(name, number);
                }
            }
        }
    }

    /// Prints the table and writes the JSON.
    pub(super) fn finish(self, path: &Path) -> Result<(), String> {
        println!(
            "\n{:<58} {:>10} {:>10} {:>7}",
            "", "nginx", "ironward", "ratio"
        );
        for [name, nginx, ironward, ratio] in &self.rows {
            println!("{name:<58} {nginx:>10} {ironward:>10} {ratio:>7}");
        }
        let text = serde_json::to_string_pretty(&Value::Object(self.json));
        write(path, &(text.map_err(|error| error.to_string())? + "\n"))?;
        println!("\n{}", path.display());
        Ok(())
    }

    fn row(&mut self, name: &str, nginx: f64, ironward: f64) {
        let ratio = format!("{:.2}", ironward / nginx);
        self.rows
            .push([name.to_owned(), short(nginx), short(ironward), ratio]);
    }

    fn lone(&mut self, name: &str, value: f64) {
        self.rows
            .push([name.to_owned(), String::new(), short(value), String::new()]);
    }
}

fn short(value: f64) -> String {
    if value.abs() < 1000.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |at: usize| values.get(at).copied().unwrap_or(f64::NAN);
    if values.len().is_multiple_of(2) && middle > 0 {
        f64::midpoint(at(middle - 1), at(middle))
    } else {
        at(middle)
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_middle_of_an_odd_and_of_an_even_number() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
    }
}
