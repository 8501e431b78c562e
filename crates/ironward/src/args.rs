mod catalogue;
mod journal;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use self::catalogue::{CatalogueCommand, PriceDiffArgs, PriceListArgs, PriceShowArgs};
pub(crate) use self::journal::{JournalArgs, JournalCommand, ProveArgs, TailArgs, VerifyArgs};
use crate::manage;

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
  ironward key create --team blue            make a key on the running gateway (IRONWARD_ADMIN_KEY)
  ironward import litellm --dry-run          say what would be taken over (LITELLM_DATABASE_URL)

A flag's variable is on with 1, true, yes or on, and off with 0, false, no, off or nothing.

Exit codes:
  0 done   1 failed while running, or cut calls at the end of --drain-timeout   2 wrong usage
  3 configuration refused   4 address not available
  5 key-encryption key or database cannot be used   6 the database was written to by somebody else
  7 the managed gateway cannot be reached or cannot do it now   8 it refuses   9 it knows no such object";

const MANAGED: &str = "\
The gateway is asked over its admin port, with the key of IRONWARD_ADMIN_KEY or --key-file.

Examples:
  export IRONWARD_ADMIN_KEY=$(cat admin-key)
  ironward team create --id blue --alias 'Team Blue' --max-budget 100 --budget-duration 1mo
  ironward user create --id ada --email ada@example.org --role internal_user --teams blue
  ironward key create --alias 'build server' --team blue --models 'gpt-4o,claude-*' --duration 30d
  ironward service-account create --team blue --alias ci
  ironward key list --team blue
  ironward key rotate KEY --grace-period 1h
  ironward credential set openai-main < openai.key
  ironward model add gpt-4o --model openai/gpt-4o --credential openai-main

docs/admin-api.md has every field; access.md who may do what.";

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
    /// The key-encryption key and the data keys that everything secret is sealed under.
    #[command(subcommand)]
    Vault(VaultCommand),
    /// The database of keys, teams and deployments.
    #[command(subcommand)]
    Store(StoreCommand),
    /// The record of what happened: verify it, read it, prove a record of it.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Take over what another gateway holds.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Virtual keys of the running gateway.
    #[command(after_help = MANAGED)]
    Key(manage::key::Args),
    /// Teams of the running gateway.
    #[command(after_help = MANAGED)]
    Team(manage::team::Args),
    /// Users of the running gateway.
    #[command(after_help = MANAGED)]
    User(manage::user::Args),
    /// Service accounts of the running gateway: who a program is.
    #[command(after_help = MANAGED)]
    ServiceAccount(manage::service_account::Args),
    /// Deployments of the running gateway.
    #[command(after_help = MANAGED)]
    Model(manage::model::Args),
    /// Credentials of providers on the running gateway.
    #[command(after_help = MANAGED)]
    Credential(manage::credential::Args),
    /// What lets a key's calls through on the running gateway.
    #[command(after_help = MANAGED)]
    Access(manage::access::Args),
    /// What models cost, as this build knows it; no gateway is asked.
    #[command(subcommand)]
    Catalogue(CatalogueCommand),
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

    /// Where the key-encryption key is, if the configuration names no other: outside the data
    /// directory; made on the first start.
    #[arg(long, env = "IRONWARD_KEK_FILE", value_name = "FILE")]
    pub(crate) kek_file: Option<PathBuf>,

    /// Also use model servers that run on this machine on their standard ports: Ollama (11434),
    /// llama.cpp (8080), vLLM (8000), LM Studio (1234). One counts as there when it lists its
    /// models.
    #[arg(long, env = "IRONWARD_LOCAL", value_parser = switch)]
    pub(crate) local: bool,

    /// For a developer's own machine: take a published master key such as sk-1234. Refused on any
    /// address that is not loopback.
    #[arg(long, env = "IRONWARD_DEV", value_parser = switch)]
    pub(crate) dev: bool,

    /// Refuse to start when a key of the configuration has no effect.
    #[arg(long, env = "IRONWARD_STRICT", value_parser = switch)]
    pub(crate) strict: bool,

    /// Take clients without TLS on an address that is not loopback: keys and conversations can be
    /// read on the way.
    #[arg(long, env = "IRONWARD_ALLOW_PLAINTEXT", value_parser = switch)]
    pub(crate) allow_plaintext: bool,

    /// How many threads serve clients; the cores that this process may use by default.
    #[arg(long, env = "IRONWARD_THREADS", value_name = "N")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,

    /// How long running calls may take to finish after SIGTERM, in seconds; what is left then is
    /// cut, and the exit code is 1. 30 where neither this nor the configuration says.
    #[arg(long, env = "IRONWARD_DRAIN_TIMEOUT", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) drain_timeout: Option<Duration>,

    /// How long a record of the journal may take, in seconds, before what waits for it is refused;
    /// goes before `ironward.journal.stall_limit`. 0.25 where neither says.
    #[arg(long, env = "IRONWARD_JOURNAL_STALL_LIMIT", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) journal_stall_limit: Option<Duration>,

    /// How log lines are written, to standard error.
    #[arg(long, env = "IRONWARD_LOG_FORMAT", value_enum)]
    pub(crate) log_format: Option<LogFormat>,

    /// What is logged: error, warn, info, debug, or targets and levels as `ironward=debug,warn`.
    #[arg(long, env = "IRONWARD_LOG_LEVEL", value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,

    /// Instead of the greeting, print one line of JSON when both planes listen.
    #[arg(long, env = "IRONWARD_READY_JSON", value_parser = switch)]
    pub(crate) ready_json: bool,
}

