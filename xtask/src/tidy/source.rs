use std::process::Command;

use super::Breach;
use crate::program::capture;
use crate::workspace::root;

/// A text file of the repository.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Relative to the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether all of it is test code.
    pub(super) fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs")
            || self.path.contains("/tests/")
            || self.path.contains("/benches/")
            || self.path.starts_with("crates/testkit/")
    }

    /// The lines before an inline test module, numbered from 1.
    pub(super) fn production_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = self.text.find("\n#[cfg(test)]\nmod tests {");
        let text = self.text.get(..end.unwrap_or(self.text.len()));
        text.unwrap_or_default()
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line))
    }
}

/// Every text file that is tracked or could be.
pub(super) fn all() -> Result<Vec<Source>, String> {
    let mut git = Command::new("git");
    git.current_dir(root());
    let list = capture(git.args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let read = |path: &str| {
        let bytes = std::fs::read(root().join(path)).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        Some(Source {
            path: path.to_owned(),
            text,
        })
    };
    Ok(list.lines().filter_map(read).collect())
}

/// Rules about single lines of code.
pub(super) fn check(source: &Source) -> Vec<Breach> {
    let mut breaches = Vec::new();
    if source.path.ends_with("/mod.rs") {
        breaches.push(Breach::new(
            &source.path,
            "name it after its module, beside its folder",
        ));
    }
    for (number, line) in source.text.lines().enumerate() {
        let place = || format!("{}:{}", source.path, number + 1);
        if has_open_end(line) {
            breaches.push(Breach::new(
                place(),
                "name the issue of what is left to do, as in (#12)",
            ));
        }
        let typed_map = ["http::Extensions", ".extensions(", ".extensions_mut("];
        if source.path.starts_with("crates/proxy/")
            && typed_map.iter().any(|word| line.contains(word))
        {
            breaches.push(Breach::new(
                place(),
                "stages hand over evidence types, not http's extension map",
            ));
        }
    }
    breaches
}

/// A note of something left to do that names no issue.
fn has_open_end(line: &str) -> bool {
    // Spelled in two halves, or this file would break the rule.
    [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ]
    .iter()
    .any(|word| {
        line.match_indices(word).any(|(at, _)| {
            let before = line.get(..at).unwrap_or_default();
            let after = line.get(at + word.len()..).unwrap_or_default();
            let inside = |c: char| c.is_alphanumeric() || c == '_';
            !before.ends_with(inside) && !after.starts_with(inside) && !after.starts_with("(#")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{Source, check};

    fn rules(path: &str, text: &str) -> usize {
        let (path, text) = (path.to_owned(), text.to_owned());
        check(&Source { path, text }).len()
    }

    #[test]
    fn lines_are_judged_where_the_rule_holds() {
        assert_eq!(
            rules("crates/proxy/src/a.rs", "request.extensions().get()"),
            1
        );
        assert_eq!(
            rules("crates/admin/src/a.rs", "request.extensions().get()"),
            0
        );
        assert_eq!(rules("crates/core/src/mod.rs", ""), 1);
        assert_eq!(rules("a.rs", concat!("// TO", "DO: later")), 1);
        assert_eq!(rules("a.rs", concat!("// TO", "DO(#12): later")), 0);
        assert_eq!(rules("a.rs", concat!("let TO", "DOS = 1;")), 0);
    }
}
