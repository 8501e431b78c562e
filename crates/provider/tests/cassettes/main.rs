//! Replays recorded provider traffic.
//!
//! `IRONWARD_CASSETTES` names a folder of `.jsonl` files, one recorded exchange a line (see
//! [`exchange::Exchange`] for the fields); without it the test says so and passes. Recordings are
//! old and of many vendors, so what comes in is judged leniently; what the gateway makes of it is
//! judged strictly.
//!
//! An exchange that is not handled has to stand in `not_handled.txt` with its reason; one that is
//! handled must not stand there.

#![cfg(test)]

mod exchange;
mod report;
mod request;
mod said;
mod stream;
mod whole;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use exchange::{Exchange, Kind};
use report::Report;

#[test]
fn recorded_traffic_is_handled() {
    let Some(folder) = std::env::var_os("IRONWARD_CASSETTES") else {
        println!("skipped: IRONWARD_CASSETTES names no folder of recorded traffic");
        return;
    };
    let lines = lines(Path::new(&folder));
    let report = Mutex::new(Report::default());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(line) = lines.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Some(exchange) = Exchange::read(line) else {
                        continue;
                    };
                    let outcome = replay(&exchange);
                    report.lock().unwrap().add(&exchange, outcome);
                }
            });
        }
    });
    let report = report.into_inner().unwrap();
    println!("{report}");
    let expected = include_str!("not_handled.txt");
    let differences = report.differences(expected);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Checks everything that one exchange can tell; the first thing that is wrong.
fn replay(exchange: &Exchange) -> Result<(), String> {
    type Check = fn(&Exchange) -> Result<(), String>;
    let checks: [(&str, Check); 3] = [
        ("request", request::check),
        ("reply", answer),
        ("error", whole::check_error),
    ];
    for (what, check) in checks {
        let outcome = catch_unwind(AssertUnwindSafe(|| check(exchange)));
        let outcome = outcome.unwrap_or_else(|_| Err("panicked".to_owned()));
        outcome.map_err(|reason| format!("{what}: {reason}"))?;
    }
    Ok(())
}

fn answer(exchange: &Exchange) -> Result<(), String> {
    match exchange.framing() {
        _ if !exchange.is_success() => Ok(()),
        "json" if exchange.kind == Kind::Completions => whole::check_forwarded(exchange),
        "json" => whole::check(exchange),
        "sse" | "ndjson" => stream::check(exchange),
        other => Err(format!("no codec reads a reply framed as {other}")),
    }
}

fn lines(folder: &Path) -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "jsonl"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}
