use std::sync::Arc;

use super::json_as_written;
use crate::yaml;

fn json(text: &str) -> String {
    let mut problems = Vec::new();
    let node = yaml::parse(text, &Arc::from("c.yaml"), &mut problems);
    assert!(problems.is_empty());
    node.map_or_else(|| "null".to_owned(), |node| json_as_written(&node))
}

#[test]
fn scalars_mean_what_yaml_says() {
    for (text, expected) in [
        ("[true, Yes, off]", "[true,true,false]"),
        ("['true', \"off\"]", r#"["true","off"]"#),
        ("[~, null, '']", r#"[null,null,""]"#),
        ("[1, -2, +3, 1_000]", "[1,-2,3,1000]"),
        ("[0.5, .5, 1e3, -1.5e-3]", "[0.5,0.5,1000.0,-0.0015]"),
        ("18446744073709551615", "18446744073709551615"),
        (
            "[007, 1.2.3, 2024-01-01, 1e999, inf, .]",
            r#"["007","1.2.3","2024-01-01","1e999","inf","."]"#,
        ),
        ("[a\"b, \"tab\\t\"]", r#"["a\"b","tab\t"]"#),
        ("!!str 123", r#""123""#),
        ("{b: {c: [1]}, a: 2}", r#"{"b":{"c":[1]},"a":2}"#),
        ("|\n  two\n  lines\n", r#""two\nlines\n""#),
    ] {
        let found = json(text);
        assert_eq!(found, expected, "{text}");
        serde_json::from_str::<serde_json::Value>(&found).unwrap();
    }
}
