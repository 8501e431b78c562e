use std::path::PathBuf;

use clap::Subcommand;

/// What can be asked of a journal, while its gateway runs or on another machine.
#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Say whether every record, tile and checkpoint is as it was signed, and which is not: exit code
    /// 0 or 1.
    Verify(VerifyArgs),
    /// Print the last records.
    Tail(TailArgs),
    /// Print a record with the proof that it is in the journal.
    Show(ProveArgs),
    /// Print the proof of a record alone, as c2sp.org/tlog-proof describes it.
    Prove(ProveArgs),
    /// Print the public key of the journal: keep it elsewhere, and verify with it.
    Key(JournalArgs),
}

/// Which journal.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct JournalArgs {
    /// The gateway's data directory, or a copy of it.
    #[arg(
        long,
        env = "IRONWARD_DATA_DIR",
        value_name = "DIR",
        default_value = "ironward-data"
    )]
    pub(crate) data_dir: PathBuf,

    /// The public key that was kept elsewhere; without it, the one in the data directory.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
}

/// What to verify.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) journal: JournalArgs,

    /// A checkpoint that was kept elsewhere: a journal that was rolled back or written anew since is
    /// found out.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,

    /// The number of the first record to read.
    #[arg(long, value_name = "N")]
    pub(crate) from: Option<u64>,

    /// The number of the last record to read.
    #[arg(long, value_name = "N")]
    pub(crate) to: Option<u64>,

    /// A proof to check instead of a journal.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["checkpoint", "from", "to"])]
    pub(crate) proof: Option<PathBuf>,

    /// One JSON object instead of lines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which records to print.
#[derive(Debug, clap::Args)]
pub(crate) struct TailArgs {
    #[command(flatten)]
    pub(crate) journal: JournalArgs,

    /// How many.
    #[arg(long, short = 'n', default_value_t = 10)]
    pub(crate) lines: u64,
}

/// Which record.
#[derive(Debug, clap::Args)]
pub(crate) struct ProveArgs {
    #[command(flatten)]
    pub(crate) journal: JournalArgs,

    /// Its number or its id.
    #[arg(value_name = "RECORD")]
    pub(crate) record: String,
}
