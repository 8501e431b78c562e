use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::program::{capture, exists, run as run_program};
use crate::steps::{Count, Outcome};
use crate::workspace::{cargo, read, root, target, target_directory};

/// What makes rustc record coverage for libFuzzer. These are LLVM's own passes and need no
/// nightly; the address sanitizer would, and safe code has little for it to find.
const INSTRUMENT: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Builds every fuzz target and runs each for a while, two at a time.
pub(crate) fn run(args: &[String]) -> Outcome {
    let options = Options::read(args)?;
    if !exists("c++", "--version") {
        return Err(
            "a C++ compiler builds libFuzzer; install it with: apt-get install -y g++".to_owned(),
        );
    }
    let targets = targets()?;
    if let Some(name) = options.only.iter().find(|name| !targets.contains(name)) {
        return Err(format!(
            "{name}: no such target; there are {}",
            targets.join(", ")
        ));
    }
    let chosen: Vec<String> = targets
        .into_iter()
        .filter(|name| options.only.is_empty() || options.only.contains(name))
        .collect();
    let binaries = build()?;
    let mut count = Count::default();
    // libFuzzer is one thread; two at a time leave no core idle.
    for pair in chosen.chunks(2) {
        let running: Vec<_> = pair
            .iter()
            .map(|name| {
                let (name, binary) = (name.clone(), binaries.join(name));
                let (seconds, seed) = (options.seconds, options.seed);
                std::thread::spawn(move || fuzz(&name, &binary, seconds, seed))
            })
            .collect();
        for one in running {
            match one.join().map_err(|_| "a fuzz run panicked")? {
                Ok(line) => {
                    println!("{line}");
                    count.passed += 1;
                }
                Err(error) => {
                    println!("{error}");
                    count.failed += 1;
                }
            }
        }
    }
    match count.failed {
        0 => Ok(count),
        failed => Err(format!("{failed} fuzz targets failed")),
    }
}

/// The names in `fuzz/Cargo.toml`; each has a file in `fuzz/fuzz_targets`.
fn targets() -> Result<Vec<String>, String> {
    let manifest = read(&root().join("fuzz/Cargo.toml"))?;
    let mut in_bin = false;
    let mut names = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            in_bin = line == "[[bin]]";
        } else if let (true, Some(name)) = (in_bin, line.strip_prefix("name = ")) {
            names.push(name.trim_matches('"').to_owned());
        }
    }
    Ok(names)
}

/// Builds all targets and gives the directory that they are in.
fn build() -> Result<PathBuf, String> {
    let host = capture(Command::new("rustc").arg("-vV"))?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or("rustc does not name its host")?;
    let directory = target().join("fuzz");
    println!("building the fuzz targets");
    // An explicit --target keeps the flags away from build scripts and macros.
    run_program(
        cargo()
            .args([
                "build",
                "--quiet",
                "--release",
                "--locked",
                "--target",
                host,
            ])
            .args(["--manifest-path", "fuzz/Cargo.toml", "--target-dir"])
            .arg(&directory)
            .env("RUSTFLAGS", INSTRUMENT.join(" ")),
    )?;
    Ok(directory.join(host).join("release"))
}

fn fuzz(name: &str, binary: &Path, time: Duration, seed: u32) -> Result<String, String> {
    let corpus = target_directory(&format!("fuzz/corpus/{name}"))?;
    let findings = target_directory(&format!("fuzz/findings/{name}"))?;
    let seeds = root().join("fuzz/seeds").join(name);
    let mut command = Command::new(binary);
    // New inputs go to the first directory; the seeds are only read.
    command.arg(corpus).args(seeds.is_dir().then_some(seeds));
    let output = command
        .arg(format!("-max_total_time={}", time.as_secs()))
        .arg(format!("-seed={seed}"))
        .args([
            "-timeout=5",
            "-rss_limit_mb=2048",
            "-max_len=65536",
            "-print_final_stats=1",
        ])
        .arg(format!("-artifact_prefix={}/", findings.display()))
        .output()
        .map_err(|error| format!("{}: {error}", binary.display()))?;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!(
            "{}FAIL fuzz {name}; the input is in {}",
            complaint(&log),
            findings.display()
        ));
    }
    let runs = log
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    Ok(format!(
        "ok fuzz {name}: {} runs",
        runs.unwrap_or("?").trim()
    ))
}

/// The log without its lines about progress.
fn complaint(log: &str) -> String {
    let progress = ["#", "\t", "INFO:", "WARNING: Failed to find", "   "];
    let lines = log
        .lines()
        .filter(|line| !progress.iter().any(|start| line.starts_with(start)));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

struct Options {
    seconds: Duration,
    /// Where libFuzzer's own randomness begins; 0 is another place every time.
    seed: u32,
    only: Vec<String>,
}

impl Options {
    fn read(args: &[String]) -> Result<Self, String> {
        let mut options = Self {
            seconds: Duration::from_secs(10),
            seed: 0,
            only: Vec::new(),
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            if arg == "--seconds" {
                let seconds = args.next().and_then(|text| text.parse().ok());
                options.seconds = Duration::from_secs(seconds.ok_or("--seconds wants a number")?);
            } else if arg == "--seed" {
                let seed = args.next().and_then(|text| text.parse().ok());
                options.seed = seed.ok_or("--seed wants a number")?;
            } else {
                options.only.push(arg.clone());
            }
        }
        Ok(options)
    }
}
