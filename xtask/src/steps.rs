use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::program::{exists, require, run, watch};
use crate::workspace::cargo;
use crate::{clients, deny, fuzz, issuers, journal, loom, management, schemathesis, tidy, tools};

/// How many checks passed and failed, or why nothing could be checked.
pub(crate) type Outcome = Result<Count, String>;

/// Checks that passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

impl Count {
    /// One check that passed.
    pub(crate) const ONE: Self = Self {
        passed: 1,
        failed: 0,
    };
}

/// A part of `cargo xtask test`.
struct Step {
    name: &'static str,
    run: fn() -> Outcome,
}

const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        run: format,
    },
    Step {
        name: "clippy",
        run: lint,
    },
    Step {
        name: "tidy",
        run: || tidy::run(&[]),
    },
    Step {
        name: "deny",
        run: || deny::check(&[]),
    },
    Step {
        name: "tests",
        run: tests,
    },
    Step {
        name: "loom",
        run: || loom::run(&[]),
    },
    Step {
        name: "doc",
        run: document,
    },
    Step {
        name: "fuzz",
        // The same inputs in the same order every time: looking for new ones is `cargo xtask fuzz`.
        run: || fuzz::run(&["--seed".to_owned(), "1".to_owned()]),
    },
    Step {
        name: "clients",
        run: || clients::run(&[]),
    },
    Step {
        name: "issuers",
        run: || issuers::run(&[]),
    },
    Step {
        name: "journal",
        run: || journal::run(&[]),
    },
    Step {
        name: "management",
        run: || management::run(&[]),
    },
    Step {
        name: "schemathesis",
        run: || schemathesis::run(&[]),
    },
];

/// Runs the steps, all of them even when one fails, and closes with a table and the sums.
pub(crate) fn test(args: &[String]) -> Outcome {
    let options = Options::read(args)?;
    let mut rows = Vec::new();
    for step in STEPS.iter().filter(|step| options.wants(step.name)) {
        println!("\n== {}", step.name);
        let start = Instant::now();
        let outcome = (step.run)();
        let failed = !matches!(outcome, Ok(Count { failed: 0, .. }));
        if let Err(error) = &outcome {
            println!("{error}");
        }
        rows.push((step.name, start.elapsed(), outcome));
        if failed && options.fail_fast {
            break;
        }
    }
    let total = report(&rows);
    if total.failed > 0 {
        return Err(format!("{} failed", total.failed));
    }
    Ok(total)
}

fn report(rows: &[(&str, Duration, Outcome)]) -> Count {
    println!(
        "\n{:<12} {:>8}  {:>7} {:>7}",
        "step", "seconds", "passed", "failed"
    );
    let mut total = Count::default();
    for (name, took, outcome) in rows {
        let count = outcome.as_ref().copied().unwrap_or(Count {
            passed: 0,
            failed: 1,
        });
        total.passed += count.passed;
        total.failed += count.failed;
        let verdict = if count.failed == 0 { "" } else { "  FAILED" };
        println!(
            "{name:<12} {:>8.1}  {:>7} {:>7}{verdict}",
            took.as_secs_f64(),
            count.passed,
            count.failed
        );
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    total
}

fn format() -> Outcome {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    Ok(Count::ONE)
}

fn lint() -> Outcome {
    run(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    Ok(Count::ONE)
}

fn document() -> Outcome {
    run(cargo()
        .args([
            "doc",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ])
        .env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Count::ONE)
}

fn tests() -> Outcome {
    if !exists("initdb", "--version") {
        // Debian keeps it out of the path.
        let initdb = "/usr/lib/postgresql/15/bin/initdb";
        crate::install::debian(initdb, "postgresql-15", "--version")?;
    }
    crate::install::debian("unshare", "util-linux", "--version")?;
    crate::install::debian("ip", "iproute2", "-V")?;
    let services = tools::programs()?;
    if !exists("cargo-nextest", "--version") {
        println!(
            "cargo-nextest is missing; it is faster and shows slow tests. Install it with: \
             cargo install --locked cargo-nextest\ncargo test does the work meanwhile."
        );
        return plain_tests(&services);
    }
    let mut count = Count::default();
    let mut command = cargo();
    command.args([
        "nextest",
        "run",
        "--workspace",
        "--no-fail-fast",
        "--no-tests",
        "pass",
    ]);
    command.env(tools::VARIABLE, services);
    let succeeded = watch(&mut command, true, |line| {
        println!("{line}");
        if let Some(summary) = line.trim_start().strip_prefix("Summary") {
            count = Count {
                passed: number_before(summary, "passed"),
                failed: number_before(summary, "failed") + number_before(summary, "timed out"),
            };
        }
    })?;
    settle(count, succeeded)
}

fn plain_tests(services: &Path) -> Outcome {
    require("cargo", "--version", "https://rustup.rs")?;
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-fail-fast"]);
    command.env(tools::VARIABLE, services);
    cargo_test(&mut command)
}

/// Runs `cargo test`, and adds up what it sums up.
pub(crate) fn cargo_test(command: &mut Command) -> Outcome {
    let mut count = Count::default();
    let succeeded = watch(command, false, |line| {
        println!("{line}");
        let found = read_summary(line);
        count.passed += found.passed;
        count.failed += found.failed;
    })?;
    settle(count, succeeded)
}

/// What a line of `cargo test` sums up; nothing for any other line.
fn read_summary(line: &str) -> Count {
    let summary = line.strip_prefix("test result:").unwrap_or_default();
    Count {
        passed: number_before(summary, "passed"),
        failed: number_before(summary, "failed"),
    }
}

/// A failure that no summary counted (a build that broke) still counts as one.
fn settle(mut count: Count, succeeded: bool) -> Outcome {
    if !succeeded && count.failed == 0 {
        count.failed = 1;
    }
    Ok(count)
}

/// The number in front of a word, as in `50 passed`.
pub(crate) fn number_before(text: &str, word: &str) -> usize {
    text.split(word)
        .next()
        .filter(|before| before.len() < text.len())
        .and_then(|before| before.split_whitespace().next_back())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

struct Options {
    only: Vec<String>,
    fail_fast: bool,
}

impl Options {
    fn read(args: &[String]) -> Result<Self, String> {
        let mut options = Self {
            only: Vec::new(),
            fail_fast: false,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--fail-fast" => options.fail_fast = true,
                "--only" => {
                    let names = args.next().map(String::as_str).unwrap_or_default();
                    options.only.extend(names.split(',').map(str::to_owned));
                }
                other => return Err(format!("{other}: no such option")),
            }
        }
        let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        match options
            .only
            .iter()
            .find(|name| !known.contains(&name.as_str()))
        {
            Some(name) => Err(format!(
                "{name}: no such step; there are {}",
                known.join(", ")
            )),
            None => Ok(options),
        }
    }

    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}

#[cfg(test)]
mod tests {
    use super::number_before;

    #[test]
    fn summaries_are_read() {
        let summary = " [   0.722s] 46/50 tests run: 45 passed (1 slow), 1 failed, 0 skipped";
        assert_eq!(number_before(summary, "passed"), 45);
        assert_eq!(number_before(summary, "failed"), 1);
        assert_eq!(number_before(summary, "timed out"), 0);
    }
}
