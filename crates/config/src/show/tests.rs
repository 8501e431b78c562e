use super::{path_key, shown_key, shown_value};

#[test]
fn only_short_and_harmless_text_is_shown() {
    assert_eq!(shown_value("many"), "'many'");
    assert_eq!(shown_value("least-busy"), "'least-busy'");
    for hidden in [
        "sk-1234",
        "hf_abc",
        "AKIAIOSFODNN7EXAMPLE",
        "0123456789abcdef",
        "a value that is rather long",
        "two\nlines",
        "\u{1b}[31m",
    ] {
        let shown = shown_value(hidden);
        assert!(
            !shown.contains(hidden) && shown.starts_with("a text of "),
            "{shown}"
        );
    }
}

#[test]
fn a_key_of_litellm_is_shown() {
    for key in [
        "input_cost_per_token_above_272k_tokens",
        "no-log",
        "openai/*",
        "gpt-4o",
    ] {
        assert_eq!(path_key(key), key);
        assert_eq!(shown_key(key), format!("'{key}'"));
    }
    assert_eq!(path_key("sk-0a1b2c3d"), "(?)");
    assert_eq!(path_key("line\nbreak"), "(?)");
    assert_eq!(path_key(""), "(?)");
}
