use std::io::Write as _;
use std::process::Stdio;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use super::{PATIENCE, Service, missing, quiet_address, tool};
use crate::raw::Connection;

/// What `promtool check metrics` has to say about this text; empty: nothing.
///
/// # Panics
/// When it is not installed.
#[must_use]
pub fn promtool_check(metrics: &str) -> String {
    let mut child = tool("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| missing("promtool", &error.to_string()));
    let mut pipe = child.stdin.take().expect("a piped stdin");
    pipe.write_all(metrics.as_bytes()).expect("it reads");
    drop(pipe);
    let output = child.wait_with_output().expect("it ends");
    let mut said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    if said.iter().all(String::is_empty) && !output.status.success() {
        said = [output.status.to_string(), String::new()];
    }
    said.concat()
}

impl Service {
    /// Prometheus, which reads what this `scrape_config` names (YAML, without its list).
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    #[must_use]
    pub fn prometheus(scrape_config: &str) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let address = quiet_address();
        let config = directory.path().join("prometheus.yml");
        let text = format!("scrape_configs:\n{scrape_config}");
        std::fs::write(&config, text).expect("a file");
        let child = tool("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| missing("prometheus", &error.to_string()));
        let mut service = Self {
            child,
            address,
            directory,
        };
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Ok(Some(status)) = service.child.try_wait() {
                panic!("prometheus ended while it started: {status}");
            }
            let is_ready = Connection::open(address).is_ok()
                && service.request("GET", "/-/ready", &[], "").status == 200;
            if is_ready {
                return service;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("prometheus is not ready after {PATIENCE:?}");
    }

    /// What Prometheus answers to a `GET`.
    #[must_use]
    pub fn prometheus_answer(&self, path: &str) -> Value {
        self.request("GET", path, &[], "").json()["data"].clone()
    }
}
