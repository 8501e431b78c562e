use super::{Managed, field};

const SECRET: &str = "sk-provider-7f3a91c2e8d4";

#[test]
fn credentials_and_deployments() {
    let managed = Managed::start();
    let set = |args: &[&str]| {
        let args = [
            &["credential", "set", "main/\u{e9}", "--provider", "openai"],
            args,
        ]
        .concat();
        managed.says_to(&args, &format!("{SECRET}\n"))
    };
    assert_eq!(set(&[]), "credential main/\u{e9} is set\n");
    // The same again changes it.
    set(&["--api-base", "https://api.example.org/v1"]);
    let list = managed.says(&["credential", "list"]);
    let fingerprint = list
        .lines()
        .nth(1)
        .and_then(|line| line.split_whitespace().nth(3));
    let fingerprint = fingerprint.expect("a fingerprint");
    assert!(list.contains("https://api.example.org/v1"), "{list}");
    let shown = managed.says(&["credential", "show", "main/\u{e9}"]);
    assert!(shown.contains(fingerprint), "{shown}");
    assert_eq!(field(&shown, "origin"), "https://api.example.org");

    let made = managed.says(&[
        "model",
        "add",
        "stored",
        "--model",
        "openai/gpt-test",
        "--credential",
        "main/\u{e9}",
        "--id",
        "dep-1",
        "--set",
        "litellm_params.rpm=7",
    ]);
    assert_eq!(field(&made, "model_id"), "dep-1");
    let add = [
        "model",
        "add",
        "own",
        "--model",
        "openai/gpt-test",
        "--id",
        "dep-2",
        "--blocked",
    ];
    managed.says_to(&[&add[..], &["--api-key-file", "-"]].concat(), SECRET);
    let list = managed.says(&["model", "list"]);
    let configured = list
        .lines()
        .nth(1)
        .and_then(|line| line.split_whitespace().nth(1));
    let configured = configured.expect("an id");
    let masked = list.replace(configured, "CONFIGURED");
    let narrow: Vec<String> = masked
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    insta::assert_snapshot!(narrow.join("\n"), @r"
    name id model credential stored blocked
    mock CONFIGURED openai/x - false -
    own dep-2 openai/gpt-test - true true
    stored dep-1 openai/gpt-test main/é true -
    ");
    managed.says(&["model", "unblock", "dep-2"]);
    managed.says(&["model", "block", "dep-2"]);
    let (code, said) = managed.fails(&["credential", "delete", "main/\u{e9}"]);
    assert_eq!(code, 8, "{said}");
    assert_eq!(
        managed.says(&["model", "delete", "dep-1"]),
        "model dep-1 is deleted\n"
    );
    managed.says(&["credential", "delete", "main/\u{e9}"]);
    let (code, _) = managed.fails(&["model", "show", "dep-1"]);
    assert_eq!(code, 9);
    let all = [list, shown, made, managed.says(&["model", "show", "dep-2"])].concat();
    assert!(!all.contains("7f3a91c2"), "{all}");
}

#[test]
fn no_secret_stands_on_a_command_line() {
    let managed = Managed::start();
    let add = ["model", "add", "m", "--model", "openai/x", "--set"];
    for set in [
        "litellm_params.api_key=\"sk-x\"",
        "litellm_params={\"api_key\":\"sk-x\"}",
    ] {
        let (code, said) = managed.fails(&[&add[..], &[set]].concat());
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("@FILE") && !said.contains("sk-x"), "{said}");
    }
    let args = [&add[..], &["litellm_params.api_key=@-"]].concat();
    managed.says_to(&args, SECRET);
}
