//! The scripted upstream as a process of its own, for clients in other languages and for load.
//!
//! `upstream [--port P]` answers by script; `--preset` makes it answer with preset bytes instead,
//! as fast as it can: `--chunks N` and `--interval-ms M` shape the stream, `--idle` holds streams
//! open after their first chunk. It prints one JSON line with its address and runs until killed.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program prints its address and its complaints"
)]

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use ironward_testkit::{Preset, PresetUpstream, Upstream};

fn main() -> ExitCode {
    match Options::read(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("upstream: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    if options.preset {
        let upstream = PresetUpstream::bind(options.port, options.shape)?;
        announce(upstream.address()?)?;
        return upstream.serve();
    }
    let upstream = Upstream::start_on(options.port);
    announce(upstream.address())?;
    upstream.wait();
    Ok(())
}

fn announce(address: SocketAddr) -> io::Result<()> {
    println!("{{\"upstream\":\"{address}\"}}");
    io::stdout().flush()
}

struct Options {
    port: u16,
    preset: bool,
    shape: Preset,
}

impl Options {
    fn read(mut args: impl Iterator<Item = String>) -> io::Result<Self> {
        let mut options = Self {
            port: 0,
            preset: false,
            shape: Preset {
                chunks: 50,
                interval: Duration::ZERO,
                idle: false,
            },
        };
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--port" => options.port = number(&arg, args.next())?,
                "--chunks" => options.shape.chunks = number(&arg, args.next())?,
                "--interval-ms" => {
                    options.shape.interval = Duration::from_millis(number(&arg, args.next())?);
                }
                "--preset" => options.preset = true,
                "--idle" => (options.preset, options.shape.idle) = (true, true),
                _ => return Err(io::Error::other(format!("{arg}: {USAGE}"))),
            }
        }
        Ok(options)
    }
}

fn number<T: std::str::FromStr>(name: &str, value: Option<String>) -> io::Result<T> {
    value
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| io::Error::other(format!("{name} wants a number")))
}

const USAGE: &str = "usage: upstream [--port P] [--preset [--chunks N] [--interval-ms M] [--idle]]";
