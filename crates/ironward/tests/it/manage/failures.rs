use serde_json::Value;

use super::{Managed, Ran, ran};

#[test]
fn a_refusal_is_one_line_with_a_code_of_its_own() {
    let managed = Managed::start();
    for (args, code, words) in [
        // What the gateway refuses, with the nearest name as it says it.
        (
            &["key", "create", "--set", "modls=[]"][..],
            8,
            &["modls", "did you mean 'models'?", "(422)"][..],
        ),
        (
            &["key", "create", "--set", "max_budget=\"x\""],
            8,
            &["max_budget", "(422)"],
        ),
        (&["key", "create", "--team", "none"], 8, &["team"]),
        (&["team", "show", "none"], 9, &["(404)"]),
        (&["key", "block", "none"], 9, &["(404)"]),
        // What is wrong before anything is asked.
        (&["key", "create", "--set", "models"], 2, &["FIELD=JSON"]),
        (&["key", "show", "sk-iw-something"], 2, &["standard input"]),
        (
            &["key", "list", "--admin-url", "ftp://x"],
            2,
            &["--admin-url"],
        ),
        (
            &["key", "list", "--admin-url", "http://192.0.2.1:4001"],
            2,
            &["clear", "https"],
        ),
        (
            &["key", "list", "--key-file", "/no/such/file"],
            2,
            &["/no/such/file"],
        ),
        (
            &["key", "list", "--ca", "/no/such/file"],
            2,
            &["/no/such/file"],
        ),
        // Nobody is there.
        (
            &["key", "list", "--admin-url", "http://127.0.0.1:1"],
            7,
            &["127.0.0.1:1", "--admin-url"],
        ),
    ] {
        let (found, said) = managed.fails(args);
        assert_eq!(found, code, "{args:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{args:?}: {said}");
        }
    }
}

#[test]
fn the_key_is_that_of_the_variable_or_of_a_file() {
    let managed = Managed::start();
    let mut command = managed.command(&["key", "list"]);
    command.env_remove("IRONWARD_ADMIN_KEY");
    let Ran { code, err, .. } = ran(command, "");
    assert_eq!(code, Some(2), "{err}");
    assert!(
        err.contains("IRONWARD_ADMIN_KEY") && err.contains("--key-file"),
        "{err}"
    );
    let mut command = managed.command(&["key", "list"]);
    command.env("IRONWARD_ADMIN_KEY", "sk-wrong-0123456789abcdef");
    let Ran { code, err, .. } = ran(command, "");
    assert_eq!(code, Some(8), "{err}");
    assert!(!err.contains("0123456789"), "{err}");

    let directory = tempfile::TempDir::new().expect("a directory");
    let path = directory.path().join("key");
    std::fs::write(&path, format!("{}\n", managed.gateway.admin_key())).expect("a file");
    let mut command = managed.command(&["key", "list", "--key-file"]);
    command.arg(&path).env_remove("IRONWARD_ADMIN_KEY");
    let Ran { code, err, .. } = ran(command, "");
    assert_eq!((code, &*err), (Some(0), ""));
}

#[test]
fn json_is_the_answer_as_it_is() {
    let managed = Managed::start();
    let Ran { code, out, err } = managed.run(&["team", "show", "none", "--json"], "");
    assert_eq!(code, Some(9), "{err}");
    let body: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(body["error"]["code"], "404");
    let alias = "\u{202e}evil\u{200b}";
    let made = managed.json(&["team", "create", "--id", "x", "--alias", alias]);
    assert_eq!(made["team_alias"], alias);
    let table = managed.says(&["team", "list"]);
    assert!(table.contains("\\u{202e}evil\\u{200b}"), "{table}");
    assert!(!table.contains(['\u{202e}', '\u{200b}']), "{table}");
}

#[test]
fn help_tells_a_stranger_what_to_type() {
    let managed = Managed::start();
    for noun in [
        "key",
        "team",
        "user",
        "service-account",
        "model",
        "credential",
    ] {
        let help = managed.says(&[noun, "--help"]);
        for word in [
            "IRONWARD_ADMIN_KEY",
            "--admin-url",
            "Examples",
            "list",
            "show",
        ] {
            assert!(help.contains(word), "{noun}: {word}");
        }
    }
    let help = managed.says(&["key", "create", "--help"]);
    for flag in [
        "--alias",
        "--models",
        "--max-budget",
        "--duration",
        "--set",
        "--json",
        "--ca",
    ] {
        assert!(help.contains(flag), "{flag}: {help}");
    }
    let completions = managed.says(&["completions", "bash"]);
    for word in ["add-member", "--grace-period", "--api-key-file"] {
        assert!(completions.contains(word), "{word}");
    }
}
