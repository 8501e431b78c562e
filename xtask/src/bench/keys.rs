use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::contender::{Bench, pinned};
use super::machine::resident_mb;
use super::report::{Report, median};
use crate::management::start_server;
use crate::process::Running;
use crate::program::{capture, run as run_program};
use crate::workspace::{cargo, target, target_directory};

/// Keys that the gateway holds while it is measured.
const KEYS: f64 = 100_000.0;
/// Wrong keys a second.
const FLOOD: u32 = 20_000;

/// What keys cost: to make, to load, to keep, to look up, and to try.
pub(super) fn measure(bench: &Bench, time: Duration, report: &mut Report) -> Result<(), String> {
    println!("building what keys are measured with");
    build()?;
    let mut figures = Map::new();
    figures.insert("authentication".to_owned(), authentication()?);
    figures.insert("store".to_owned(), store()?);
    let server = start_server()?;
    for (database, url) in [
        ("sqlite", None),
        ("postgresql", Some(server.ready("postgres"))),
    ] {
        let figure = gateway(bench, database, url, time)?;
        figures.insert(database.to_owned(), figure);
    }
    report.keys(figures);
    Ok(())
}

fn build() -> Result<(), String> {
    for what in [
        &["-p", "ironward-store", "--example", "keys"][..],
        &["-p", "ironward", "--example", "stock"],
        &["-p", "ironward-testkit", "--bin", "flood"],
    ] {
        run_program(
            cargo()
                .args(["build", "--quiet", "--profile", "bench"])
                .args(what),
        )?;
    }
    Ok(())
}

/// Nanoseconds of one authentication.
fn authentication() -> Result<Value, String> {
    let text = capture(cargo().args([
        "bench",
        "--quiet",
        "-p",
        "ironward-benches",
        "--bench",
        "authenticate",
    ]))?;
    let line = text.lines().find(|line| line.starts_with('{'));
    line.and_then(|line| serde_json::from_str(line).ok())
        .ok_or_else(|| format!("the benchmark says nothing of use:\n{text}"))
}

/// The store alone, over both databases.
fn store() -> Result<Value, String> {
    let text = capture(&mut Command::new(target().join("release/examples/keys")))?;
    let mut figures = Map::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let text = |field: &str| line.get(field).and_then(Value::as_str).unwrap_or_default();
        let name = format!("{}: {}", text("database"), text("figure"));
        figures.insert(name, line.get("value").cloned().unwrap_or_default());
    }
    Ok(figures.into())
}

/// The gateway with no keys, and with all of them.
fn gateway(
    bench: &Bench,
    database: &str,
    url: Option<&str>,
    time: Duration,
) -> Result<Value, String> {
    let place = Place::new(bench, database, url)?;
    let empty = place.start()?;
    let admin_key = empty.ready("admin_key").to_owned();
    let made = make_keys(&empty, &admin_key, 300)?;
    let empty_mb = resident_mb(empty.pid())?;
    drop(empty);
    place.stock()?;
    // The first start after somebody else's writes, and the usual one, which has its snapshot.
    let first = place.start()?;
    let first_start = first.started_in;
    let first_mb = resident_mb(first.pid())?;
    drop(first);
    let full = place.start()?;
    let second_start = full.started_in;
    let quiet = flood(full.ready("data"), &made.key, 0, time)?;
    let before_mb = resident_mb(full.pid())?;
    let flooded = flood(full.ready("data"), &made.key, FLOOD, time)?;
    let after_mb = resident_mb(full.pid())?;
    let figure = json!({
        "creation p50 us": made.p50_us,
        "creation p99 us": made.p99_us,
        "first start ms": first_start.as_millis(),
        "start ms": second_start.as_millis(),
        "RSS without keys MB": empty_mb,
        "RSS with keys MB": first_mb,
        "bytes a key": (first_mb - empty_mb) * 1024.0 * 1024.0 / KEYS,
        "quiet": quiet,
        "flooded": flooded,
        "RSS before the flood MB": before_mb,
        "RSS after the flood MB": after_mb,
    });
    println!("{database}: {figure}");
    Ok(figure)
}

/// Where a gateway keeps its things.
struct Place {
    command: Box<dyn Fn() -> Result<Command, String>>,
    directory: PathBuf,
    url: Option<String>,
}

/// Keys that were made over the management API.
struct Made {
    key: String,
    p50_us: f64,
    p99_us: f64,
}

impl Place {
    fn new(bench: &Bench, database: &str, url: Option<&str>) -> Result<Self, String> {
        let directory = target_directory(&format!("bench/{database}"))?;
        // Nothing of an earlier run.
        std::fs::remove_dir_all(&directory).map_err(|error| error.to_string())?;
        let directory = target_directory(&format!("bench/{database}"))?;
        let directory = std::path::absolute(directory).map_err(|error| error.to_string())?;
        let command = bench.with_keys(&directory, url)?;
        Ok(Self {
            command: Box::new(command),
            directory,
            url: url.map(str::to_owned),
        })
    }

    fn start(&self) -> Result<Running, String> {
        Running::start(&mut (self.command)()?, "data", Duration::from_secs(60))
    }

    fn stock(&self) -> Result<(), String> {
        let mut stock = Command::new(target().join("release/examples/stock"));
        stock
            .arg(self.directory.join("state"))
            .arg(self.directory.join("kek"))
            .args(&self.url);
        run_program(&mut stock)
    }
}

/// Makes keys one after the other.
fn make_keys(gateway: &Running, admin_key: &str, count: usize) -> Result<Made, String> {
    let mut stream =
        TcpStream::connect(gateway.ready("admin")).map_err(|error| error.to_string())?;
    let mut took = Vec::new();
    let mut key = String::new();
    for _ in 0..count {
        let started = Instant::now();
        let made = generate(&mut stream, admin_key)?;
        took.push(started.elapsed().as_secs_f64() * 1e6);
        key = made
            .get("key")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
    }
    took.sort_by(f64::total_cmp);
    let slow = took.get(took.len() * 99 / 100).copied().unwrap_or_default();
    Ok(Made {
        key,
        p50_us: median(took),
        p99_us: slow,
    })
}

/// `POST /key/generate` on a connection that stays open.
fn generate(stream: &mut TcpStream, admin_key: &str) -> Result<Value, String> {
    let text = |error: std::io::Error| format!("/key/generate: {error}");
    let request = format!(
        "POST /key/generate HTTP/1.1\r\nhost: gw\r\nauthorization: Bearer {admin_key}\r\ncontent-type: \
         application/json\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    stream.write_all(request.as_bytes()).map_err(text)?;
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).map_err(text)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).map_err(text)?;
    serde_json::from_slice(&body).map_err(|error| format!("/key/generate: {error}"))
}

/// A good client beside so many wrong keys a second.
fn flood(address: &str, key: &str, rate: u32, time: Duration) -> Result<Value, String> {
    let mut flood = pinned(&["1"], &target().join("release/flood"));
    flood
        .args(["--address", address, "--key", key])
        .args(["--seconds", &time.as_secs().to_string()])
        .args(["--rate", &rate.to_string()])
        .stdin(Stdio::null());
    serde_json::from_str(capture(&mut flood)?.trim()).map_err(|error| error.to_string())
}
