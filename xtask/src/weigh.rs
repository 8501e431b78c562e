use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::install::debian;
use crate::program::{capture, run as run_program};
use crate::steps::{Count, Outcome};
use crate::workspace::{cargo, metadata, read, root, target, target_directory, write};

/// How much a count may grow, in percent. Below it are hash seeds and the machine's own `memcpy`.
const TOLERANCE: f64 = 5.0;

/// Instructions by the benchmark's name.
type Counts = BTreeMap<String, u64>;

/// Counts the instructions of the functions on a call's way and compares them with
/// `benches/baseline.json`.
pub(crate) fn run(args: &[String]) -> Outcome {
    let is_update = match args {
        [] => false,
        [arg] if arg == "--update" => true,
        _ => return Err("weigh takes nothing but --update".to_owned()),
    };
    debian("valgrind", "valgrind", "--version")?;
    let counted = count()?;
    let path = root().join("benches/baseline.json");
    let baseline: Counts = match read(&path) {
        Err(_) if is_update => Counts::new(),
        text => {
            serde_json::from_str(&text?).map_err(|error| format!("{}: {error}", path.display()))?
        }
    };
    let heavier = compare(&baseline, &counted);
    if is_update {
        let text = serde_json::to_string_pretty(&counted).map_err(|error| error.to_string())?;
        write(&path, &(text + "\n"))?;
        println!("written to benches/baseline.json");
        return Ok(Count::ONE);
    }
    if heavier.is_empty() {
        return Ok(Count::ONE);
    }
    Err(format!(
        "{}; when that is wanted: cargo xtask weigh --update",
        heavier.join(", ")
    ))
}

/// Prints the table and names what differs from the baseline by more than it may.
fn compare(baseline: &Counts, counted: &Counts) -> Vec<String> {
    println!("{:<34} {:>14} {:>14} {:>8}", "", "baseline", "now", "");
    let mut complaints = Vec::new();
    for (name, now) in counted {
        let Some(before) = baseline.get(name) else {
            println!("{name:<34} {:>14} {now:>14}", "");
            complaints.push(format!("{name} is not in the baseline"));
            continue;
        };
        let growth = (*now as f64 / *before as f64 - 1.0) * 100.0;
        println!("{name:<34} {before:>14} {now:>14} {growth:>+7.1}%");
        if growth > TOLERANCE {
            complaints.push(format!("{name} takes {growth:.1} % more instructions"));
        }
    }
    let gone = baseline.keys().filter(|name| !counted.contains_key(*name));
    complaints.extend(gone.map(|name| format!("{name} is in the baseline only")));
    complaints
}

fn count() -> Result<Counts, String> {
    let runner = runner()?;
    println!("counting instructions");
    let text = capture(
        cargo()
            .args(["bench", "--quiet", "--package", "ironward-benches"])
            .args(["--bench", "hot", "--"])
            .args(["--output-format=json", "--nosummary"])
            // Read by the benchmark when it is compiled, and by the runner when it runs.
            .env("GUNGRAUN_RUNNER", &runner)
            .env("GUNGRAUN_HOME", target_directory("weigh/profiles")?),
    )?;
    let counts: Option<Counts> = text
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| read_summary(&serde_json::from_str(line).ok()?))
        .collect();
    counts
        .filter(|counts| !counts.is_empty())
        .ok_or_else(|| format!("the runner says nothing of use:\n{text}"))
}

/// The name and the instructions in the runner's summary of one benchmark.
fn read_summary(summary: &Value) -> Option<(String, u64)> {
    let text = |field: &str| summary.get(field).and_then(Value::as_str);
    let name = format!("{} {}", text("function_name")?, text("id")?);
    let profiles = summary.get("profiles")?.as_array()?;
    let metrics = profiles
        .iter()
        .find_map(|profile| profile.pointer("/data/total/metrics/Ir/values/new"))?;
    Some((name, metrics.as_u64()?))
}

/// The runner of the version that the benchmarks are built with, installed once.
fn runner() -> Result<PathBuf, String> {
    let version = version()?;
    let directory = target_directory(&format!("weigh/runner-{version}"))?;
    let binary = directory.join("bin/gungraun-runner");
    if !binary.exists() {
        println!(
            "installing gungraun-runner {version} into {}",
            directory.display()
        );
        run_program(
            Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
                .args(["install", "--quiet", "--locked", "gungraun-runner"])
                .args(["--version", &format!("={version}"), "--root"])
                .arg(&directory)
                .arg("--target-dir")
                .arg(target().join("weigh/build")),
        )?;
    }
    Ok(binary)
}

/// The version of gungraun in the benchmarks' manifest, which is exact.
fn version() -> Result<String, String> {
    let known = metadata()?;
    let packages = known.get("packages").and_then(Value::as_array);
    packages
        .into_iter()
        .flatten()
        .filter_map(|package| package.get("dependencies")?.as_array())
        .flatten()
        .find(|dependency| dependency.get("name").and_then(Value::as_str) == Some("gungraun"))
        .and_then(|dependency| dependency.get("req")?.as_str()?.strip_prefix('='))
        .map(str::to_owned)
        .ok_or_else(|| "no package depends on one version of gungraun".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Counts, compare, read_summary};

    #[test]
    fn what_is_heavier_new_or_gone_is_named() {
        let counts = |pairs: &[(&str, u64)]| -> Counts {
            pairs
                .iter()
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect()
        };
        let baseline = counts(&[("a", 100), ("b", 100), ("gone", 1)]);
        let complaints = compare(&baseline, &counts(&[("a", 104), ("b", 106), ("new", 1)]));
        assert_eq!(complaints.len(), 3, "{complaints:?}");
        assert_eq!(compare(&baseline, &baseline), [""; 0]);
    }

    #[test]
    fn a_summary_is_read() {
        let summary = serde_json::json!({
            "function_name": "f", "id": "small",
            "profiles": [{"data": {"total": {"metrics": {"Ir": {"values": {"new": 12}}}}}}],
        });
        assert_eq!(read_summary(&summary), Some(("f small".to_owned(), 12)));
    }
}