/// What to check.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
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

    /// Also read the secrets of services that it refers to (vault://, aws-sm://...); without this no
    /// service is asked.
    #[arg(long)]
    pub(crate) resolve: bool,
}

/// Which gateway's state: the same as for `serve`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct StateArgs {
    /// The gateway's configuration: it says where database and key-encryption key are.
    #[arg(long, short, env = "IRONWARD_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The gateway's data directory.
    #[arg(
        long,
        env = "IRONWARD_DATA_DIR",
        value_name = "DIR",
        default_value = "ironward-data"
    )]
    pub(crate) data_dir: PathBuf,

    /// The file of the key-encryption key, where the configuration names no other.
    #[arg(long, env = "IRONWARD_KEK_FILE", value_name = "FILE")]
    pub(crate) kek_file: Option<PathBuf>,

    /// The gateway runs with --dev.
    #[arg(long, env = "IRONWARD_DEV", value_parser = switch)]
    pub(crate) dev: bool,
}

/// What becomes of the admin key.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct AdminKeyArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,

    /// Let nobody in by an admin key any more, now and after every start. Refused unless a user with
    /// the role `proxy_admin` has a key of their own that is let in, or was the last such user to log
    /// in and the issuer of `ironward.login` answers now.
    #[arg(long)]
    pub(crate) retire: bool,
}

/// What can be done to the vault while gateways run.
#[derive(Debug, Subcommand)]
pub(crate) enum VaultCommand {
    /// Show the key-encryption key and the data keys.
    Status(ShowArgs),
    /// Make a new data key and move everything to it; an interrupted run is taken up again.
    Rewrap(ShowArgs),
    /// Wrap the data keys under the configured key-encryption key instead of
    /// `ironward.vault.previous`.
    RotateKek(ShowArgs),
    /// Seal a provider's key, read from standard input, as a field of a credential that
    /// deployments name.
    Seal(SealArgs),
    /// Move everything under one data key, and older ones, to a newer one.
    Reseal(ResealArgs),
}

/// What can be done to the store.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Verify every row and show what there is.
    Status(ShowArgs),
    /// Take the database as it is: what verifies stays, everything else is removed for good.
    Accept(ShowArgs),
}

/// What can be taken over.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Take over the keys, teams, users, organizations and budgets of a LiteLLM proxy: its clients
    /// keep their keys. What is there already stays as it is, so it can be run again.
    Litellm(LitellmArgs),
}

/// What is taken over from LiteLLM.
#[derive(Debug, clap::Args)]
pub(crate) struct LitellmArgs {
    #[command(flatten)]
    pub(crate) show: ShowArgs,

    /// LiteLLM's database, which is only read: its `DATABASE_URL`,
    /// `postgresql://USER:PASSWORD@HOST:PORT/NAME`. Others can see a command line: set the variable
    /// where there is a password.
    #[arg(
        long,
        env = "LITELLM_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) from: Option<String>,

    /// An export of its tables instead: a line `{"table":"LiteLLM_...","row":{...}}` for each row;
    /// docs/import.md has the command that writes it.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Say what would be taken, and take nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Whose state, and how it is shown.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,

    /// One JSON object instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to seal.
#[derive(Debug, clap::Args)]
pub(crate) struct SealArgs {
    #[command(flatten)]
    pub(crate) show: ShowArgs,

    /// The credential: the `litellm_credential_name` of deployments.
    #[arg(value_name = "CREDENTIAL")]
    pub(crate) credential: String,

    /// The field of the secret.
    #[arg(long, default_value = "api_key")]
    pub(crate) field: String,
}

/// What to move.
#[derive(Debug, clap::Args)]
pub(crate) struct ResealArgs {
    #[command(flatten)]
    pub(crate) show: ShowArgs,

    /// The version of the data key that is left.
    #[arg(long, value_name = "OLD")]
    pub(crate) from: u32,

    /// The version of the data key that takes over: the current one, or the next, which is made.
    #[arg(long, value_name = "NEW")]
    pub(crate) to: u32,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The value of a flag's variable. A word that is neither is refused: taken for yes, it might open
/// what somebody meant to close.
fn switch(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("write 1 or 0 (true or false, yes or no, on or off)".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
