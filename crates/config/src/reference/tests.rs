use super::reference;

#[test]
fn the_page_is_what_the_tables_say() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/config-reference.md"
    );
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, reference()).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == reference(),
        "docs/config-reference.md is out of date; run `cargo xtask reference`"
    );
}

#[test]
fn every_row_has_five_cells() {
    for line in reference().lines().filter(|line| line.starts_with("| ")) {
        assert_eq!(line.matches('|').count(), 6, "{line}");
    }
}
