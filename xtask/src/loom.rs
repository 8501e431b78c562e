use crate::steps::{Outcome, cargo_test};
use crate::workspace::{cargo, target_directory};

/// Runs the ledger's tests under loom, which tries every interleaving of their threads. They are
/// built with `--cfg loom`, in a directory of their own.
pub(crate) fn run(args: &[String]) -> Outcome {
    if !args.is_empty() {
        return Err("usage: cargo xtask loom".to_owned());
    }
    let mut test = cargo();
    test.args([
        "test",
        "--quiet",
        "-p",
        "ironward-ledger",
        "--lib",
        "--target-dir",
    ])
    .arg(target_directory("loom")?)
    .env("RUSTFLAGS", "--cfg loom");
    let count = cargo_test(&mut test)?;
    if count.failed > 0 || count.passed == 0 {
        return Err("an interleaving breaks the ledger, or none was tried".to_owned());
    }
    Ok(count)
}
