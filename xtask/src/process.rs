use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A program that runs in the background and has said, in a JSON line, that it is ready.
pub(crate) struct Running {
    child: Child,
    ready: Value,
    /// From spawn to the ready line.
    pub(crate) started_in: Duration,
}

impl Running {
    /// Starts it and waits for a JSON line with the field `key` on its standard output.
    pub(crate) fn start(
        command: &mut Command,
        key: &str,
        patience: Duration,
    ) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let started = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        let (lines, received) = mpsc::channel();
        if let Some(pipe) = child.stdout.take() {
            // It goes on reading afterwards, or the program would block on a full pipe.
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    drop(lines.send(line));
                }
            });
        }
        let mut running = Self {
            child,
            ready: Value::Null,
            started_in: Duration::ZERO,
        };
        let mut seen = String::new();
        while let Some(left) = patience.checked_sub(started.elapsed()) {
            let Ok(line) = received.recv_timeout(left) else {
                break;
            };
            let value: Value = serde_json::from_str(line.trim()).unwrap_or_default();
            if value.get(key).is_some() {
                running.ready = value;
                running.started_in = started.elapsed();
                return Ok(running);
            }
            seen.push_str(&line);
            seen.push('\n');
        }
        Err(format!("{name} did not say that it is ready:\n{seen}"))
    }

    /// Starts it and waits until it accepts connections on this address.
    pub(crate) fn listening(
        command: &mut Command,
        address: SocketAddr,
        patience: Duration,
    ) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let started = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        let mut running = Self {
            child,
            ready: Value::Null,
            started_in: Duration::ZERO,
        };
        while started.elapsed() < patience {
            if TcpStream::connect(address).is_ok() {
                running.started_in = started.elapsed();
                return Ok(running);
            }
            if let Ok(Some(status)) = running.child.try_wait() {
                return Err(format!("{name}: {status}"));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Err(format!("{name} does not listen on {address}"))
    }

    /// A text of its ready line.
    pub(crate) fn ready(&self, key: &str) -> &str {
        self.ready
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Asked first: nginx killed outright would leave its workers behind.
        let mut kill = Command::new("kill");
        drop(
            kill.args(["-TERM", &self.pid().to_string()])
                .stderr(Stdio::null())
                .status(),
        );
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(2) {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
