mod contender;
mod idle;
mod keys;
mod load;
mod machine;
mod polls;
mod report;
mod scenario;
mod share;
mod start;
mod train;

use std::path::{Path, PathBuf};
use std::time::Duration;

use contender::{Bench, Contender};
use load::Sample;
use report::Report;
use scenario::{SCENARIOS, Scenario};
use share::Share;

use crate::dist;
use crate::install::debian;
use crate::program::{capture, require, run as run_program};
use crate::steps::{Count, Outcome};
use crate::workspace::{cargo, target_directory};

/// Ironward against nginx, one at a time on core 0, with the upstream and the load on core 1.
pub(crate) fn run(args: &[String]) -> Outcome {
    let Some(args) = machine::with_many_files("bench", args)? else {
        return Ok(Count::ONE);
    };
    let options = Options::read(&args)?;
    let bench = prepare(&options)?;
    if machine::load() > 1.5 {
        println!(
            "others use this machine (load {}): expect poor figures",
            machine::load()
        );
    }
    let mut report = Report::new(machine::describe(), options.rounds, options.seconds);
    for scenario in SCENARIOS
        .iter()
        .filter(|scenario| options.wants(scenario.name))
    {
        report.scenario(scenario.name, &rounds(&bench, scenario, &options)?);
    }
    if options.wants("latency") {
        latency(&bench, &options, &mut report)?;
    }
    if options.wants("start") {
        report.cold_start(&start::cold_starts(&bench, 10)?);
    }
    if options.wants("idle") {
        for contender in Contender::BOTH {
            let idle = idle::measure(&bench, contender, 5_000)?;
            report.idle(contender.name(), &idle);
        }
    }
    if options.wants("scaling") {
        scaling(&bench, &options, &mut report)?;
    }
    if options.wants("polls") {
        report.polls(&polls::measure(options.seconds)?);
    }
    if options.wants("keys") {
        keys::measure(&bench, options.seconds, &mut report)?;
    }
    let path = target_directory("bench")?.join("result.json");
    report.finish(&path)?;
    Ok(Count::ONE)
}

/// The samples of both contenders, alternating, so that a change of the machine hits both.
fn rounds(
    bench: &Bench,
    scenario: &Scenario,
    options: &Options,
) -> Result<[Vec<Sample>; 2], String> {
    let mut samples = [Vec::new(), Vec::new()];
    for round in 1..=options.rounds {
        for (contender, samples) in Contender::BOTH.into_iter().zip(&mut samples) {
            let running = bench.start(contender, scenario.stream, &["0"])?;
            let body = bench.body(scenario)?;
            load::run(&running.url, &body, 32, Duration::from_secs(1))?;
            let sample = load::measure(&running, &body, 32, options.seconds)?;
            println!(
                "{:<12} round {round}/{} {:<9} {:>8.0} requests/s  {:>6.1} us CPU  {:>5.1} MB",
                scenario.name,
                options.rounds,
                contender.name(),
                sample.rate,
                sample.cpu_us,
                sample.rss_mb
            );
            samples.push(sample);
        }
    }
    Ok(samples)
}

/// What each contender adds to a call at one connection, against the upstream called directly.
fn latency(bench: &Bench, options: &Options, report: &mut Report) -> Result<(), String> {
    let seconds = options.seconds.min(Duration::from_secs(5));
    for scenario in &SCENARIOS {
        let body = bench.body(scenario)?;
        let direct = load::run(&bench.upstream_url(), &body, 1, seconds)?;
        let mut added = Vec::new();
        for contender in Contender::BOTH {
            let running = bench.start(contender, scenario.stream, &["0"])?;
            load::run(&running.url, &body, 1, Duration::from_secs(1))?;
            let via = load::run(&running.url, &body, 1, seconds)?;
            added.push((
                contender.name(),
                via.p50_us - direct.p50_us,
                via.p99_us - direct.p99_us,
            ));
        }
        report.latency(scenario.name, direct.p50_us, &added);
    }
    Ok(())
}

