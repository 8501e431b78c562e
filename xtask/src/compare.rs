use std::process::Command;

use crate::install;
use crate::program::run as run_program;
use crate::steps::{Count, Outcome};
use crate::workspace::{cargo, root, target};

/// Runs Ironward and the published LiteLLM proxy side by side and prints what README compares, as
/// it is then.
pub(crate) fn run(args: &[String]) -> Outcome {
    if !args.is_empty() {
        return Err("compare takes no arguments".to_owned());
    }
    install::debian("wrk", "wrk", "-v")?;
    let python = install::python("requirements-litellm.txt")?;
    println!("building ironward and the scripted upstream");
    let packages = ["--package", "ironward", "--package", "ironward-testkit"];
    run_program(
        cargo()
            .args(["build", "--quiet", "--release", "--bins"])
            .args(packages),
    )?;
    let release = target().join("release");
    run_program(
        Command::new(&python)
            .arg(root().join("xtask/compare/compare.py"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("IRONWARD", release.join("ironward"))
            .env("UPSTREAM", release.join("upstream"))
            .env("LITELLM", python.with_file_name("litellm"))
            .env("LOAD", root().join("xtask/bench/load.lua")),
    )?;
    Ok(Count::ONE)
}
