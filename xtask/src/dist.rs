use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{capture, run as run_program};
use crate::steps::{Count, Outcome};
use crate::workspace::{cargo, read, root, target};

/// Builds what is shipped and measured, and prints where it is.
pub(crate) fn run(args: &[String]) -> Outcome {
    if let Some(arg) = args.first() {
        return Err(format!("{arg}: dist takes no options"));
    }
    println!("{}", build()?.display());
    Ok(Count::ONE)
}

/// Builds the `dist` profile by the committed profile of what the binary does most; the binary.
pub(crate) fn build() -> Result<PathBuf, String> {
    let profile = profile();
    if !profile.exists() {
        return Err(format!(
            "{} is missing: git has it, and cargo xtask profile makes another",
            profile.display()
        ));
    }
    // Functions are known by names that depend on the crates below theirs.
    if read(&made_of())? != crates()? {
        println!(
            "{} was made of other crates, so it says little about these: cargo xtask profile makes it anew",
            profile.display()
        );
    }
    let mut command = build_with(&[
        &format!("-Cprofile-use={}", profile.display()),
        // What has changed since the profile was made is built as it would be without one.
        "-Cllvm-args=-no-pgo-warn-mismatch",
        "-Cllvm-args=-pgo-warn-missing-function=false",
    ])?;
    run_program(&mut command)?;
    Ok(binary(&target(), &host()?))
}

/// Where the profile is kept that [`build`] uses.
pub(crate) fn profile() -> PathBuf {
    root().join("benches/dist.profdata")
}

/// Where the crates stand that the profile was made of.
pub(crate) fn made_of() -> PathBuf {
    root().join("benches/dist.crates")
}

/// The crates of the binary, each below the one that wants it, with their features.
pub(crate) fn crates() -> Result<String, String> {
    let mut command = cargo();
    command
        .args(["tree", "--locked", "-p", "ironward", "-e", "normal,build"])
        .args(["--prefix", "depth", "--format", " {p} {f}", "--target"])
        .arg(host()?);
    let said = capture(&mut command)?;
    // Where this checkout lies is nobody's business.
    let lines = said.lines().map(|line| match line.split_once(" (/") {
        Some((before, after)) => {
            let features = after.split_once(") ").map_or("", |(_, features)| features);
            format!("{before} {features}\n")
        }
        None => format!("{line}\n"),
    });
    Ok(lines.collect())
}

/// The command that builds the binary in the `dist` profile with these flags of the compiler, which
/// programs that run during the build don't get.
pub(crate) fn build_with(flags: &[&str]) -> Result<Command, String> {
    let mut command = cargo();
    command
        .args(["build", "--quiet", "--profile", "dist", "-p", "ironward"])
        .args(["--target", &host()?])
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    Ok(command)
}

/// The binary that [`build_with`] leaves below a target directory.
pub(crate) fn binary(target: &Path, host: &str) -> PathBuf {
    target.join(host).join("dist/ironward")
}

/// The target that this machine is, as the compiler names it.
pub(crate) fn host() -> Result<String, String> {
    let said = capture(Command::new("rustc").arg("-vV").current_dir(root()))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| "rustc -vV names no host".to_owned())
}
