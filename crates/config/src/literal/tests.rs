use ironward_secret::Secret;
use serde_json::{Map, Value, json};

use super::{LiteralCredential, LiteralModel};
use crate::Model;

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

fn read(params: Value, secrets: Vec<(&str, Secret)>) -> Result<Vec<Model>, String> {
    let model = LiteralModel {
        id: "d1",
        name: "gpt",
        params: &map(params),
        secrets,
        info: &map(json!({"id": "another", "mode": "chat"})),
        credential: Some(LiteralCredential {
            name: "ours",
            plain: vec![("api_base", "https://proxy.example.com/v1")],
            secrets: vec![("api_key", Secret::new("sk-of-the-credential"))],
        }),
    };
    let read = model.read().map_err(|problems| problems.to_string());
    read.map(|(models, _)| models)
}

#[test]
fn references_mean_themselves() {
    let models = read(
        json!({"model": "openai/os.environ/HOME", "api_version": "os.environ/PATH",
               "extra_body": {"x": "os.environ/PATH", "y": "file:/etc/hostname"}, "rpm": 5}),
        vec![("api_key", Secret::new("file:/etc/hostname"))],
    )
    .unwrap();
    let params = &models[0].params;
    assert_eq!(params.model, "openai/os.environ/HOME");
    assert_eq!(params.api_version.as_deref(), Some("os.environ/PATH"));
    assert_eq!(params.rpm, Some(5));
    let key = params.api_key.as_ref().unwrap();
    assert_eq!(key.expose().bytes(), b"file:/etc/hostname");
    assert_eq!(params.extra_body[0].1, "\"os.environ/PATH\"");
    assert_eq!(params.extra_body[1].1, "\"file:/etc/hostname\"");
    assert_eq!(models[0].info.id.as_deref(), Some("d1"));
}

#[test]
fn a_credential_is_used_only_where_it_is_named() {
    let models = read(json!({"model": "openai/x"}), Vec::new()).unwrap();
    assert!(models[0].params.api_key.is_none() && models[0].params.api_base.is_none());
    let named = json!({"model": "openai/x", "litellm_credential_name": "ours"});
    let models = read(named, Vec::new()).unwrap();
    let key = models[0].params.api_key.as_ref().unwrap();
    assert_eq!(key.expose().bytes(), b"sk-of-the-credential");
    assert!(models[0].params.api_base.is_some());
}

#[test]
fn headers_are_sealed_as_a_whole() {
    let secrets = vec![("extra_headers", Secret::new(r#"{"X-Team": "file:/a"}"#))];
    let models = read(json!({"model": "openai/x"}), secrets).unwrap();
    let headers = &models[0].params.extra_headers;
    assert_eq!(headers["x-team"], "file:/a");
    assert!(headers["x-team"].is_sensitive());
    let secrets = vec![("extra_headers", Secret::new("sk-canary"))];
    let problems = read(json!({"model": "openai/x"}), secrets).err().unwrap();
    assert!(!problems.contains("canary"), "{problems}");
}

#[test]
fn a_switch_of_a_credential_is_text() {
    let values = vec![
        ("api_base", "https://llm.example.com"),
        ("allow_private_address", "true"),
    ];
    let model = LiteralModel {
        id: "d1",
        name: "gpt",
        params: &map(json!({"model": "openai/x", "litellm_credential_name": "ours"})),
        secrets: Vec::new(),
        info: &map(json!({})),
        credential: Some(LiteralCredential {
            name: "ours",
            plain: values,
            secrets: Vec::new(),
        }),
    };
    let (models, _) = model.read().unwrap_or_else(|problems| panic!("{problems}"));
    assert!(models[0].params.allow_private_address);
}

#[test]
fn names_are_what_they_are() {
    let name = "\u{2003}ours ";
    let model = LiteralModel {
        id: "d1",
        name: " gpt\u{a0}",
        params: &map(json!({"model": "openai/x", "litellm_credential_name": name})),
        secrets: Vec::new(),
        info: &map(json!({})),
        credential: Some(LiteralCredential {
            name,
            plain: Vec::new(),
            secrets: vec![("api_key", Secret::new("sk-of-the-credential"))],
        }),
    };
    let (models, _) = model.read().unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(models[0].name, " gpt\u{a0}");
    assert!(models[0].params.api_key.is_some());
    let empty = json!({"model": "openai/x", "litellm_credential_name": ""});
    assert!(read(empty, Vec::new()).is_err());
}

#[test]
fn what_is_wrong_is_told_without_values() {
    for params in [
        json!({"model": "openai/x", "litellm_credential_name": "theirs"}),
        json!({"model": "openai/x", "api_base": "not-a-url-canary"}),
        json!({"model": "openai/x", "timeout": "canary"}),
        json!({"rpm": 3}),
    ] {
        let secrets = vec![("api_key", Secret::new("sk-canary"))];
        let problems = read(params.clone(), secrets).err().unwrap();
        assert!(!problems.contains("sk-canary"), "{problems}");
        assert!(
            problems.contains("deployment d1 of the database"),
            "{problems}"
        );
    }
}
