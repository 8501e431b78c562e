//! A good client that calls all the time, and beside it somebody who tries keys:
//! `flood --address A --key K --seconds N --rate R`.
//!
//! Each wrong key is another one, and they come from many addresses of this machine. It prints one
//! JSON line: what the wrong keys were answered, and the latencies of the good client.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a command-line program that measures real time"
)]

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ironward_testkit::raw::{self, Connection, format_request};
use serde_json::json;

/// From so many addresses.
const ADDRESSES: u8 = 50;
/// So many wrong keys at once on a connection.
const BATCH: u64 = 20;
/// Between two calls of the good client.
const PAUSE: Duration = Duration::from_millis(2);

fn main() -> ExitCode {
    match Options::read(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("flood: {error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Answers {
    wrong_key: AtomicU64,
    too_many: AtomicU64,
}

fn run(options: &Options) -> io::Result<String> {
    let answers = Arc::new(Answers::default());
    let is_over = Arc::new(AtomicBool::new(false));
    let flood = (options.rate > 0).then(|| {
        let (options, answers, is_over) =
            (options.clone(), Arc::clone(&answers), Arc::clone(&is_over));
        thread::spawn(move || flood(&options, &answers, &is_over))
    });
    let mut latencies = call(options)?;
    is_over.store(true, Ordering::SeqCst);
    let (sent, seconds) = match flood {
        Some(thread) => thread
            .join()
            .map_err(|_| io::Error::other("the flood broke"))??,
        None => (0, 1.0),
    };
    latencies.sort_unstable();
    let at = |share: usize| {
        latencies
            .get(latencies.len().saturating_sub(1) * share / 100)
            .copied()
    };
    let (wrong_key, too_many) = (&answers.wrong_key, &answers.too_many);
    let line = json!({
        "calls": latencies.len(),
        "p50_us": at(50),
        "p99_us": at(99),
        "wrong_keys": sent,
        "answered_401": wrong_key.load(Ordering::SeqCst),
        "answered_429": too_many.load(Ordering::SeqCst),
        "wrong_keys_per_second": sent as f64 / seconds,
    });
    Ok(line.to_string())
}

/// The good client; every call succeeds. In microseconds.
fn call(options: &Options) -> io::Result<Vec<u128>> {
    let body = json!({"model": "gpt-test", "messages": [{"role": "user", "content": "hello"}]});
    let bearer = format!("Bearer {}", options.key);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = body.to_string();
    let request = format_request("POST", "/v1/chat/completions", &headers, body.as_bytes());
    let mut connection = Connection::open(options.address)?;
    let mut latencies = Vec::new();
    let began = Instant::now();
    while began.elapsed() < options.time {
        let started = Instant::now();
        connection.send(&request)?;
        let reply = connection.read_reply()?;
        if reply.status != 200 {
            return Err(io::Error::other(format!(
                "{}: {}",
                reply.status,
                reply.text()
            )));
        }
        latencies.push(started.elapsed().as_micros());
        thread::sleep(PAUSE);
    }
    Ok(latencies)
}

/// How many wrong keys were sent, in how many seconds.
fn flood(
    options: &Options,
    answers: &Arc<Answers>,
    is_over: &AtomicBool,
) -> io::Result<(u64, f64)> {
    let mut connections = Vec::new();
    for last in 1..=ADDRESSES {
        let source = IpAddr::V4(Ipv4Addr::new(127, 7, 0, last));
        let stream = raw::connect_from(source, options.address)?;
        let (reading, answers) = (stream.try_clone()?, Arc::clone(answers));
        thread::spawn(move || count(reading, &answers));
        connections.push(stream);
    }
    let (began, mut sent) = (Instant::now(), 0);
    for stream in (0..connections.len()).cycle() {
        if is_over.load(Ordering::SeqCst) {
            break;
        }
        let due = Duration::from_secs_f64(sent as f64 / options.rate as f64);
        thread::sleep(due.saturating_sub(began.elapsed()));
        let requests: String = (sent..sent + BATCH).map(wrong_key).collect();
        let stream = connections.get_mut(stream).ok_or(io::ErrorKind::NotFound)?;
        stream.write_all(requests.as_bytes())?;
        sent += BATCH;
    }
    let seconds = began.elapsed().as_secs_f64();
    // What is under way is answered.
    thread::sleep(Duration::from_millis(500));
    for stream in connections {
        drop(stream.shutdown(Shutdown::Both));
    }
    Ok((sent, seconds))
}

/// A request with a key that looks like one of LiteLLM's: it has to be hashed and looked for.
fn wrong_key(number: u64) -> String {
    let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let other = mixed.rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    format!(
        "GET /v1/models HTTP/1.1\r\nhost: gw\r\nauthorization: Bearer sk-{mixed:016x}{other:016x}\r\n\r\n"
    )
}

fn count(mut stream: TcpStream, answers: &Answers) {
    let mut buffer = [0; 64 * 1024];
    let mut kept = 0;
    while let Ok(length) = stream.read(buffer.get_mut(kept..).unwrap_or_default()) {
        if length == 0 {
            return;
        }
        let end = kept + length;
        let bytes = buffer.get(..end).unwrap_or_default();
        let times = |line: &[u8]| memchr::memmem::find_iter(bytes, line).count() as u64;
        answers
            .wrong_key
            .fetch_add(times(b"HTTP/1.1 401 "), Ordering::SeqCst);
        answers
            .too_many
            .fetch_add(times(b"HTTP/1.1 429 "), Ordering::SeqCst);
        // The beginning of a status line may be all that has come of it.
        kept = end.min("HTTP/1.1 401".len());
        buffer.copy_within(end - kept..end, 0);
    }
}

#[derive(Clone)]
struct Options {
    address: SocketAddr,
    key: String,
    time: Duration,
    rate: u64,
}

impl Options {
    fn read(mut args: impl Iterator<Item = String>) -> io::Result<Self> {
        let usage = || io::Error::other("usage: flood --address A --key K --seconds N --rate R");
        let mut value = |name: &str| match (args.next(), args.next()) {
            (Some(found), Some(value)) if found == name => Ok(value),
            _ => Err(usage()),
        };
        Ok(Self {
            address: value("--address")?.parse().map_err(|_| usage())?,
            key: value("--key")?,
            time: Duration::from_secs(value("--seconds")?.parse().map_err(|_| usage())?),
            rate: value("--rate")?.parse().map_err(|_| usage())?,
        })
    }
}
