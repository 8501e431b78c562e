use std::collections::BTreeMap;

use super::Breach;
use crate::workspace::{cargo, root};

/// The most crates that may stand in the binary's tree, ours included.
const MOST: usize = 250;

/// Crates that load libraries: in processes of their own, never in the gateway.
const FOREIGN: &[&str] = &["cryptoki", "libloading"];

/// Crates that stand in the tree twice because a supplier needs two, or one of its own. No other
/// version of either would take the other one's place.
const TWICE: &[(&str, &str)] = &[
    (
        "block-buffer",
        "sqlx-core 0.9 is at sha2 0.10, sqlx-postgres 0.9 at sha2 0.11",
    ),
    ("cpufeatures", "as block-buffer"),
    ("crypto-common", "as block-buffer"),
    ("digest", "as block-buffer"),
    ("sha2", "as block-buffer"),
    (
        "hashbrown",
        "hashlink, which sqlx-core needs, is one behind indexmap",
    ),
    ("syn", "procedural macros; none of it is in the binary"),
];

/// Each direct dependency has its reason in `deny.toml`, no reason is left over, and the binary's
/// tree stays small and holds no crate twice.
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
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in printed.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            continue;
        };
        let seen = versions.entry(name).or_default();
        if !seen.contains(&version) {
            seen.push(version);
        }
    }
    let is_known = |name: &str| TWICE.iter().any(|(known, _)| *known == name);
    let twice = versions
        .iter()
        .filter(|(name, versions)| versions.len() > 1 && !is_known(name));
    let mut breaches: Vec<_> = twice
        .map(|(name, versions)| {
            Breach::new(
                "Cargo.lock",
                format!(
                    "{name} stands in the binary's tree as {}",
                    versions.join(" and ")
                ),
            )
        })
        .collect();
    let foreign = FOREIGN.iter().filter(|name| versions.contains_key(*name));
    breaches.extend(foreign.map(|name| {
        let rule = format!("{name} stands in the binary's tree: the gateway loads no library");
        Breach::new("Cargo.lock", rule)
    }));
    if versions.len() > MOST {
        let rule = format!(
            "{} crates in the binary's tree, over {MOST}",
            versions.len()
        );
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
    fn a_crate_of_two_versions_is_found() {
        let found = tree("a v1\nb v1\na v2\na v1\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].rule.contains("a stands"));
    }

    #[test]
    fn a_crate_that_loads_libraries_is_found() {
        let found = tree("a v1\nlibloading v0.8.9\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].rule.contains("loads no library"));
    }
}
