use super::is_variable_name;

#[test]
fn a_variable_has_a_plain_name() {
    for name in ["OPENAI_API_KEY", "_x", "a1"] {
        assert!(is_variable_name(name), "{name}");
    }
    for name in ["", "1A", "A-B", "A B", "A/B", "Ä", "A\n"] {
        assert!(!is_variable_name(name), "{name}");
    }
    assert!(!is_variable_name(&"A".repeat(300)));
}
