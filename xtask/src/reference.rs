//! The pages that are made from tables in the code. Each is compared with its table by a test; the
//! same test writes it.

use crate::program::run as run_program;
use crate::steps::{Count, Outcome};
use crate::workspace::cargo;

/// The crates that hold such a table.
const CRATES: [&str; 5] = [
    "ironward-config",
    "ironward-core",
    "ironward-policy",
    "ironward-provider",
    "ironward-telemetry",
];

/// Writes the pages.
pub(crate) fn run(args: &[String]) -> Outcome {
    if let Some(arg) = args.first() {
        return Err(format!("{arg}: reference takes no options"));
    }
    let mut command = cargo();
    command.env("UPDATE", "1").arg("test").arg("--lib");
    for package in CRATES {
        command.args(["--package", package]);
    }
    run_program(command.args(["--", "the_page_is_what_the_table"]))?;
    println!(
        "docs/access.md, docs/config-reference.md, docs/errors.md, docs/metrics.md, docs/providers.md"
    );
    Ok(Count::ONE)
}
