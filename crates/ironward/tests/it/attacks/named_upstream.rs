//! A caller names the upstream, in any field that another gateway ever read it from: refused, or
//! inert. The trap that it names sees no packet, and the key goes where it always goes.

use ironward_testkit::Trap;
use serde_json::{Value, json};

use crate::dialect::Dialect;
use crate::family::{FAMILIES, Family};
use crate::rig::Rig;

/// Top-level fields that name an upstream, a credential, or a whole deployment.
fn top_level(trap: &str) -> Vec<(&'static str, Value)> {
    let deployment = json!({"model": "openai/gpt-test", "api_base": trap, "api_key": "sk-theirs"});
    let list = json!([{"model_name": "openai/gpt-test", "litellm_params": deployment}]);
    vec![
        ("api_base", json!(trap)),
        ("API_BASE", json!(trap)),
        ("Api_Base", json!(trap)),
        ("base_url", json!(trap)),
        ("baseURL", json!(trap)),
        ("api_key", json!("sk-theirs")),
        ("api_version", json!("../../trap")),
        ("user_config", json!({"model_list": list})),
        ("model_list", list),
        ("litellm_params", json!({"api_base": trap})),
        ("extra_body", json!({"api_base": trap})),
        ("extra_query", json!({"api_base": trap})),
        (
            "extra_headers",
            json!({"Host": trap, "Authorization": "Bearer sk-theirs"}),
        ),
        ("headers", json!({"Host": trap})),
        ("custom_llm_provider", json!("ollama")),
        ("litellm_credential_name", json!("other")),
        ("fallbacks", json!([deployment])),
        (
            "fallbacks",
            json!([{"model": "openai/gpt-test", "litellm_params": deployment}]),
        ),
        ("context_window_fallback_dict", json!({"openai/x": trap})),
        ("azure_endpoint", json!(trap)),
        ("aws_bedrock_runtime_endpoint", json!(trap)),
        ("vertex_credentials", json!({"token_uri": trap})),
        ("proxy_server_request", json!({"url": trap})),
        ("deployment_url", json!(trap)),
        ("target_url", json!(trap)),
        ("mock_response", json!(trap)),
    ]
}

/// The same, hidden in what looks harmless.
fn nested(trap: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("metadata", json!({"api_base": trap})),
        ("metadata", json!({"user_config": {"api_base": trap}})),
        ("metadata", json!({"model_group": {"api_base": trap}})),
        (
            "litellm_metadata",
            json!({"api_base": trap, "api_key": "sk-theirs"}),
        ),
        ("stream_options", json!({"api_base": trap})),
        ("response_format", json!({"type": "text", "api_base": trap})),
        ("user", json!(trap)),
    ]
}

#[test]
fn a_field_that_names_an_upstream_is_refused_or_inert() {
    let (rig, trap) = (Rig::start(), Trap::start());
    for family in FAMILIES {
        for dialect in Dialect::BOTH {
            let fields = top_level(&trap.url());
            for (name, value) in fields.into_iter().chain(nested(&trap.url())) {
                let mut body = dialect.body(&family.model("gpt-test"), "hello");
                body[name] = value;
                assert_inert(&rig, family, dialect, &body);
            }
        }
    }
    trap.assert_untouched();
}

#[test]
fn the_worst_fields_are_refused_by_name() {
    let rig = Rig::start();
    for name in [
        "api_base",
        "base_url",
        "user_config",
        "extra_headers",
        "api_key",
    ] {
        for dialect in Dialect::BOTH {
            let mut body = dialect.body("openai/gpt-test", "hello");
            body[name] = json!({"api_base": "http://127.0.0.1:9"});
            let reply = rig.post(dialect.path(), &body);
            assert_eq!(reply.status, 400, "{name}: {}", reply.text());
            assert!(dialect.error(&reply.json()).contains(name));
        }
    }
    assert!(rig.upstream.calls().is_empty());
}

#[test]
fn a_model_name_is_no_address() {
    let (rig, trap) = (Rig::start(), Trap::start());
    let (url, host) = (trap.url(), trap.address());
    for model in [
        url.clone(),
        format!("openai/{url}/v1"),
        format!("openai/@{host}/v1"),
        format!("openai/..%2f..%2f{host}"),
        format!("//{host}/v1"),
        format!("azure/../../{host}"),
        format!("gemini/x@{host}"),
        "gemini/../../../../models".to_owned(),
        "gemini/x:generateContent?key=sk-theirs&y=".to_owned(),
        "gemini/x#".to_owned(),
        "azure/x/chat/completions?api-version=1#".to_owned(),
        "gemini/x\r\nHost: theirs".to_owned(),
    ] {
        for dialect in Dialect::BOTH {
            rig.upstream.forget();
            let reply = rig.post(dialect.path(), &dialect.body(&model, "hello"));
            assert!(reply.status < 500, "{model}: {}", reply.text());
            for call in rig.upstream.calls() {
                assert_eq!(call.header("host"), rig.upstream.address().to_string());
                assert!(!call.path.contains("/.."), "{model}: {}", call.path);
                assert!(!call.query.contains("sk-theirs"), "{model}: {}", call.query);
            }
        }
    }
    trap.assert_untouched();
}

#[test]
fn a_query_names_no_upstream_either() {
    let (rig, trap) = (Rig::start(), Trap::start());
    let body = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
    for name in [
        "api_base",
        "base_url",
        "api_key",
        "key",
        "model",
        "user_config",
    ] {
        let path = format!("{}?{name}={}", Dialect::OpenAi.path(), trap.url());
        let reply = rig.post_with(&path, &[], body.as_bytes());
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
        let call = rig.upstream.last_call();
        assert!(call.query.is_empty(), "{name} went on: {}", call.query);
        assert_eq!(FAMILIES[0].key_of(&call), FAMILIES[0].key);
    }
    trap.assert_untouched();
}

/// Refused and nothing sent, or sent as ever: to the same host, with the same key, without the
/// field. An upstream may itself refuse a field that it does not know, so a 400 says nothing alone.
#[track_caller]
fn assert_inert(rig: &Rig, family: Family, dialect: Dialect, body: &Value) {
    rig.upstream.forget();
    let reply = rig.post(dialect.path(), body);
    let (status, text) = (reply.status, reply.text());
    assert!(matches!(status, 200 | 400), "{status} to {body}: {text}");
    for call in rig.upstream.calls() {
        assert_eq!(call.header("host"), rig.upstream.address().to_string());
        assert_eq!(family.key_of(&call), family.key, "{body}");
        let sent = call.json();
        for name in [
            "api_base",
            "base_url",
            "user_config",
            "model_list",
            "extra_headers",
            "fallbacks",
        ] {
            assert!(sent[name].is_null(), "{name} went on: {sent}");
        }
    }
}
