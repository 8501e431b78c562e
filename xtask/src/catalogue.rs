//! The price catalogue: made from the price map that LiteLLM's package carries, checked against it,
//! and compared with its calculator.

mod compare;
mod recorded;
mod source;

use ironward_catalogue::{Catalogue, Facts, fingerprint, write_entry};

use crate::install;
use crate::program::require;
use crate::steps::{Count, Outcome};
use crate::workspace::{read, root, target_directory, write};
use source::{DAY, LITELLM, Source};

/// The catalogue, as it is in the repository.
const PATH: &str = "crates/catalogue/prices/catalogue.txt";
const HEAD: &str = "\
# The prices of models, one line each; docs/catalogue.md has the schema.
# Made by `cargo xtask catalogue`, which checks that no price of the source is lost.
";

/// Writes the catalogue; `--check` compares it with the source instead, and `--compare` its costs
/// with those of LiteLLM's calculator.
pub(crate) fn run(args: &[String]) -> Outcome {
    match args {
        [] => make(),
        [arg] if arg == "--check" => check(),
        [arg] if arg == "--compare" => compare::run(),
        _ => Err("catalogue takes --check or --compare".to_owned()),
    }
}

fn make() -> Outcome {
    let source = Source::read(&price_map()?)?;
    let text = written(&source);
    lost(&source, &text)?;
    write(&root().join(PATH), &text)?;
    let catalogue = Catalogue::read(&text).map_err(|error| format!("{PATH}: {error}"))?;
    println!("{PATH}: {} of {}", catalogue.version(), catalogue.source());
    println!("{} names, {} prices", catalogue.len(), source.facts.count);
    source.print_left_out();
    Ok(Count::ONE)
}

fn check() -> Outcome {
    let source = Source::read(&price_map()?)?;
    let text = read(&root().join(PATH))?;
    lost(&source, &text)?;
    if text != written(&source) {
        return Err(format!(
            "{PATH} is not what the source gives: write it with `cargo xtask catalogue`"
        ));
    }
    println!("{} prices of {LITELLM} are in {PATH}", source.facts.count);
    Ok(Count::ONE)
}

/// Fails when a price of the source is not in the catalogue, or one there not in the source.
fn lost(source: &Source, text: &str) -> Result<(), String> {
    let catalogue = Catalogue::read(text).map_err(|error| format!("{PATH}: {error}"))?;
    let facts = catalogue.facts_of_lines();
    if facts == source.facts && catalogue.facts() == facts {
        return Ok(());
    }
    Err(format!(
        "{PATH} holds {facts} prices, the source {}: one is lost or another one",
        source.facts
    ))
}

fn written(source: &Source) -> String {
    let mut sections = String::new();
    for (provider, lines) in &source.sections {
        sections.push_str(&format!("\n[{provider}]\n"));
        for (name, line) in lines {
            match line {
                source::Line::Alias(target) => {
                    sections.push_str(&format!("{name} = {target}\n"));
                }
                source::Line::Entry(entry) => {
                    sections.push_str(&write_entry(name, &entry.as_entry(provider)));
                    sections.push('\n');
                }
            }
        }
    }
    let hash = fingerprint(&[&sections]);
    let facts: Facts = source.facts;
    format!(
        "{HEAD}schema 1\nversion {DAY}.{hash:016x}\nsource {LITELLM}\nfacts {facts}\n{sections}"
    )
}

/// The text of the price map, out of the pinned package.
fn price_map() -> Result<String, String> {
    const FILE: &str = "litellm/model_prices_and_context_window_backup.json";
    require("unzip", "-v", "apt-get install -y unzip")?;
    let directory = target_directory(&format!("catalogue/{LITELLM}"))?;
    let path = directory.join(FILE);
    if !path.exists() {
        install::wheel(LITELLM, &directory)?;
        install::unzip(&directory, FILE)?;
    }
    read(&path)
}
