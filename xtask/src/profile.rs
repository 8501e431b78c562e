use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{capture, run as run_program};
use crate::steps::{Count, Outcome};
use crate::workspace::{root, target_directory, write};
use crate::{bench, dist};

/// Makes the profile of what the binary does most, by which `cargo xtask dist` builds it: a binary
/// that counts, the benchmark's calls through it, and the counts made one file.
pub(crate) fn run(args: &[String]) -> Outcome {
    if let Some(arg) = args.first() {
        return Err(format!("{arg}: profile takes no options"));
    }
    let merge = profdata()?;
    let directory = target_directory("profile")?;
    let counts = directory.join("counts");
    // Those of an earlier binary would be added.
    if counts.exists() {
        std::fs::remove_dir_all(&counts)
            .map_err(|error| format!("{}: {error}", counts.display()))?;
    }
    println!("building ironward with counters");
    let generate = format!("-Cprofile-generate={}", counts.display());
    // In every other way as it is shipped: the names of functions depend on the profile.
    let mut build = dist::build_with(&[&generate])?;
    run_program(build.env("CARGO_TARGET_DIR", &directory))?;
    bench::teach(&dist::binary(&directory, &dist::host()?))?;
    let profile = dist::profile();
    let mut command = Command::new(merge);
    command
        .args(["merge", "--sparse", "-o"])
        .arg(&profile)
        .args(files(&counts)?);
    run_program(&mut command)?;
    write(&dist::made_of(), &dist::crates()?)?;
    println!("{}", profile.display());
    Ok(Count::ONE)
}

/// The program of the toolchain that makes counts one file.
fn profdata() -> Result<PathBuf, String> {
    let sysroot = capture(
        Command::new("rustc")
            .args(["--print", "sysroot"])
            .current_dir(root()),
    )?;
    let path = Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(dist::host()?)
        .join("bin/llvm-profdata");
    if path.exists() {
        return Ok(path);
    }
    Err(format!(
        "{} is missing: rustup component add llvm-tools",
        path.display()
    ))
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", directory.display());
    let entries = std::fs::read_dir(directory).map_err(failed)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(failed));
    paths.collect()
}
