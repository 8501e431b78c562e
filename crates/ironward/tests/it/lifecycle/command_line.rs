//! What a stranger types: help, version, completions, `check`, and exit codes that mean something.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::rig::BINARY;

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(BINARY)
        .args(args)
        .env_clear()
        .output()
        .expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

const FLAGS: [&str; 15] = [
    "config",
    "host",
    "port",
    "admin-host",
    "admin-port",
    "data-dir",
    "local",
    "dev",
    "strict",
    "allow-plaintext",
    "threads",
    "drain-timeout",
    "log-format",
    "log-level",
    "ready-json",
];

#[test]
fn help_names_every_flag_and_its_variable() {
    for args in [&["--help"][..], &["serve", "--help"], &["help", "serve"]] {
        let (code, help, _) = run(args);
        assert_eq!(code, Some(0), "{args:?}");
        for flag in FLAGS {
            assert!(help.contains(&format!("--{flag}")), "{args:?}: --{flag}");
            let variable = format!("IRONWARD_{}", flag.to_uppercase().replace('-', "_"));
            assert!(help.contains(&variable), "{args:?}: {variable}");
        }
        assert!(
            help.contains("4000") && help.contains("127.0.0.1"),
            "defaults"
        );
    }
    let (_, help, _) = run(&["--help"]);
    for command in ["serve", "check", "admin-key", "completions", "Exit codes"] {
        assert!(help.contains(command), "{command}");
    }
}

#[test]
fn the_version_says_which_build() {
    let (code, long, _) = run(&["--version"]);
    assert_eq!(code, Some(0));
    for part in [env!("CARGO_PKG_VERSION"), "commit ", "linux"] {
        assert!(long.contains(part), "{part}: {long}");
    }
    let (_, short, _) = run(&["-V"]);
    assert!(short.contains(env!("CARGO_PKG_VERSION")) && short.lines().count() == 1);
}

#[test]
fn completions_are_printed_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script, _) = run(&["completions", shell]);
        assert_eq!(code, Some(0), "{shell}");
        assert!(script.contains("drain-timeout"), "{shell}");
    }
}

#[test]
fn wrong_usage_ends_with_two() {
    for args in [
        &["--no-such-flag"][..],
        &["serve", "--port", "many"],
        &["serve", "--port", "70000"],
        &["serve", "--host", "not an address"],
        &["serve", "--threads", "0"],
        &["serve", "--drain-timeout", "-1"],
        &["check"],
        &["nonsense"],
    ] {
        let (code, _, said) = run(args);
        assert_eq!(code, Some(2), "{args:?}: {said}");
        assert!(said.contains("error:"), "{args:?}: {said}");
    }
}

const GOOD: &str = "model_list:\n  - model_name: one\n    litellm_params:\n      model: openai/gpt-test\n      api_key: held-key\nlitellm_settings:\n  success_callback: [langfuse]\n";
const BAD: &str = "model_list:\n  - model_name: one\n    litellm_params:\n      model: nobody/x\nrouter_settings:\n  num_retries: many\n";

fn write(directory: &TempDir, text: &str) -> PathBuf {
    let path = directory.path().join("config.yaml");
    std::fs::write(&path, text).expect("a file");
    path
}

fn check(path: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let mut args = vec!["check", path.to_str().expect("a path")];
    args.extend_from_slice(more);
    run(&args)
}

#[test]
fn check_says_what_is_there_and_what_has_no_effect() {
    let directory = TempDir::new().expect("a directory");
    let path = write(&directory, GOOD);
    let (code, said, errors) = check(&path, &[]);
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{said}");
    assert!(said.contains("ok: 1 model groups, 1 deployments"), "{said}");
    let notice = said.lines().find(|line| line.contains("success_callback"));
    let notice = notice.expect("a notice");
    assert!(
        notice.contains(":7:") || notice.contains("line 7"),
        "{notice}"
    );
    let left: Vec<_> = std::fs::read_dir(directory.path())
        .expect("a directory")
        .collect();
    assert_eq!(left.len(), 1, "check leaves nothing behind");
}

