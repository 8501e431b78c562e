use serde_json::Value;

use super::Managed;

#[test]
fn it_says_which_rule_lets_a_call_through_or_refuses_it() {
    let managed = Managed::start();
    let made = managed.says(&["key", "create", "--models", "gpt-*,mock", "--json"]);
    let made: Value = serde_json::from_str(&made).unwrap();
    let id = made["token_id"].as_str().unwrap();
    let explain = |model| ["access", "explain", "--key", id, "--model", model];
    let said = managed.says(&explain("mock"));
    assert!(said.contains("`mock` covers mock"), "{said}");
    assert!(said.ends_with("\nallowed: mock goes to mock\n"), "{said}");
    assert!(!said.contains("refuses"), "{said}");
    let said = managed.says(&explain("other"));
    let line = said.lines().find(|line| line.starts_with("refuses"));
    let line = line.unwrap_or_else(|| panic!("{said}"));
    assert!(line.contains(id) && line.contains("models"), "{said}");
    let end = format!("\nrefused: key {id}: models: nothing in its list covers other\n");
    assert!(said.ends_with(&end), "{said}");
    let json = managed.says(&[&explain("other")[..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["allowed"], &json["model_group"]),
        (&false.into(), &Value::Null)
    );
    let none = ["access", "explain", "--key", "none", "--model", "mock"];
    assert_eq!(managed.run(&none, "").code, Some(9));
}
