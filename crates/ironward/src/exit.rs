//! What the process says when it ends.

use std::fmt;
use std::process::ExitCode;

use ironward_store::snapshot::SnapshotError;
use ironward_store::{LoadError, StoreError, WriteError};
use ironward_vault::{KekError, VaultError};

/// Why the process ends early. Each variant has an exit code of its own.
#[derive(Debug)]
pub(crate) enum Failure {
    /// 1: something failed while running.
    Run(String),
    /// 2: the command line cannot be meant like this; clap's code as well.
    Usage(String),
    /// 3: the configuration is refused; one problem a line.
    Config(String),
    /// 4: an address cannot be listened on.
    Listen(String),
    /// 5: the key-encryption key or the database cannot be used.
    Store(String),
    /// 6: what is stored is not what Ironward left: somebody else wrote to it.
    Tampered(String),
    /// 7: the gateway that is managed cannot be reached, or cannot do it now; again later may help.
    Unreached(String),
    /// 8: the gateway that is managed refuses: the key, the right, or what was asked for.
    Refused(String),
    /// 9: the gateway that is managed knows no such object.
    Absent(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(message)
            | Self::Usage(message)
            | Self::Config(message)
            | Self::Listen(message)
            | Self::Store(message)
            | Self::Tampered(message)
            | Self::Unreached(message)
            | Self::Refused(message)
            | Self::Absent(message) => f.write_str(message),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<KekError> for Failure {
    fn from(error: KekError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Census | WriteError::Tampering(_) => Self::Tampered(error.to_string()),
            _ => Self::Store(error.to_string()),
        }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Census { .. } | LoadError::RolledBack { .. } => {
                Self::Tampered(error.to_string())
            }
            LoadError::Store(_) | LoadError::Snapshot(_) => Self::Store(error.to_string()),
        }
    }
}

impl From<SnapshotError> for Failure {
    fn from(error: SnapshotError) -> Self {
        Self::Store(error.to_string())
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the last word of a command goes to the terminal"
)]
pub(crate) fn code(outcome: Result<(), Failure>) -> ExitCode {
    let Err(failure) = outcome else {
        return ExitCode::SUCCESS;
    };
    for line in failure.to_string().lines() {
        eprintln!("error: {line}");
    }
    ExitCode::from(match failure {
        Failure::Run(_) => 1,
        Failure::Usage(_) => 2,
        Failure::Config(_) => 3,
        Failure::Listen(_) => 4,
        Failure::Store(_) => 5,
        Failure::Tampered(_) => 6,
        Failure::Unreached(_) => 7,
        Failure::Refused(_) => 8,
        Failure::Absent(_) => 9,
    })
}
