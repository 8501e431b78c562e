use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

const LONG_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (commit ",
    env!("IRONWARD_COMMIT"),
    ", ",
    env!("IRONWARD_BUILD"),
    ")"
);

const EXAMPLES: &str = "\
Examples:
  ironward                                   start with the provider keys found in the environment
  ironward --local                           also use model servers on this machine (Ollama, vLLM...)
  ironward serve --config config.yaml        start with LiteLLM's config.yaml
  ironward check config.yaml                 say everything that is wrong with it, and start nothing

Exit codes:
  0 done   1 failed while running   2 wrong usage   3 configuration refused   4 address not available";

/// An AI gateway built like a vault: LiteLLM's config.yaml and API, in one binary.
///
/// Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "ironward", version, long_version = LONG_VERSION, after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the gateway (the default).
    Serve(ServeArgs),
    /// Check a configuration and say everything that is wrong with it.
    Check(CheckArgs),
    /// Make a new admin key; the old one stops working.
    AdminKey(AdminKeyArgs),
    /// Print the completion script of a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// How to serve.
#[derive(Debug, Clone, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct ServeArgs {
    /// LiteLLM's config.yaml. Without it, the provider keys in the environment are used.
    #[arg(long, short, env = "IRONWARD_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The address that clients connect to. Any other than a loopback address needs TLS.
    #[arg(long, env = "IRONWARD_HOST", default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,

    /// The port that clients connect to; 0 takes a free one.
    #[arg(long, short, env = "IRONWARD_PORT", default_value_t = 4000)]
    pub(crate) port: u16,

    /// The address of the admin plane.
    #[arg(long, env = "IRONWARD_ADMIN_HOST", default_value = "127.0.0.1")]
    pub(crate) admin_host: IpAddr,

    /// The port of the admin plane; 0 takes a free one.
    #[arg(long, env = "IRONWARD_ADMIN_PORT", default_value_t = 4001)]
    pub(crate) admin_port: u16,

    /// Where the gateway keeps what it makes itself; made on the first start.
    #[arg(
        long,
        env = "IRONWARD_DATA_DIR",
        value_name = "DIR",
        default_value = "ironward-data"
    )]
    pub(crate) data_dir: PathBuf,

    /// Also use model servers that run on this machine on their standard ports: Ollama (11434),
    /// llama.cpp (8080), vLLM (8000), LM Studio (1234).
    #[arg(long, env = "IRONWARD_LOCAL")]
    pub(crate) local: bool,

    /// For a developer's own machine: take a published master key such as sk-1234. Refused on any
    /// address that is not loopback.
    #[arg(long, env = "IRONWARD_DEV")]
    pub(crate) dev: bool,

    /// Refuse to start when a key of the configuration has no effect.
    #[arg(long, env = "IRONWARD_STRICT")]
    pub(crate) strict: bool,

    /// Take clients without TLS on an address that is not loopback: keys and conversations can be
    /// read on the way.
    #[arg(long, env = "IRONWARD_ALLOW_PLAINTEXT")]
    pub(crate) allow_plaintext: bool,

    /// How many threads serve clients; the cores that this process may use by default.
    #[arg(long, env = "IRONWARD_THREADS", value_name = "N")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,

    /// How long running calls may take to finish after SIGTERM, in seconds.
    #[arg(long, env = "IRONWARD_DRAIN_TIMEOUT", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) drain_timeout: Option<Duration>,

    /// How log lines are written, to standard error.
    #[arg(long, env = "IRONWARD_LOG_FORMAT", value_enum)]
    pub(crate) log_format: Option<LogFormat>,

    /// What is logged: error, warn, info, debug, or targets and levels as `ironward=debug,warn`.
    #[arg(long, env = "IRONWARD_LOG_LEVEL", value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,

    /// Instead of the greeting, print one line of JSON when both planes listen.
    #[arg(long, env = "IRONWARD_READY_JSON")]
    pub(crate) ready_json: bool,
}

/// What to check.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// LiteLLM's config.yaml.
    #[arg(value_name = "FILE")]
    pub(crate) config: PathBuf,

    /// A key without effect is a problem.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Take a published master key such as sk-1234.
    #[arg(long)]
    pub(crate) dev: bool,

    /// One JSON object instead of lines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whose admin key.
#[derive(Debug, clap::Args)]
pub(crate) struct AdminKeyArgs {
    /// The gateway's data directory.
    #[arg(
        long,
        env = "IRONWARD_DATA_DIR",
        value_name = "DIR",
        default_value = "ironward-data"
    )]
    pub(crate) data_dir: PathBuf,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
