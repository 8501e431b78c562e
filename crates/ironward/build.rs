//! Puts the commit and the build's target and profile into `ironward --version`.

#![expect(
    clippy::disallowed_methods,
    reason = "runs where the gateway is built, not where it runs"
)]

use std::process::Command;

fn main() {
    // The log of HEAD changes with every commit, HEAD itself only with the branch. A file that is
    // not there, as in an unpacked archive, would make cargo build anew every time.
    let log = "../../.git/logs/HEAD";
    println!(
        "cargo::rerun-if-changed={}",
        if std::path::Path::new(log).exists() {
            log
        } else {
            "build.rs"
        }
    );
    println!("cargo::rerun-if-env-changed=IRONWARD_COMMIT");
    let commit = std::env::var("IRONWARD_COMMIT")
        .ok()
        .or_else(commit)
        .unwrap_or_else(|| "unknown".to_owned());
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    println!("cargo::rustc-env=IRONWARD_COMMIT={commit}");
    println!(
        "cargo::rustc-env=IRONWARD_BUILD={} {}",
        of("TARGET"),
        of("PROFILE")
    );
}

fn commit() -> Option<String> {
    let output = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
