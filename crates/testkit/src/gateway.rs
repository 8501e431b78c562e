use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

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

/// What a gateway is started with.
pub struct GatewayBuilder {
    command: Command,
    directory: TempDir,
    patience: Duration,
}

impl Gateway {
    /// Prepares `binary serve` with this config text, on two free ports.
    #[must_use]
    pub fn builder(binary: &Path, config: &str) -> GatewayBuilder {
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path().join(CONFIG);
        std::fs::write(&path, config).expect("the config is written");
        let mut command = Command::new(binary);
        command
            .args(["serve", "--ready-json", "--port", "0", "--admin-port", "0"])
            .arg("--config")
            .arg(&path)
            .arg("--data-dir")
            .arg(directory.path().join("state"))
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        GatewayBuilder {
            command,
            directory,
            patience: Duration::from_secs(10),
        }
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
        let status = Command::new("kill")
            .args(["-TERM", &self.pid().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success(), "SIGTERM reaches the gateway");
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

impl GatewayBuilder {
    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.command.arg(arg.into());
        self
    }

    /// Sets an environment variable; otherwise it sees `PATH` only.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// How long it may take to listen.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Its directory, to put further files in before it starts.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// Starts it and waits until it listens.
    ///
    /// # Panics
    /// When it exits or stays silent instead; the message holds its output.
    #[must_use]
    #[track_caller]
    pub fn start(self) -> Gateway {
        let patience = self.patience;
        let (started, mut child, output, ready, directory) = self.spawn();
        let Some(ready) = wait_ready(&ready, patience) else {
            drop(child.kill());
            let status = child.wait().expect("a child can be waited for");
            panic!("the gateway did not start ({status}):\n{}", output.text());
        };
        let text = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
        let address = |name: &str| text(name).parse().expect("an address in the ready line");
        Gateway {
            started_in: started.elapsed(),
            data: address("data"),
            admin: address("admin"),
            admin_key: text("admin_key"),
            child,
            directory,
            output,
        }
    }

    /// Starts it expecting that it refuses: waits for it to exit and gives its status and output.
    ///
    /// # Panics
    /// When it is still running after the patience.
    #[must_use]
    #[track_caller]
    pub fn refuse(self) -> (ExitStatus, String) {
        let patience = self.patience;
        let (_, mut child, output, ready, _directory) = self.spawn();
        let Some(status) = wait(&mut child, patience) else {
            drop(child.kill());
            drop(child.wait());
            panic!("it started instead of refusing:\n{}", output.text());
        };
        // The reader of stdout hangs up once all of it is in `output`.
        while ready.recv_timeout(Duration::from_secs(1)).is_ok() {}
        (status, output.text())
    }

    fn spawn(mut self) -> (Instant, Child, Output, Receiver<String>, TempDir) {
        let started = Instant::now();
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{:?}: {error}", self.command.get_program()));
        let output = Output::default();
        let (lines, ready) = mpsc::channel();
        // Both readers hold a sender, so the channel closes when both pipes are drained.
        output.collect(child.stdout.take(), lines.clone());
        output.collect(child.stderr.take(), lines);
        (started, child, output, ready, self.directory)
    }
}

/// What a process prints, collected by a thread for each pipe.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<String>>);

impl Output {
    fn collect(&self, pipe: Option<impl Read + Send + 'static>, lines: Sender<String>) {
        let Some(pipe) = pipe else { return };
        let output = self.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(pipe);
            let mut line = Vec::new();
            while reader
                .read_until(b'\n', &mut line)
                .is_ok_and(|length| length > 0)
            {
                let text = String::from_utf8_lossy(&line).into_owned();
                output.push(&text);
                // Nobody listens once the gateway is ready.
                drop(lines.send(text));
                line.clear();
            }
        });
    }

    fn push(&self, text: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(text);
    }

    fn text(&self) -> String {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn wait_ready(lines: &Receiver<String>, patience: Duration) -> Option<serde_json::Value> {
    let deadline = Instant::now() + patience;
    loop {
        let left = deadline.checked_duration_since(Instant::now())?;
        let line = lines.recv_timeout(left).ok()?;
        let ready = serde_json::from_str::<serde_json::Value>(line.trim()).unwrap_or_default();
        // Log lines may be JSON too; only the ready line names both planes.
        if ready.get("data").is_some() && ready.get("admin").is_some() {
            return Some(ready);
        }
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
