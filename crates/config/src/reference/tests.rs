use super::reference;

#[test]
fn the_page_is_what_the_tables_say() {
    let written = include_str!("../../../../docs/config-reference.md");
    assert!(
        written == reference(),
        "docs/config-reference.md is out of date; run `cargo xtask reference`"
    );
}

#[test]
fn every_row_has_five_cells() {
    for line in reference().lines().filter(|line| line.starts_with("| ")) {
        assert_eq!(line.matches('|').count(), 6, "{line}");
    }
}
