use std::path::Path;
use std::process::Command;

use crate::install;
use crate::management::{start_gateway, start_server};
use crate::process::Running;
use crate::program::watch;
use crate::steps::{Count, Outcome};
use crate::workspace::{target_directory, write};

/// What is held against the document of the management API: no request may be answered with 5xx, with
/// a status, a content type or headers that it does not name, or with a body of another shape.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

/// The same requests every time.
const SEED: &str = "20261130";

/// The databases, and what each is asked in two minutes. Values at the edges of each field are by far
/// the most, and most of them are refused before a database is asked anything: they are shared out.
const QUICK: [(&str, &[Round]); 2] = [
    (
        "sqlite",
        &[Round::edges("--include-path-regex"), Round::all("3")],
    ),
    (
        "postgresql",
        &[Round::edges("--exclude-path-regex"), Round::all("3")],
    ),
];

/// More of the same, over each of them.
const LONG: [(&str, &[Round]); 2] = [
    ("sqlite", &[Round::edges_of_all(), Round::all("50")]),
    ("postgresql", &[Round::edges_of_all(), Round::all("50")]),
];

/// One run of schemathesis.
struct Round {
    phases: &'static str,
    /// Random requests for each operation.
    examples: &'static str,
    /// Whether the operations are those of [`HALF`], or the others; all without it.
    share: Option<&'static str>,
}

/// The paths with about half of the fields.
const HALF: &str = "^/(key|team|project|access_group|tag|credentials)";

impl Round {
    /// Values at the edges of each field.
    const fn edges(share: &'static str) -> Self {
        Self {
            share: Some(share),
            ..Self::edges_of_all()
        }
    }

    const fn edges_of_all() -> Self {
        Self {
            phases: "coverage",
            examples: "1",
            share: None,
        }
    }

    /// The document's own examples, random requests, and calls that use what earlier ones made.
    const fn all(examples: &'static str) -> Self {
        Self {
            phases: "examples,fuzzing,stateful",
            examples,
            share: None,
        }
    }
}

/// Runs schemathesis against the management API of a gateway over each database, new ones: made-up
/// requests, good and bad, for every operation of its own document. No operation is left out.
pub(crate) fn run(args: &[String]) -> Outcome {
    let mut rounds = QUICK;
    let mut seed = SEED;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match (arg.as_str(), args.as_slice()) {
            ("--long", _) => rounds = LONG,
            ("--seed", [given, ..]) => {
                seed = given;
                args.next();
            }
            _ => return Err("usage: cargo xtask schemathesis [--long] [--seed N]".to_owned()),
        }
    }
    let python = install::python("requirements-schemathesis.txt")?;
    let program = &python.with_file_name("schemathesis");
    let server = start_server()?;
    let mut gateways = Vec::new();
    for (database, _) in &rounds {
        let url = (*database == "postgresql").then(|| server.ready("postgres"));
        gateways.push(start_gateway("schemathesis", database, url)?);
    }
    // Each of them keeps little more than one core busy.
    let outcomes = std::thread::scope(|scope| {
        let mut running = Vec::new();
        for ((database, rounds), gateway) in rounds.iter().zip(&gateways) {
            running.push(scope.spawn(move || {
                let mut sum = Count::default();
                for round in *rounds {
                    let count = ask(program, (*database, gateway), round, seed)?;
                    sum.passed += count.passed;
                    sum.failed += count.failed;
                }
                Ok(sum)
            }));
        }
        let mut outcomes: Vec<Outcome> = Vec::new();
        for thread in running {
            let outcome = thread.join();
            outcomes.push(outcome.unwrap_or_else(|_| Err("a thread panicked".to_owned())));
        }
        outcomes
    });
    let mut total = Count::default();
    for ((database, _), outcome) in rounds.iter().zip(outcomes) {
        let count = outcome?;
        let Count { passed, failed } = count;
        println!("schemathesis over {database}: {passed} passed, {failed} failed");
        total.passed += passed;
        total.failed += failed;
    }
    if total.failed > 0 {
        return Err("the management API is not what its document says, see above".to_owned());
    }
    Ok(total)
}

fn ask(
    program: &Path,
    (database, gateway): (&str, &Running),
    round: &Round,
    seed: &str,
) -> Outcome {
    // What an earlier run, or a developer's own configuration, says is no part of it.
    let name = format!("schemathesis/run-{database}");
    std::fs::remove_dir_all(target_directory(&name)?).map_err(|error| error.to_string())?;
    let directory = target_directory(&name)?;
    write(&directory.join("schemathesis.toml"), "")?;
    let document = format!("http://{}/openapi.json", gateway.ready("admin"));
    let mut command = Command::new(program);
    command
        .current_dir(&directory)
        .args(["--config-file", "schemathesis.toml", "run", &document])
        // Not more: Hypothesis parses its own source, and CPython 3.11 counts the depth of that for all
        // threads together ("AST constructor recursion depth mismatch").
        .args(["--checks", CHECKS, "--seed", seed, "--workers", "1"])
        .args(["--phases", round.phases, "--max-examples", round.examples])
        .args(round.share.iter().flat_map(|share| [share, HALF]))
        .args(["--request-timeout", "20", "--no-shrink"])
        .args(["--warnings", "off", "--continue-on-failure", "--no-color"])
        .arg("--header")
        .arg(format!(
            "Authorization: Bearer {}",
            gateway.ready("admin_key")
        ))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_PROXY", "127.0.0.1");
    let mut count = Count::default();
    let succeeded = watch(&mut command, false, |line| {
        println!("{database:<11}{line}");
        count = cases(line).unwrap_or(count);
    })?;
    if !succeeded || count.passed == 0 {
        // Something may have ended it before a request failed.
        count.failed = count.failed.max(1);
    }
    Ok(count)
}

/// How many requests passed and failed, from schemathesis' last lines: `  4,321 generated, 4,321
/// passed`, or `  4,321 generated, 3 found 1 unique failures`.
fn cases(line: &str) -> Option<Count> {
    let (number, rest) = line.trim().split_once(" generated")?;
    let read = |text: &str| text.replace(',', "").parse().ok();
    let generated: usize = read(number)?;
    let failed = rest
        .split_once(" found ")
        .and_then(|(before, _)| read(before.rsplit(' ').next()?));
    let failed = failed.unwrap_or(0);
    Some(Count {
        passed: generated.saturating_sub(failed),
        failed,
    })
}

#[cfg(test)]
mod tests {
    use super::{Count, cases};

    #[test]
    fn the_number_of_requests_is_found() {
        let count = |passed, failed| Some(Count { passed, failed });
        assert_eq!(cases("  1,234 generated, 1,234 passed"), count(1234, 0));
        let failed = "  1,234 generated, 11 found 1 unique failures";
        assert_eq!(cases(failed), count(1223, 11));
        assert_eq!(cases("  API Operations:"), None);
    }
}
