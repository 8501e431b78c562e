use super::Pattern;

fn matches<'n>(pattern: &str, name: &'n str) -> Option<Vec<&'n str>> {
    Pattern::read(pattern).unwrap().matches(name)
}

#[test]
fn a_pattern_covers_the_whole_name() {
    assert_eq!(matches("openai/*", "openai/gpt-4o"), Some(vec!["gpt-4o"]));
    assert_eq!(
        matches("*", "anything/at:all"),
        Some(vec!["anything/at:all"])
    );
    assert_eq!(
        matches("bedrock/us.*", "bedrock/us.anthropic.x"),
        Some(vec!["anthropic.x"])
    );
    assert_eq!(
        matches("*/*-mini", "openai/gpt-mini"),
        Some(vec!["openai", "gpt"])
    );
    for (pattern, name) in [
        ("openai/*", "azure/gpt"),
        ("openai/*", "x-openai/gpt"),
        ("*-mini", "gpt-mini-large"),
        ("a*a", "a"),
        ("gpt.4*", "gptx4o"),
    ] {
        assert_eq!(matches(pattern, name), None, "{pattern} {name}");
    }
    assert_eq!(Pattern::read("gpt-4o"), None);
}

#[test]
fn stars_are_filled_in_order() {
    assert_eq!(Pattern::fill("openai/*", &["gpt"]), "openai/gpt");
    assert_eq!(Pattern::fill("*/x-*", &["a", "b"]), "a/x-b");
    assert_eq!(Pattern::fill("*/*", &["a"]), "a/a");
    assert_eq!(Pattern::fill("fixed", &["a"]), "fixed");
}

#[test]
fn the_most_specific_comes_first() {
    let mut patterns: Vec<_> = ["*", "openai/*", "openai/gpt-*", "openai/gp*t-*"]
        .iter()
        .map(|name| Pattern::read(name).unwrap())
        .collect();
    patterns.sort_by_key(Pattern::specificity);
    assert_eq!(patterns.first(), Pattern::read("openai/gpt-*").as_ref());
    assert_eq!(patterns.last(), Pattern::read("*").as_ref());
}
