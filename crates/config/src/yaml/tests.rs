use std::fmt::Write as _;
use std::sync::Arc;

use super::{MAX_DEPTH, parse};
use crate::json::json_as_written;

fn read(text: &str) -> Result<String, String> {
    let mut problems = Vec::new();
    let node = parse(text, &Arc::from("c.yaml"), &mut problems);
    match problems.first() {
        None => Ok(node.map_or_else(String::new, |node| json_as_written(&node))),
        Some(problem) => Err(problem.to_string()),
    }
}

#[test]
fn nothing_is_nothing() {
    for text in ["", "\n\n", "# only a comment", "---", "~", "---\n...\n"] {
        assert_eq!(read(text), Ok(String::new()), "{text:?}");
    }
}

#[test]
fn anchors_and_merges_work() {
    let text = "base: &base {a: 1, b: 2}\nlist: [*base, *base]\nown: {<<: *base, b: 3, c: 4}";
    let expected =
        r#"{"base":{"a":1,"b":2},"list":[{"a":1,"b":2},{"a":1,"b":2}],"own":{"b":3,"c":4,"a":1}}"#;
    assert_eq!(read(text).as_deref(), Ok(expected));
    let several = "x: &x {a: 1}\ny: &y {a: 2, b: 2}\nz: {<<: [*x, *y]}";
    assert!(read(several).unwrap().ends_with(r#""z":{"a":1,"b":2}}"#));
    assert!(read("a: {<<: 1}").unwrap_err().contains("takes a mapping"));
}

#[test]
fn a_thousand_million_laughs_are_refused() {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..10 {
        let inner = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(text, "a{level}: &a{level} [{inner}]").unwrap();
    }
    assert!(read(&text).unwrap_err().contains("multiply beyond bounds"));
}

#[test]
fn an_alias_cannot_contain_itself() {
    assert!(
        read("a: &a [*a]")
            .unwrap_err()
            .contains("inside the value that it names")
    );
    assert!(
        read("a: *nowhere")
            .unwrap_err()
            .contains("define the anchor")
    );
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(&nested(MAX_DEPTH)).is_ok());
    assert!(read(&nested(MAX_DEPTH + 1)).is_err());
    assert!(read(&nested(100_000)).is_err());
    let mixed = "- ".repeat(40) + &"[".repeat(40);
    assert!(read(&mixed).is_err());
    let mut chain = "a0: &a0 [1]\n".to_owned();
    for level in 1..100 {
        writeln!(chain, "a{level}: &a{level} [*a{}]", level - 1).unwrap();
    }
    assert!(read(&chain).unwrap_err().contains("deeper than 64"));
}

#[test]
fn a_wide_mapping_is_read_in_linear_time() {
    let text = (0..200_000).fold(String::new(), |mut text, index| {
        writeln!(text, "k{index}: {index}").unwrap();
        text
    });
    assert!(read(&text).is_ok());
}

#[test]
fn what_yaml_allows_and_a_configuration_does_not() {
    for (text, message) in [
        (
            "a: 1\na: 2",
            "c.yaml:2:1: the key 'a' stands here a second time, first in line 1; remove one of them",
        ),
        (
            "a: 1\n'a': 2",
            "c.yaml:2:1: the key 'a' stands here a second time, first in line 1; remove one of them",
        ),
        (
            "sk-0123456789: 1\nsk-0123456789: 2",
            "c.yaml:2:1: the key of 13 characters stands here a second time, first in line 1; remove one of them",
        ),
        (
            "{[a]: 1}",
            "c.yaml:1:2: a key has to be text, not a list or mapping; put quotes around a value that starts with '{' or '['",
        ),
        (
            "a: !!python/object:os.system x",
            "c.yaml:1:30: YAML tags ('!name') are not accepted here; write a plain value",
        ),
        (
            "a: 1\n---\nb: 2",
            "c.yaml:2:1: a second YAML document starts here; remove the '---', or move what follows to a file of its own and include it",
        ),
    ] {
        assert_eq!(read(text), Err(message.to_owned()), "{text}");
    }
}