#[test]
fn check_says_everything_that_is_wrong_with_its_place() {
    let directory = TempDir::new().expect("a directory");
    let path = write(&directory, BAD);
    let (code, said, errors) = check(&path, &[]);
    assert_eq!((code, said.as_str()), (Some(3), ""));
    let strict = check(&write(&directory, GOOD), &["--strict"]);
    assert_eq!(strict.0, Some(3), "{}", strict.2);
    for (what, line) in [("nobody", 2), ("num_retries", 6)] {
        let found = errors.lines().find(|error| error.contains(what));
        let found = found.unwrap_or_else(|| panic!("no {what} in {errors}"));
        assert!(found.contains(&format!("config.yaml:{line}:")), "{found}");
    }
}

#[test]
fn check_speaks_json() {
    let directory = TempDir::new().expect("a directory");
    let (code, said, errors) = check(&write(&directory, GOOD), &["--json"]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let report: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(report["ok"], true);
    assert_eq!(report["model_groups"][0], "one");
    assert_eq!(report["notices"][0]["line"], 7);
    let (code, said, _) = check(&write(&directory, BAD), &["--json"]);
    assert_eq!(code, Some(3));
    let report: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(report["ok"], false);
    let problems = report["problems"].as_array().expect("a list");
    assert!(problems.len() >= 2, "{report}");
    for problem in problems {
        assert!(
            problem["line"].is_u64() && problem["message"].is_string(),
            "{problem}"
        );
    }
}

#[test]
fn check_of_what_is_not_there_says_so() {
    let directory = TempDir::new().expect("a directory");
    let (code, _, errors) = check(&directory.path().join("none.yaml"), &[]);
    assert_eq!(code, Some(3), "{errors}");
    assert!(errors.contains("none.yaml"), "{errors}");
    let path = write(&directory, "model_list: [\n");
    let (code, _, errors) = check(&path, &[]);
    assert_eq!(code, Some(3), "{errors}");
    assert!(errors.contains("config.yaml:"), "{errors}");
}

#[test]
fn the_catalogue_says_what_models_cost() {
    let (code, shown, _) = run(&["catalogue", "show", "openai/gpt-4o"]);
    assert_eq!(code, Some(0), "{shown}");
    for line in [
        "provider       openai",
        "times-fedramp  1.1",
        "in             standard  2.5      million tokens",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let (code, shown, _) = run(&[
        "catalogue",
        "show",
        "bedrock/eu-central-1/amazon.nova-lite-v1:0",
        "--json",
    ]);
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(
        (code, &shown["model"]["name"]),
        (Some(0), &"amazon.nova-lite-v1:0".into())
    );
    assert_eq!(shown["model"]["prices"][0]["dollars"], "0.06");
    let (code, _, complaint) = run(&["catalogue", "show", "openai/no-such\u{1b}[2J"]);
    assert_eq!(code, Some(9));
    assert!(
        complaint.contains("openai/no-such\\u{1b}[2J: no model of the price catalogue"),
        "{complaint}"
    );
    let (code, listed, _) = run(&[
        "catalogue",
        "list",
        "--provider",
        "anthropic",
        "--mode",
        "chat",
    ]);
    assert_eq!(code, Some(0));
    assert!(
        listed.contains("claude-sonnet-4-5 ") && !listed.contains("gpt-4o"),
        "{listed}"
    );
}

#[test]
fn another_catalogue_is_compared_with_the_one_built_in() {
    let directory = TempDir::new().expect("a directory");
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalogue/prices/catalogue.txt");
    let diff = |path: &Path| run(&["catalogue", "diff", "--file", path.to_str().expect("UTF-8")]);
    let (code, shown, _) = diff(&own);
    assert_eq!(code, Some(0));
    assert!(shown.ends_with("\n0 differ\n"), "{shown}");
    // An empty section: the version's hash is that of "\n[a]\n".
    let other = directory.path().join("other.txt");
    std::fs::write(
        &other,
        "schema 1\nversion 2026-12-01.24386fad60c352c2\n\n[a]\n",
    )
    .expect("written");
    let (code, shown, _) = diff(&other);
    assert_eq!(code, Some(0));
    assert!(
        shown.contains("\ngpt-4o\n  - openai chat in=2.5 "),
        "{shown}"
    );
    std::fs::write(&other, "in=2.5\n").expect("written");
    let (code, _, complaint) = diff(&other);
    assert_eq!(code, Some(1));
    assert!(
        complaint.contains("no price catalogue of schema 1"),
        "{complaint}"
    );
    assert_eq!(diff(&directory.path().join("none")).0, Some(1));
}
