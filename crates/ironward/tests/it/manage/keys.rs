use ironward_testkit::raw;
use serde_json::json;

use super::{Managed, field};

fn call(managed: &Managed, key: &str) -> u16 {
    let bearer = format!("Bearer {key}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = json!({"model": "mock", "messages": [{"role": "user", "content": "hello"}]});
    let reply = raw::request(
        managed.gateway.address(),
        "POST",
        "/v1/chat/completions",
        &headers,
        body.to_string().as_bytes(),
    );
    reply.expect("a reply").status
}

#[test]
fn a_key_lives_its_life() {
    let managed = Managed::start();
    let made = managed.says(&[
        "key",
        "create",
        "--alias",
        "build",
        "--models",
        "mock,gpt-*",
    ]);
    let (key, id) = (field(&made, "key"), field(&made, "token_id"));
    assert!(key.starts_with("sk-iw-"), "{made}");
    assert_eq!(field(&made, "models"), "mock, gpt-*");
    assert_eq!(call(&managed, &key), 200);

    let shown = managed.says(&["key", "show", &id]);
    assert_eq!(field(&shown, "key_alias"), "build");
    let (_, end) = key.split_at(30);
    assert!(!shown.contains(end), "{shown}");
    // A secret comes in by standard input only.
    let shown = managed.says_to(&["key", "show", "-"], &key);
    assert_eq!(field(&shown, "token_id"), id);

    assert_eq!(managed.says(&["key", "block", &id]), "the key is blocked\n");
    assert_eq!(call(&managed, &key), 401);
    managed.says(&["key", "unblock", &id]);
    assert_eq!(call(&managed, &key), 200);

    managed.says(&[
        "key",
        "update",
        &id,
        "--max-budget",
        "12.5",
        "--set",
        "tags=[\"ci\"]",
    ]);
    let shown = managed.json(&["key", "show", &id]);
    assert_eq!(shown["info"]["max_budget"], 12.5);
    assert_eq!(shown["info"]["tags"], json!(["ci"]));

    let rotated = managed.says(&["key", "rotate", &id, "--grace-period", "1h"]);
    let new = field(&rotated, "key");
    assert_ne!(new, key);
    assert_eq!((call(&managed, &key), call(&managed, &new)), (200, 200));

    assert_eq!(managed.says(&["key", "delete", &id]), "1 key deleted\n");
    assert_eq!(call(&managed, &new), 401);
    let (code, said) = managed.fails(&["key", "show", &id]);
    assert_eq!(code, 9, "{said}");
}

#[test]
fn keys_are_listed_as_a_table() {
    let managed = Managed::start();
    managed.says(&["team", "create", "--id", "blue", "--alias", "Blue"]);
    let make = |alias: &str, more: &[&str]| {
        let args = ["key", "create", "--alias", alias, "--duration", "-1"];
        let made = managed.says(&[&args, more].concat());
        field(&made, "token_id")
    };
    let ids = [
        (
            "AAAAAAAAAAAAAAAA",
            make("a build", &["--team", "blue", "--models", "mock"]),
        ),
        (
            "BBBBBBBBBBBBBBBB",
            make("b \u{65e5}\u{672c}\u{8a9e}", &["--max-budget", "10"]),
        ),
        ("CCCCCCCCCCCCCCCC", make("c \u{202e}\u{200b}evil", &[])),
    ];
    managed.says(&["key", "block", &ids[2].1]);
    let masked = |mut text: String| {
        for (name, id) in &ids {
            text = text.replace(id, name);
        }
        // Keys that are made within one millisecond are listed by id, which is drawn.
        let mut lines: Vec<&str> = text.lines().collect();
        lines[1..4].sort_unstable();
        lines.join("\n")
    };
    insta::assert_snapshot!(masked(managed.says(&["key", "list"])), @r"
    id                alias                   status   team  owner  models  expires  last active  budget
    AAAAAAAAAAAAAAAA  a build                 active   blue  -      mock    -        -            -
    BBBBBBBBBBBBBBBB  b 日本語                active   -     -      -       -        -            10.0
    CCCCCCCCCCCCCCCC  c \u{202e}\u{200b}evil  revoked  -     -      -       -        -            -
    ");
    let of_team = managed.says(&["key", "list", "--team", "blue"]);
    assert_eq!(of_team.lines().count(), 2, "{of_team}");
    let page = managed.says(&["key", "list", "--page-size", "2", "--page", "2"]);
    assert!(
        page.ends_with("page 2 of 2, 3 in all; --page shows another\n"),
        "{page}"
    );
}

#[test]
fn a_chosen_key_comes_from_a_file() {
    let managed = Managed::start();
    let directory = tempfile::TempDir::new().expect("a directory");
    let path = directory.path().join("key");
    std::fs::write(&path, "sk-Chosen-by-the-test-9d2f\n").expect("a file");
    let path = path.to_str().expect("a path");
    managed.says(&["key", "create", "--chosen-key-file", path]);
    assert_eq!(call(&managed, "sk-Chosen-by-the-test-9d2f"), 200);
}
