use std::path::Component;

use super::Breach;
use super::source::Source;
use crate::workspace::root;

/// Where people and machines keep their own copies. Spelled in halves, or this file would break
/// the rule.
const HOMES: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/ro", "ot/"),
];

/// Top directories that mean the same on every machine.
const STANDARD: &[&str] = &[
    "app", "bin", "dev", "etc", "lib", "opt", "proc", "run", "src", "srv", "sys", "tmp", "usr",
    "v1", "var",
];

/// Finds absolute paths that exist on one machine only: home directories, and the place where this
/// very copy lives.
pub(super) fn check(source: &Source) -> Vec<Breach> {
    let here = here();
    let homes = HOMES.iter().copied().chain(here.as_deref());
    let homes: Vec<&str> = homes.collect();
    let lines = source.text.lines().enumerate();
    let found = lines.filter(|(_, line)| homes.iter().any(|home| names_path(line, home)));
    let rule = "an absolute path of one machine";
    found
        .map(|(number, _)| Breach::new(format!("{}:{}", source.path, number + 1), rule))
        .collect()
}

/// The top directory of this copy, unless it is one that every machine has.
fn here() -> Option<String> {
    let top = root().components().find_map(|component| match component {
        Component::Normal(name) => name.to_str(),
        _ => None,
    })?;
    (!STANDARD.contains(&top)).then(|| format!("/{top}/"))
}

/// Whether the path starts a word: `x/home/` is a part of another path.
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        !before.ends_with(|c: char| c.is_alphanumeric() || "._-}*/:".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::names_path;

    #[test]
    fn a_path_is_told_from_a_part_of_one() {
        assert!(names_path("see \"/place/x\"", "/place/"));
        assert!(names_path("/place/x", "/place/"));
        assert!(!names_path("https://host/place/x", "/place/"));
        assert!(!names_path("./place/x", "/place/"));
    }
}
