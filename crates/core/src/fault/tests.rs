use std::collections::HashSet;

use super::FaultKind;

#[test]
fn every_kind_has_a_label_of_its_own_and_an_error_status() {
    let labels: HashSet<_> = FaultKind::ALL.iter().map(|kind| kind.label()).collect();
    assert_eq!(labels.len(), FaultKind::ALL.len());
    assert!(
        FaultKind::ALL
            .iter()
            .all(|kind| (400..=599).contains(&kind.status()))
    );
}

#[test]
fn every_kind_knows_its_place() {
    for (place, kind) in FaultKind::ALL.iter().enumerate() {
        assert_eq!(kind.index(), place, "{kind:?}");
    }
}

/// The page that operators and application developers read.
fn reference() -> String {
    let mut page = String::from(
        "# Errors\n\nMade by `cargo xtask reference` from `crates/core/src/fault.rs`.\n\n\
         Every error comes in the dialect of the client. The status is LiteLLM's; the label stands in the log.\n\n\
         | status | label | meaning |\n|---|---|---|\n",
    );
    for kind in FaultKind::ALL {
        page.push_str(&format!(
            "| {} | `{}` | {} |\n",
            kind.status(),
            kind.label(),
            kind.meaning()
        ));
    }
    page
}

#[test]
fn the_page_is_what_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, reference()).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == reference(),
        "docs/errors.md is out of date; run `cargo xtask reference`"
    );
}
