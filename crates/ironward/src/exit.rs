//! What the process says when it ends.

use std::fmt;
use std::process::ExitCode;

/// Why the process ends early. Each variant has an exit code of its own; 2 is clap's, for wrong
/// usage of the command line.
#[derive(Debug)]
pub(crate) enum Failure {
    /// 1: something failed while running.
    Run(String),
    /// 3: the configuration is refused; one problem a line.
    Config(String),
    /// 4: an address cannot be listened on.
    Listen(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(message) | Self::Config(message) | Self::Listen(message) => {
                f.write_str(message)
            }
        }
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
        Failure::Config(_) => 3,
        Failure::Listen(_) => 4,
    })
}
