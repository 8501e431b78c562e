use super::ignored::read_line;
use super::ignored_keys;
use crate::models::params::{PARAMS, REQUEST_PARAMS};

const TABLES: [(&str, &str); 7] = [
    ("top", include_str!("../top/ignored.txt")),
    ("models", include_str!("../models/ignored.txt")),
    ("info", include_str!("../models/info_ignored.txt")),
    ("params", include_str!("../models/params/ignored.txt")),
    ("router", include_str!("../router/ignored.txt")),
    ("litellm", include_str!("../litellm/ignored.txt")),
    ("general", include_str!("../general/ignored.txt")),
];

#[test]
fn every_line_of_a_table_is_a_key_with_a_meaning() {
    for (name, table) in TABLES {
        for line in table.lines() {
            let key = read_line(line).unwrap_or_else(|| panic!("{name}: {line}"));
            assert!(!key.shape.is_empty(), "{name}: {line}");
            assert!(
                key.meaning.ends_with('.') && !key.meaning.contains('|'),
                "{name}: {line}"
            );
            assert!(
                !key.notice().is_empty() && !key.notice().ends_with('.'),
                "{name}: {line}"
            );
        }
    }
}

#[test]
fn no_key_stands_in_a_table_twice() {
    for (name, table) in TABLES {
        let mut names: Vec<_> = ignored_keys(table).map(|key| key.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "{name}");
    }
}

#[test]
fn a_request_parameter_is_no_ignored_key() {
    for name in REQUEST_PARAMS {
        assert!(!PARAMS.ignores(name), "{name}");
        assert!(PARAMS.key(name).is_none(), "{name}");
    }
}

#[test]
fn a_pattern_covers_what_its_star_stands_for() {
    let covers = |pattern: &'static str, name: &str| {
        let line: &'static str = Box::leak(format!("{pattern}|a||later|b.").into_boxed_str());
        read_line(line).unwrap().covers(name)
    };
    assert!(covers("aws_*", "aws_region_name"));
    assert!(!covers("aws_*", "laws_region_name"));
    assert!(covers("*cost*", "input_cost_per_token"));
    assert!(covers("*_token", "session_token"));
    assert!(!covers("*_token", "max_tokens"));
    assert!(covers("a_*_b_*", "a_x_b_y"));
    assert!(!covers("a_*_b_*", "a_x_c_y"));
    assert!(covers("exact", "exact"));
    assert!(!covers("exact", "exactly"));
}
