mod builder;
mod output;
mod ready;

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub use builder::GatewayBuilder;
use output::Output;

/// A running `ironward` process with a directory of its own; killed when it is dropped.
pub struct Gateway {
    child: Child,
    directory: TempDir,
    output: Output,
    data: SocketAddr,
    admin: SocketAddr,
    admin_key: String,
    started_in: Duration,
}

impl Gateway {
    /// Prepares `binary serve` with this config text, on two free ports.
    #[must_use]
    pub fn builder(binary: &Path, config: &str) -> GatewayBuilder {
        GatewayBuilder::new(binary).config(config)
    }

    /// Prepares `binary serve` with nothing but a directory, on two free ports.
    #[must_use]
    pub fn without_config(binary: &Path) -> GatewayBuilder {
        GatewayBuilder::new(binary)
    }

    /// Starts `binary` with this config text and waits until it listens.
    ///
    /// # Panics
    /// When it does not say within 10 s that it listens; the message holds its output.
    #[must_use]
    pub fn start(binary: &Path, config: &str) -> Self {
        Self::builder(binary, config).start()
    }

    /// Where clients connect.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.data
    }

    /// Where the admin plane listens.
    #[must_use]
    pub const fn admin_address(&self) -> SocketAddr {
        self.admin
    }

    /// `http://127.0.0.1:PORT` of the data plane.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.data)
    }

    /// The admin key that it made or read at start.
    #[must_use]
    pub fn admin_key(&self) -> &str {
        &self.admin_key
    }

    /// From spawn to its ready line.
    #[must_use]
    pub const fn started_in(&self) -> Duration {
        self.started_in
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its directory: `config.yaml`, and `state`, which is its data directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Replaces the config file in one step, as an editor does.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn rewrite_config(&self, config: &str) {
        let (new, path) = (
            self.directory.path().join("config.new"),
            self.directory.path().join(CONFIG),
        );
        std::fs::write(&new, config).expect("the config is written");
        std::fs::rename(&new, &path).expect("the config is replaced");
    }

    /// Everything that it has written to stdout and stderr so far.
    #[must_use]
    pub fn output(&self) -> String {
        self.output.text()
    }

    /// What it has written to stderr so far: its log.
    #[must_use]
    pub fn log(&self) -> String {
        self.output.log()
    }

    /// The most memory that it has had at once, in bytes.
    ///
    /// # Panics
    /// When it has ended, or the system does not say.
    #[must_use]
    #[track_caller]
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("a running process has a status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kilobytes: u64 = kilobytes
            .and_then(|number| number.parse().ok())
            .expect("VmHWM in kilobytes");
        kilobytes * 1024
    }

    /// Waits until its output holds `text`.
    ///
    /// # Panics
    /// When it does not within 10 s.
    #[track_caller]
    pub fn wait_for_output(&self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.output().contains(text) {
            assert!(
                Instant::now() < deadline,
                "no {text:?} in the output:\n{}",
                self.output()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends SIGTERM: drain and exit.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Sends SIGHUP: reload.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn hang_up(&self) {
        self.signal("-HUP");
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .args([signal, &self.pid().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success(), "{signal} reaches the gateway");
    }

    /// Kills it at once, as a power cut would.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn kill(&mut self) {
        self.child.kill().expect("SIGKILL reaches the gateway");
        self.wait(Duration::from_secs(10));
    }

    /// Waits for it to exit by itself.
    ///
    /// # Panics
    /// When it is still there after `patience`.
    #[track_caller]
    pub fn wait(&mut self, patience: Duration) -> ExitStatus {
        wait(&mut self.child, patience)
            .unwrap_or_else(|| panic!("still running after {patience:?}:\n{}", self.output()))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn wait(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return Some(status);
        }
        if Instant::now() > deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

const CONFIG: &str = "config.yaml";

#[cfg(test)]
mod tests;
