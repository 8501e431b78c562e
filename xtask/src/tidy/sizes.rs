use super::Breach;
use super::source::Source;

/// Lines of a file that are no tests.
const MOST_LINES: usize = 500;

/// Files that are one table each, however long.
const TABLES: &[&str] = &["crates/provider/src/compatible/vendors.rs"];

pub(super) fn check(source: &Source) -> Option<Breach> {
    if source.is_test() || TABLES.contains(&source.path.as_str()) {
        return None;
    }
    let lines = source.production_lines().count();
    (lines > MOST_LINES).then(|| {
        Breach::new(
            &source.path,
            format!("{lines} lines; a file is one thing of at most {MOST_LINES}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{Source, check};

    #[test]
    fn tests_do_not_count() {
        let source = |path: &str, code: usize, tests: usize| Source {
            path: path.to_owned(),
            text: format!(
                "{}\n#[cfg(test)]\nmod tests {{\n{}}}\n",
                "let x;\n".repeat(code),
                "let x;\n".repeat(tests)
            ),
        };
        assert!(check(&source("crates/core/src/a.rs", 499, 900)).is_none());
        assert!(check(&source("crates/core/src/a.rs", 501, 0)).is_some());
        assert!(check(&source("crates/core/src/a/tests.rs", 501, 0)).is_none());
    }
}
