use std::collections::BTreeSet;

use super::Breach;
use crate::workspace::{cargo, root};

/// The most crates that may stand in the binary's tree, ours included.
const MOST: usize = 250;

/// Crates that load libraries: in processes of their own, never in the gateway.
const FOREIGN: &[&str] = &["cryptoki", "libloading"];

/// Each direct dependency has its reason in `deny.toml`, no reason is left over, and the binary's
/// tree stays small and loads nothing.
pub(super) fn check() -> Result<Vec<Breach>, String> {
    let read = |name: &str| {
        std::fs::read_to_string(root().join(name)).map_err(|error| format!("{name}: {error}"))
    };
    let mut breaches = reasons(&read("Cargo.toml")?, &read("deny.toml")?);
    let output = cargo()
        .args([
            "tree",
            "--locked",
            "--package",
            "ironward",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .output()
        .map_err(|error| format!("cargo tree: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    breaches.extend(tree(&String::from_utf8_lossy(&output.stdout)));
    Ok(breaches)
}

fn reasons(manifest: &str, deny: &str) -> Vec<Breach> {
    let section = manifest
        .split("[workspace.dependencies]")
        .nth(1)
        .unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let names: Vec<&str> = section
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0.trim()))
        .filter(|name| !name.starts_with('#') && !name.starts_with("ironward-"))
        .collect();
    let given: Vec<&str> = deny
        .lines()
        .filter_map(|line| line.strip_prefix("# ")?.split_once(": "))
        .filter(|(name, _)| !name.contains([' ', '`']))
        .map(|(name, _)| name)
        .collect();
    let missing = names.iter().filter(|name| !given.contains(name));
    let missing =
        missing.map(|name| Breach::new("deny.toml", format!("{name} has no reason here")));
    let stale = given.iter().filter(|name| !names.contains(name));
    let stale =
        stale.map(|name| Breach::new("deny.toml", format!("{name} is no dependency any more")));
    missing.chain(stale).collect()
}

fn tree(printed: &str) -> Vec<Breach> {
    let lines = printed.lines();
    let names: BTreeSet<&str> = lines
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let foreign = FOREIGN.iter().filter(|name| names.contains(*name));
    let foreign = foreign.map(|name| {
        let rule = format!("{name} stands in the binary's tree: the gateway loads no library");
        Breach::new("Cargo.lock", rule)
    });
    let mut breaches: Vec<_> = foreign.collect();
    if names.len() > MOST {
        let rule = format!("{} crates in the binary's tree, over {MOST}", names.len());
        breaches.push(Breach::new("Cargo.lock", rule));
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::{reasons, tree};

    #[test]
    fn a_supplier_without_a_reason_is_found_and_one_that_left() {
        let manifest = "[workspace.dependencies]\nironward-core = {}\nhttp = \"1\"\nbytes = \"1\"\n[profile.dev]\nx = 1";
        let found = reasons(
            manifest,
            "# http: headers\n# gone: it was here\n# Why: see `x`: y\n",
        );
        let rules: Vec<_> = found.iter().map(|breach| breach.rule.as_str()).collect();
        assert_eq!(
            rules,
            [
                "bytes has no reason here",
                "gone is no dependency any more",
                "Why is no dependency any more"
            ]
        );
    }

    #[test]
    fn a_crate_that_loads_libraries_is_found() {
        let found = tree("a v1\nlibloading v0.8.9\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].rule.contains("loads no library"));
    }
}