/// Two cores against one. The load needs cores of its own for that; where there are none, the proxy
/// gets a part of each core, so that the load has the rest.
fn scaling(bench: &Bench, options: &Options, report: &mut Report) -> Result<(), String> {
    let scenario = SCENARIOS.first().ok_or("no scenario")?;
    let body = bench.body(scenario)?;
    let spare = machine::cores() >= 4;
    let part = if spare { 1.0 } else { PART };
    let mut rates = Vec::new();
    for round in 0..options.rounds {
        for cores in [&["0"][..], &["0", "1"]] {
            let running = bench.start(Contender::Ironward, scenario.stream, cores)?;
            let _share = (!spare)
                .then(|| Share::of_core(running.process.pid(), part * cores.len() as f64))
                .transpose()?;
            load::run(&running.url, &body, 64, Duration::from_secs(1))?;
            let sample = load::measure(&running, &body, 64, options.seconds)?;
            println!(
                "scaling      round {}/{} {} cores {:>8.0} requests/s  {:>6.1} us CPU",
                round + 1,
                options.rounds,
                cores.len(),
                sample.rate,
                sample.cpu_us
            );
            rates.push((cores.len(), sample));
            drop(running);
        }
    }
    let of = |cores| rates.iter().filter(move |(of, _)| *of == cores);
    report.scaling(part, of(1).map(|(_, one)| *one), of(2).map(|(_, two)| *two));
    Ok(())
}

/// The part of each core that the proxy gets where it has to share them with the load.
const PART: f64 = 0.2;

/// Calls of every kind through `binary`, for what they teach about it.
pub(crate) fn teach(binary: &Path) -> Result<(), String> {
    let options = Options {
        binary: Some(binary.to_owned()),
        ..Options::read(&[])?
    };
    train::train(binary, &prepare(&options)?)
}

fn prepare(options: &Options) -> Result<Bench, String> {
    debian("nginx", "nginx-light", "-v")?;
    debian("wrk", "wrk", "-v")?;
    require("taskset", "--version", "sudo apt-get install -y util-linux")?;
    if machine::cores() < 2 {
        return Err(
            "the benchmark needs two cores: one for the proxy, one for the load".to_owned(),
        );
    }
    println!("building the upstream");
    let upstream = [
        "build",
        "--quiet",
        "--profile",
        "bench",
        "-p",
        "ironward-testkit",
        "--bin",
        "upstream",
    ];
    run_program(cargo().args(upstream))?;
    let binary = if let Some(binary) = &options.binary {
        binary.clone()
    } else {
        println!("building ironward as it is shipped");
        dist::build()?
    };
    let version = capture(std::process::Command::new(&binary).arg("--version")).unwrap_or_default();
    println!("{}", version.trim());
    Bench::new(binary)
}

struct Options {
    rounds: usize,
    seconds: Duration,
    binary: Option<PathBuf>,
    only: Vec<String>,
}

impl Options {
    fn read(args: &[String]) -> Result<Self, String> {
        let mut options = Self {
            rounds: 3,
            seconds: Duration::from_secs(10),
            binary: None,
            only: Vec::new(),
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut number = || {
                let value = args.next().and_then(|text| text.parse::<u32>().ok());
                value.ok_or_else(|| format!("{arg} wants a number"))
            };
            match arg.as_str() {
                "--rounds" => options.rounds = number()?.try_into().unwrap_or(1),
                "--seconds" => options.seconds = Duration::from_secs(number()?.into()),
                "--binary" => options.binary = args.next().map(PathBuf::from),
                name => options.only.push(name.to_owned()),
            }
        }
        let known = SCENARIOS.iter().map(|scenario| scenario.name);
        let known: Vec<_> = known
            .chain(["latency", "start", "idle", "scaling", "polls", "keys"])
            .collect();
        match options
            .only
            .iter()
            .find(|name| !known.contains(&name.as_str()))
        {
            Some(name) => Err(format!(
                "{name}: no such scenario; there are {}",
                known.join(", ")
            )),
            None => Ok(options),
        }
    }

    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}
