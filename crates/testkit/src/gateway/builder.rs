use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::output::Output;
use super::ready::wait_ready;
use super::{CONFIG, Gateway, wait};

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

impl GatewayBuilder {
    pub(super) fn new(binary: &Path) -> Self {
        let mut command = Command::new(binary);
        command
            .arg("serve")
            // Whoever runs these tests may have much else to do.
            .args(["--journal-stall-limit", "30"])
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        Self {
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

    /// With this config text.
    pub(super) fn config(self, config: &str) -> Self {
        let path = self.directory.path().join(CONFIG);
        std::fs::write(&path, config).expect("the config is written");
        Self {
            has_config: true,
            ..self
        }
    }

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

    /// Puts a disk of this size, as mount takes it, at `path` for it alone: in a mount namespace of its
    /// own, which is seen under `/proc/PID/root`. It takes a machine that lets users make namespaces.
    #[must_use]
    pub fn on_small_disk(mut self, path: &Path, size: &str) -> Self {
        let mut shell = Command::new("unshare");
        let script = format!(
            "mount -t tmpfs -o size={size} none '{}' && exec \"$0\" \"$@\"",
            path.display()
        );
        shell
            .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
            .arg(script)
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

/// The key-encryption key, beside the data directory.
const KEK: &str = "kek";
