use proptest::prelude::*;

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

#[test]
fn a_wider_pattern_contains_a_narrower_one() {
    let contains = |wide: &str, narrow: &str| {
        Pattern::read(wide)
            .unwrap()
            .contains(&Pattern::read(narrow).unwrap())
    };
    for (wide, narrow) in [
        ("*", "*"),
        ("*", "openai/*"),
        ("openai/*", "openai/gpt-*"),
        ("a*c", "a*b*c"),
        ("*/*", "openai/gpt-*"),
    ] {
        assert!(contains(wide, narrow), "{wide} {narrow}");
        assert!(wide == narrow || !contains(narrow, wide), "{narrow} {wide}");
    }
    assert!(!contains("openai/*", "*/gpt-4o"));
    assert!(!contains("a*a", "a*"));
}

proptest! {
    #[test]
    fn containment_is_never_claimed_wrongly(
        wide in "[ab/*]{0,4}[*][ab/*]{0,4}",
        narrow in "[ab/*]{0,4}[*][ab/*]{0,4}",
        fillings in prop::collection::vec("[ab/]{0,3}", 9),
    ) {
        let (wide, narrow) = (Pattern::read(&wide).unwrap(), Pattern::read(&narrow).unwrap());
        if wide.contains(&narrow) {
            let fillings: Vec<&str> = fillings.iter().map(String::as_str).collect();
            let name = Pattern::fill(&narrow.to_string(), &fillings);
            prop_assert!(narrow.covers(&name));
            prop_assert!(wide.covers(&name), "{} {} {}", wide, narrow, name);
        }
    }

    #[test]
    fn covering_is_matching(pattern in "[ab/*]{0,4}[*][ab/*]{0,4}", name in "[ab/]{0,8}") {
        let read = Pattern::read(&pattern).unwrap();
        prop_assert_eq!(read.covers(&name), read.matches(&name).is_some());
        prop_assert_eq!(read.to_string(), pattern);
    }
}
