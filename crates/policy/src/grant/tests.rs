mod arbitrary;
mod chains;
mod compiling;
mod subsets;

use super::{Compiled, Grant, Surroundings};

/// `base` holds `a` and `a/x`, `wide` holds `a/*`.
fn access_group(name: &str) -> Option<&'static [Box<str>]> {
    use std::sync::LazyLock;
    static BASE: LazyLock<Vec<Box<str>>> = LazyLock::new(|| vec!["a".into(), "a/x".into()]);
    static WIDE: LazyLock<Vec<Box<str>>> = LazyLock::new(|| vec!["a/*".into()]);
    match name {
        "base" => Some(&BASE),
        "wide" => Some(&WIDE),
        _ => None,
    }
}

fn surroundings(in_team: bool) -> Surroundings<'static> {
    Surroundings {
        in_team,
        access_group: &access_group,
    }
}

fn compiled(grant: &Grant) -> Compiled {
    Compiled::new(grant, surroundings(false)).unwrap()
}

fn names(items: &[&str]) -> Option<Vec<Box<str>>> {
    Some(items.iter().map(|item| (*item).into()).collect())
}
