mod layers;
mod names;
mod paths;
mod secrets;
mod sizes;
mod source;
mod suppliers;

use source::Source;

use crate::steps::{Count, Outcome};
use crate::workspace::metadata;

/// One broken house rule: where, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    place: String,
    rule: String,
}

impl Breach {
    fn new(place: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            rule: rule.into(),
        }
    }
}

/// Checks the house rules that neither the compiler nor clippy knows.
pub(crate) fn run(args: &[String]) -> Outcome {
    if let Some(arg) = args.first() {
        return Err(format!("{arg}: tidy takes no options"));
    }
    let breaches = breaches()?;
    for breach in &breaches {
        println!("{}: {}", breach.place, breach.rule);
    }
    match breaches.len() {
        0 => {
            println!("tidy");
            Ok(Count::ONE)
        }
        count => Err(format!("{count} house rules are broken")),
    }
}

fn breaches() -> Result<Vec<Breach>, String> {
    let sources = source::all()?;
    let mut breaches = layers::check(&metadata()?);
    let rust: Vec<&Source> = sources.iter().filter(|source| source.is_rust()).collect();
    for source in &rust {
        breaches.extend(sizes::check(source));
        breaches.extend(names::check(source));
        breaches.extend(source::check(source));
    }
    for source in &sources {
        breaches.extend(paths::check(source));
    }
    breaches.extend(secrets::check(&rust)?);
    breaches.extend(suppliers::check()?);
    Ok(breaches)
}

#[cfg(test)]
mod tests {
    /// Plain `cargo test` catches what `cargo xtask tidy` catches.
    #[test]
    fn the_repository_is_tidy() {
        assert_eq!(super::breaches().unwrap(), []);
    }
}
