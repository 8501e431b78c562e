//! `ironward key`, `team`, `user`, `service-account`, `model`, `credential`, `access`: the
//! management API from the command line.
//!
//! Each noun is a file: its verbs with their flags, the request that each makes, and what is shown
//! of the answer. Nothing here knows what is allowed or valid: the gateway says so.

pub(crate) mod access;
mod admin_port;
mod answer;
mod body;
pub(crate) mod credential;
mod fields;
pub(crate) mod key;
pub(crate) mod model;
mod page;
pub(crate) mod service_account;
pub(crate) mod team;
pub(crate) mod user;
mod view;

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Subcommand;

use crate::banner;
use crate::exit::Failure;
use admin_port::{AdminPort, Request};

/// A noun with its verbs, and which gateway is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Manage<V: Subcommand> {
    #[command(flatten)]
    reach: Reach,

    #[command(subcommand)]
    verb: V,
}

/// Which gateway is asked, and as whom. The key comes from `IRONWARD_ADMIN_KEY` or a file: what
/// stands on a command line can be seen by everybody on the machine.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Gateway")]
pub(crate) struct Reach {
    /// The admin port of the gateway.
    #[arg(
        long,
        env = "IRONWARD_ADMIN_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:4001",
        global = true
    )]
    admin_url: String,

    /// A file that holds the admin key, or another key that may do this; without it the key is that
    /// of the variable `IRONWARD_ADMIN_KEY`.
    #[arg(
        long,
        env = "IRONWARD_ADMIN_KEY_FILE",
        value_name = "FILE",
        global = true
    )]
    key_file: Option<PathBuf>,

    /// PEM certificates of the only authorities whose word is taken for an https URL; without them
    /// those of this machine.
    #[arg(long, env = "IRONWARD_ADMIN_CA", value_name = "FILE", global = true)]
    ca: Option<PathBuf>,

    /// A certificate and its private key in one PEM file, for an admin port that lets only known
    /// clients connect (`ironward.admin_tls.client_ca`).
    #[arg(
        long,
        env = "IRONWARD_ADMIN_CERTIFICATE",
        value_name = "FILE",
        global = true
    )]
    certificate: Option<PathBuf>,

    /// Send the key to another machine without TLS: whoever sits on the way can read it.
    #[arg(long, global = true)]
    send_in_clear: bool,

    /// Print the gateway's answer as it is, errors too.
    #[arg(long, global = true)]
    json: bool,
}

/// What can be done to one kind of objects.
pub(crate) trait Verb {
    /// The request that does it.
    fn request(&self) -> Result<Request, Failure>;
}

/// Asks the gateway and shows what it says.
pub(crate) fn run<V: Verb + Subcommand>(args: &Manage<V>) -> Result<(), Failure> {
    let request = args.verb.request()?;
    let port = AdminPort::new(&args.reach)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Run(error.to_string()))?;
    let answer = runtime.block_on(port.ask(&request))?;
    if args.reach.json {
        let is_terminal = std::io::stdout().is_terminal();
        banner::print(&answer.text(is_terminal));
        return answer.outcome();
    }
    answer.outcome()?;
    banner::print(&request.view.show(&answer.json()?));
    Ok(())
}
