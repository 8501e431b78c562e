use std::path::PathBuf;
use std::time::Duration;

use super::contender::{Bench, Contender};
use super::load;
use super::scenario::Scenario;
use crate::program::run as run_program;
use crate::workspace::{cargo, read, target_directory};

/// What a data thread's polls took while it was under load.
pub(super) struct Polls {
    pub(super) count: f64,
    /// How many took more than a millisecond of CPU time.
    pub(super) long: f64,
    pub(super) longest_us: f64,
}

/// From small bodies to those that are worked on beside the data threads.
const LOADS: [Scenario; 5] = [
    Scenario {
        name: "100 B",
        prompt: 100,
        stream: false,
    },
    Scenario {
        name: "100 B streamed",
        prompt: 100,
        stream: true,
    },
    Scenario {
        name: "100 KB",
        prompt: 100_000,
        stream: false,
    },
    // Just within what is worked on where the call runs.
    Scenario {
        name: "250 KB",
        prompt: 250_000,
        stream: false,
    },
    Scenario {
        name: "2 MB",
        prompt: 2_000_000,
        stream: false,
    },
];

/// Loads a gateway that measures its own polls, at 32 connections.
pub(super) fn measure(time: Duration) -> Result<Vec<(&'static str, Polls)>, String> {
    let bench = Bench::new(build()?)?;
    let mut measured = Vec::new();
    for scenario in &LOADS {
        let body = bench.body(scenario)?;
        let running = bench.start(Contender::Ironward, scenario.stream, &["0"])?;
        load::run(&running.url, &body, 32, time)?;
        // It says what it has counted when it ends.
        drop(running);
        let polls = Polls::read(&read(&bench.ironward_log())?)?;
        println!(
            "polls        {:<15} {:>9} polls, the longest {:>5} us, {} over 1 ms",
            scenario.name, polls.count, polls.longest_us, polls.long
        );
        measured.push((scenario.name, polls));
    }
    Ok(measured)
}

/// Tokio tells of each poll only in builds of its own.
fn build() -> Result<PathBuf, String> {
    println!("building ironward with --cfg tokio_unstable");
    let target = target_directory("polls")?;
    let build = ["build", "--quiet", "--profile", "bench", "-p", "ironward"];
    run_program(
        cargo()
            .args(build)
            .arg("--target-dir")
            .arg(&target)
            .env("RUSTFLAGS", "--cfg tokio_unstable"),
    )?;
    Ok(target.join("release/ironward"))
}

impl Polls {
    /// Of all data threads together.
    fn read(log: &str) -> Result<Self, String> {
        let lines: Vec<_> = log
            .lines()
            .filter(|line| line.contains(" polls="))
            .collect();
        let of = |name: &'static str| lines.iter().filter_map(move |line| find(line, name));
        let polls = Self {
            count: of("polls=").sum(),
            long: of("long=").sum(),
            longest_us: of("longest_us=").fold(0.0, f64::max),
        };
        if polls.count < 1.0 {
            return Err(format!("the gateway told of no polls:\n{log}"));
        }
        Ok(polls)
    }
}

/// The number behind `name` in a line of the log.
fn find(line: &str, name: &str) -> Option<f64> {
    let mut words = line.split_whitespace();
    words.find_map(|word| word.strip_prefix(name)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::Polls;

    #[test]
    fn the_polls_of_all_threads_count() {
        let log = "2026 INFO polls polls=7 long=0 longest_us=90\nother\n\
                   2026 INFO polls polls=5 long=1 longest_us=1200\n";
        let polls = Polls::read(log).unwrap();
        assert!((polls.count - 12.0).abs() < 0.5);
        assert!((polls.long - 1.0).abs() < 0.5);
        assert!((polls.longest_us - 1200.0).abs() < 0.5);
        assert!(Polls::read("nothing").is_err());
    }
}
