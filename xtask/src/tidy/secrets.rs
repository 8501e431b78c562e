use std::collections::BTreeMap;

use super::Breach;
use super::source::Source;
use crate::workspace::{read, root};

/// The list of places where a secret's plaintext leaves its type.
const LIST: &str = "xtask/tidy/secret-exits.txt";

/// Compares the call sites of `Secret::expose` and `Secret::header` with the checked-in list.
pub(super) fn check(sources: &[&Source]) -> Result<Vec<Breach>, String> {
    let list = parse(&read(&root().join(LIST))?)?;
    Ok(compare(&list, &found(sources)))
}

fn compare(listed: &BTreeMap<String, usize>, found: &BTreeMap<String, usize>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (path, count) in found {
        let expected = listed.get(path).copied().unwrap_or(0);
        if *count != expected {
            let rule = format!(
                "{count} places take a secret's plaintext, {LIST} names {expected}: list them \
                 there with the reason"
            );
            breaches.push(Breach::new(path, rule));
        }
    }
    let gone = listed.keys().filter(|path| !found.contains_key(*path));
    breaches
        .extend(gone.map(|path| Breach::new(LIST, format!("{path} takes no plaintext any more"))));
    breaches
}

fn found(sources: &[&Source]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for source in sources {
        let ships = source.path.starts_with("crates/") && !source.is_test();
        if !ships || source.path.starts_with("crates/secret/") {
            continue;
        }
        let lines = source.production_lines();
        let count: usize = lines.map(|(_, line)| exits(line)).sum();
        if count > 0 {
            found.insert(source.path.clone(), count);
        }
    }
    found
}

/// How often a line opens a secret: `expose()`, or `header` with nothing but a prefix. A builder's
/// `header` takes a value too.
fn exits(line: &str) -> usize {
    let headers = line.split(".header(\"").skip(1).filter(|rest| {
        let after = rest.split_once('"').map_or("", |(_, after)| after);
        after.starts_with(')')
    });
    line.matches(".expose()").count() + headers.count()
}

/// Reads lines of `path count reason`.
fn parse(text: &str) -> Result<BTreeMap<String, usize>, String> {
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            match (
                words.next(),
                words.next().and_then(|word| word.parse().ok()),
                words.next(),
            ) {
                (Some(path), Some(count), Some(_)) => Ok((path.to_owned(), count)),
                _ => Err(format!("{LIST}: \"{line}\" is not: path count reason")),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{compare, exits, parse};

    #[test]
    fn exits_are_told_from_builders() {
        assert_eq!(exits("let key = secret.header(\"Bearer \")?;"), 1);
        assert_eq!(exits("builder.header(\"accept\", \"text/plain\")"), 0);
        assert_eq!(exits("f(a.expose().bytes(), b.expose())"), 2);
    }

    #[test]
    fn the_list_has_to_agree_in_both_directions() {
        let listed = parse("# why\n\ncrates/a.rs 2 it signs\n").unwrap();
        assert!(parse("crates/a.rs 2").is_err());
        assert_eq!(compare(&listed, &listed), []);
        let found = parse("crates/b.rs 1 x").unwrap();
        assert_eq!(compare(&listed, &found).len(), 2);
    }
}
