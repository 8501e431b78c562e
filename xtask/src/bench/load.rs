use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::contender::{KEY, Proxy, pinned};
use super::machine::{cpu_time, resident_mb};
use crate::program::capture;
use crate::workspace::root;

/// What wrk saw.
pub(super) struct Load {
    pub(super) requests: f64,
    pub(super) rate: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
}

/// What wrk saw, and what it cost the proxy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) rate: f64,
    pub(super) cpu_us: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) rss_mb: f64,
}

/// Calls `url` over and over from core 1, and insists that every call succeeds.
pub(super) fn run(
    url: &str,
    body: &Path,
    connections: u32,
    time: Duration,
) -> Result<Load, String> {
    run_as(KEY, url, body, connections, time)
}

/// The same with another key than that of the benchmark's configuration.
pub(super) fn run_as(
    key: &str,
    url: &str,
    body: &Path,
    connections: u32,
    time: Duration,
) -> Result<Load, String> {
    let mut wrk = pinned(&["1"], Path::new("wrk"));
    wrk.args(["-t", "1", "--timeout", "10s"])
        .args([
            "-c",
            &connections.to_string(),
            "-d",
            &format!("{}s", time.as_secs()),
        ])
        .arg("-s")
        .arg(root().join("xtask/bench/load.lua"))
        .arg(url)
        .env("BENCH_BODY", body)
        .env("BENCH_KEY", key);
    let text = capture(&mut wrk)?;
    let line = text.lines().find(|line| line.starts_with('{'));
    let seen: Value = line
        .and_then(|line| serde_json::from_str(line).ok())
        .ok_or_else(|| format!("wrk says nothing of use:\n{text}"))?;
    let number = |name: &str| seen.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    if number("failed") > 0.0 || number("broken") > 0.0 || number("requests") < 1.0 {
        return Err(format!("calls failed at {url}: {seen}"));
    }
    Ok(Load {
        requests: number("requests"),
        rate: number("requests") / number("duration_us") * 1e6,
        p50_us: number("p50_us"),
        p99_us: number("p99_us"),
    })
}

/// The same with the proxy's CPU time per call, and its memory afterwards.
pub(super) fn measure(
    proxy: &Proxy,
    body: &Path,
    connections: u32,
    time: Duration,
) -> Result<Sample, String> {
    let pid = proxy.process.pid();
    let before = cpu_time(pid)?;
    let load = run(&proxy.url, body, connections, time)?;
    let spent = cpu_time(pid)? - before;
    Ok(Sample {
        rate: load.rate,
        cpu_us: spent * 1e6 / load.requests,
        p50_us: load.p50_us,
        p99_us: load.p99_us,
        rss_mb: resident_mb(pid)?,
    })
}
