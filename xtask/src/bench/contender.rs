use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::scenario::Scenario;
use crate::process::Running;
use crate::workspace::{read, root, target, target_directory, write};

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contender {
    Nginx,
    Ironward,
}

impl Contender {
    pub(super) const BOTH: [Self; 2] = [Self::Nginx, Self::Ironward];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Ironward => "ironward",
        }
    }
}

/// What all measurements share: the upstream, and where files go.
pub(super) struct Bench {
    binary: PathBuf,
    directory: PathBuf,
    upstream: Running,
}

/// A contender that runs.
pub(super) struct Proxy {
    pub(super) process: Running,
    pub(super) address: SocketAddr,
    /// Of the chat completions.
    pub(super) url: String,
}

impl Bench {
    pub(super) fn new(binary: PathBuf) -> Result<Self, String> {
        Ok(Self {
            binary,
            directory: target_directory("bench")?,
            upstream: preset_upstream(&["--chunks", "50"])?,
        })
    }

    /// The same with an upstream that holds its streams open.
    pub(super) fn idle(&self) -> Result<Self, String> {
        Ok(Self {
            binary: self.binary.clone(),
            directory: self.directory.clone(),
            upstream: preset_upstream(&["--idle"])?,
        })
    }

    /// What Ironward has logged since it was started last.
    pub(super) fn ironward_log(&self) -> PathBuf {
        self.directory.join("ironward.log")
    }

    pub(super) fn upstream_url(&self) -> String {
        format!("http://{}{PATH}", self.upstream.ready("upstream"))
    }

    /// Starts a contender pinned to these cores.
    pub(super) fn start(
        &self,
        contender: Contender,
        stream: bool,
        cores: &[&str],
    ) -> Result<Proxy, String> {
        match contender {
            Contender::Nginx => self.start_nginx(stream, cores),
            Contender::Ironward => self.start_ironward(cores),
        }
    }

    fn start_nginx(&self, stream: bool, cores: &[&str]) -> Result<Proxy, String> {
        let address = free_address()?;
        let template = read(&root().join("xtask/bench/nginx.conf"))?;
        let config = template
            .replace("WORKERS", &cores.len().to_string())
            .replace("DIRECTORY", &self.directory.display().to_string())
            .replace("UPSTREAM", self.upstream.ready("upstream"))
            .replace("PORT", &address.port().to_string())
            .replace("BUFFERING", if stream { "off" } else { "on" });
        let path = self.directory.join("nginx.conf");
        write(&path, &config)?;
        let mut command = pinned(cores, Path::new("nginx"));
        command.arg("-p").arg(&self.directory).arg("-c").arg(&path);
        let process = Running::listening(&mut command, address, PATIENCE)?;
        Ok(Proxy::new(process, address))
    }

    fn start_ironward(&self, cores: &[&str]) -> Result<Proxy, String> {
        let mut command = self.ironward(cores, "0")?;
        let process = Running::start(&mut command, "data", PATIENCE)?;
        let address = process
            .ready("data")
            .parse()
            .map_err(|_| "no address in the ready line")?;
        Ok(Proxy::new(process, address))
    }

    /// The command that serves on this port.
    pub(super) fn ironward(&self, cores: &[&str], port: &str) -> Result<Command, String> {
        let config = self.directory.join("config.yaml");
        let upstream = self.upstream.ready("upstream");
        write(
            &config,
            &format!(
                "model_list:\n  - model_name: gpt-test\n    litellm_params:\n      model: \
                 openai/gpt-test\n      api_base: http://{upstream}/v1\n      api_key: \
                 sk-upstream\ngeneral_settings:\n  master_key: {KEY}\n"
            ),
        )?;
        let mut command = pinned(cores, &self.binary);
        command
            .args([
                "serve",
                "--ready-json",
                "--port",
                port,
                "--admin-port",
                "0",
                "--config",
            ])
            .arg(config)
            .arg("--data-dir")
            .arg(self.directory.join("state"))
            .arg("--kek-file")
            .arg(self.directory.join("kek"))
            // Thousands of streams that are cut at the end are thousands of lines.
            .stderr(log(&self.ironward_log())?);
        Ok(command)
    }

    /// The command that serves with a state of its own below `directory`, on free ports.
    pub(super) fn with_keys(
        &self,
        directory: &Path,
        database: Option<&str>,
    ) -> Result<impl Fn() -> Result<Command, String> + use<>, String> {
        let config = directory.join("config.yaml");
        let upstream = self.upstream.ready("upstream");
        let database = database.map_or_else(String::new, |url| {
            format!("general_settings:\n  database_url: {url}\n")
        });
        write(
            &config,
            &format!(
                "model_list:\n  - model_name: gpt-test\n    litellm_params:\n      model: \
                 openai/gpt-test\n      api_base: http://{upstream}/v1\n      api_key: \
                 sk-upstream\n{database}"
            ),
        )?;
        let (binary, directory) = (self.binary.clone(), directory.to_owned());
        Ok(move || {
            let mut command = pinned(&["0"], &binary);
            command
                .args(["serve", "--ready-json", "--port", "0", "--admin-port", "0"])
                .arg("--config")
                .arg(&config)
                .arg("--data-dir")
                .arg(directory.join("state"))
                .arg("--kek-file")
                .arg(directory.join("kek"))
                .stderr(log(&directory.join("ironward.log"))?);
            Ok(command)
        })
    }

    /// A file with the scenario's body.
    pub(super) fn body(&self, scenario: &Scenario) -> Result<PathBuf, String> {
        let path = self.directory.join(format!("{}.json", scenario.name));
        write(&path, &scenario.body())?;
        Ok(path)
    }
}

impl Proxy {
    fn new(process: Running, address: SocketAddr) -> Self {
        Self {
            process,
            address,
            url: format!("http://{address}{PATH}"),
        }
    }
}

fn log(path: &Path) -> Result<File, String> {
    File::create(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A command that runs on these cores only.
pub(super) fn pinned(cores: &[&str], program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.arg("-c").arg(cores.join(",")).arg(program);
    command
}

/// An address that was free a moment ago.
pub(super) fn free_address() -> Result<SocketAddr, String> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_err(|error| error.to_string())
}

fn preset_upstream(args: &[&str]) -> Result<Running, String> {
    let mut command = pinned(&["1"], &target().join("release/upstream"));
    command.arg("--preset").args(args);
    Running::start(&mut command, "upstream", PATIENCE)
}

/// The key that the load presents.
pub(super) const KEY: &str = "sk-bench-5b1e8c2d9a7f4036";
/// The path that the load calls.
pub(super) const PATH: &str = "/v1/chat/completions";
const PATIENCE: Duration = Duration::from_secs(10);
