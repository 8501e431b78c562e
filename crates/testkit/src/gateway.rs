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
    has_config: bool,
    greets: bool,
    data_dir: Option<PathBuf>,
    has_kek: bool,
    ports: (u16, u16),
    log: Option<Stdio>,
}

impl Gateway {
    /// Prepares `binary serve` with this config text, on two free ports.
    #[must_use]
    pub fn builder(binary: &Path, config: &str) -> GatewayBuilder {
        let builder = Self::without_config(binary);
        let path = builder.directory.path().join(CONFIG);
        std::fs::write(&path, config).expect("the config is written");
        GatewayBuilder {
            has_config: true,
            ..builder
        }
    }

    /// Prepares `binary serve` with nothing but a directory, on two free ports.
    #[must_use]
    pub fn without_config(binary: &Path) -> GatewayBuilder {
        let mut command = Command::new(binary);
        command
            .arg("serve")
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        GatewayBuilder {
            command,
            directory: TempDir::new().expect("a temporary directory"),
            patience: Duration::from_secs(10),
            has_config: false,
            greets: false,
            data_dir: None,
            has_kek: false,
            ports: (0, 0),
            log: None,
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

    /// Lets a shell start it under these limits, as `ulimit` takes them: `-Sn 256`.
    #[must_use]
    pub fn limits(mut self, limits: &str) -> Self {
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("ulimit {limits} && exec \"$0\" \"$@\""))
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .env_clear();
        for (name, value) in self.command.get_envs() {
            shell.envs(value.map(|value| (name, value)));
        }
        self.command = shell;
        self
    }

    /// Lets it greet a person instead of printing its ready line.
    #[must_use]
    pub const fn greeting(mut self) -> Self {
        self.greets = true;
        self
    }

    /// Lets it keep its state in `path` instead of in its own directory, with the key-encryption key
    /// in the file `kek` beside it.
    #[must_use]
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(path.into());
        self
    }

    /// Names no file for the key-encryption key: the configuration or an argument does.
    #[must_use]
    pub const fn own_kek(mut self) -> Self {
        self.has_kek = true;
        self
    }

    /// Names the port of the data plane and that of the admin plane; 0 is a free one.
    #[must_use]
    pub const fn ports(mut self, data: u16, admin: u16) -> Self {
        self.ports = (data, admin);
        self
    }

    /// Lets it write its log there: none of it is in the output.
    #[must_use]
    pub fn log_to(mut self, log: impl Into<Stdio>) -> Self {
        self.log = Some(log.into());
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
        Gateway {
            started_in: started.elapsed(),
            data: ready.data,
            admin: ready.admin,
            admin_key: ready.admin_key,
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
        self.arrange();
        let started = Instant::now();
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(self.log.take().unwrap_or_else(Stdio::piped))
            .spawn()
            .unwrap_or_else(|error| panic!("{:?}: {error}", self.command.get_program()));
        let output = Output::default();
        let (lines, ready) = mpsc::channel();
        // Both readers hold a sender, so the channel closes when both pipes are drained.
        output.collect(child.stdout.take(), lines.clone(), false);
        output.collect(child.stderr.take(), lines, true);
        (started, child, output, ready, self.directory)
    }

    /// Adds the arguments that follow from the settings.
    fn arrange(&mut self) {
        let directory = self.directory.path();
        let state = directory.join("state");
        self.command
            .args(["--port", &self.ports.0.to_string()])
            .args(["--admin-port", &self.ports.1.to_string()])
            .arg("--data-dir")
            .arg(self.data_dir.as_ref().unwrap_or(&state));
        if !self.has_kek {
            let data_dir = self.data_dir.as_ref().unwrap_or(&state);
            self.command
                .arg("--kek-file")
                .arg(data_dir.with_file_name(KEK));
        }
        if self.has_config {
            self.command.arg("--config").arg(directory.join(CONFIG));
        }
        if !self.greets {
            self.command.arg("--ready-json");
        }
    }
}

/// What a process prints, collected by a thread for each pipe.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Texts>>);

#[derive(Default)]
struct Texts {
    all: String,
    /// The part of it that came on stderr.
    log: String,
}

impl Output {
    fn collect(
        &self,
        pipe: Option<impl Read + Send + 'static>,
        lines: Sender<String>,
        is_log: bool,
    ) {
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
                output.push(&text, is_log);
                // Nobody listens once the gateway is ready.
                drop(lines.send(text));
                line.clear();
            }
        });
    }

    fn push(&self, text: &str, is_log: bool) {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.all.push_str(text);
        if is_log {
            texts.log.push_str(text);
        }
    }

    fn text(&self) -> String {
        let texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.all.clone()
    }

    fn log(&self) -> String {
        let texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.log.clone()
    }
}

/// What a gateway says of itself when it is ready.
struct Ready {
    data: SocketAddr,
    admin: SocketAddr,
    /// Empty unless it has just made one.
    admin_key: String,
}

impl Ready {
    /// Reads the line of `--ready-json`. Log lines may be JSON too; only this one names both planes.
    fn from_json(line: &str) -> Option<Self> {
        let ready = serde_json::from_str::<serde_json::Value>(line.trim()).ok()?;
        let text = |name: &str| ready.get(name).and_then(serde_json::Value::as_str);
        Some(Self {
            data: text("data")?.parse().ok()?,
            admin: text("admin")?.parse().ok()?,
            admin_key: text("admin_key").unwrap_or_default().to_owned(),
        })
    }

    /// Reads the greeting once its last line is there.
    fn from_greeting(text: &str) -> Option<Self> {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
            line.map(str::trim)
        };
        let address = |url: &str| {
            let (_, rest) = url.split_once("://")?;
            rest.split('/').next()?.parse().ok()
        };
        text.contains("print(client.").then_some(())?;
        let key = value("key ").filter(|key| key.starts_with("sk-"));
        Some(Self {
            data: address(value("clients ")?)?,
            admin: address(value("admin ")?)?,
            admin_key: key.unwrap_or_default().to_owned(),
        })
    }
}

fn wait_ready(lines: &Receiver<String>, patience: Duration) -> Option<Ready> {
    let deadline = Instant::now() + patience;
    let mut text = String::new();
    loop {
        let left = deadline.checked_duration_since(Instant::now())?;
        let line = lines.recv_timeout(left).ok()?;
        text.push_str(&line);
        let ready = Ready::from_json(&line).or_else(|| Ready::from_greeting(&text));
        if ready.is_some() {
            return ready;
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
/// The key-encryption key, beside the data directory.
const KEK: &str = "kek";

#[cfg(test)]
mod tests;
