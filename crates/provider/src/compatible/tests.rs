use std::collections::HashSet;

use ironward_core::{FaultKind, Origin, Reach, Retry, Side};
use serde_json::json;

use super::vendors::VENDORS;
use crate::testing::{Case, classified};
use crate::{find, vendors};

#[test]
fn the_table_is_sound() {
    assert!(VENDORS.len() >= 60, "{}", VENDORS.len());
    assert!(VENDORS.is_sorted_by(|a, b| a.name < b.name));
    let mut names = HashSet::new();
    for vendor in vendors() {
        for name in [vendor.provider.name()].iter().chain(vendor.aliases) {
            assert!(names.insert(*name), "two vendors are called {name}");
        }
    }
    for row in &VENDORS {
        let name = row.name;
        assert!(!row.key_variables.is_empty(), "{name}");
        if let Some(url) = row.base_url {
            let origin = Origin::parse(url).unwrap();
            assert!(!url.ends_with('/'), "{name}: {url}");
            // A key in plain text may only go to the same machine.
            let is_local = origin.reach == Reach::Private;
            assert_eq!(url.starts_with("http://"), is_local, "{name}: {url}");
            assert_eq!(row.keyless, is_local, "{name}: {url}");
        } else {
            assert!(!row.base_variables.is_empty(), "{name} cannot be reached");
        }
        let variables = row.key_variables.iter().chain(row.base_variables);
        for variable in variables {
            let is_upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            assert!(variable.chars().all(is_upper), "{name}: {variable}");
        }
        assert!(row.refused.is_sorted() && row.strips.is_sorted(), "{name}");
    }
}

#[test]
fn base_paths_are_read_with_and_without_the_endpoint() {
    for (vendor, written, kept) in [
        ("groq", "/openai/v1", "/openai/v1"),
        ("groq", "/openai/v1/chat/completions", "/openai/v1"),
        ("groq", "/openai/v1/chat/completions/", "/openai/v1"),
        ("openai", "/v1/embeddings", "/v1"),
        ("openai", "/v1/completions", "/v1"),
        ("heroku", "", ""),
        ("heroku", "/v1", ""),
        ("heroku", "/v1/chat/completions", ""),
        ("azure", "/openai/deployments/gpt/chat/completions", ""),
        ("azure", "/openai/v1", ""),
        ("azure", "/proxy/openai", "/proxy"),
        ("azure", "", ""),
    ] {
        let provider = find(vendor).unwrap().provider;
        assert_eq!(provider.base_path(written), kept, "{vendor} {written}");
    }
}

#[test]
fn what_is_for_the_gateway_stays_here() {
    let case = Case::new("groq", "llama");
    let sent = case.sent(
        r#"{"model":"g","messages":[],"metadata":{"tags":["a"]},"tags":["b"],"fallbacks":["x"],
            "litellm_trace_id":"t","litellm_anything":1,"api_base":"https://evil.example","api_key":"k",
            "guardrails":["pii"],"cache":{"no-cache":true},"extra_body":{"model":"other"},"seed":3,"x_new":{"a":1}}"#,
    );
    assert_eq!(
        sent,
        json!({"model": "llama", "messages": [], "seed": 3, "x_new": {"a": 1}})
    );
}

#[test]
fn a_chained_litellm_gets_them() {
    let sent = Case::new("litellm_proxy", "m").sent(
        r#"{"model":"g","messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]}],"metadata":{"tags":["a"]}}"#,
    );
    assert_eq!(sent["metadata"]["tags"], json!(["a"]));
    assert!(sent["messages"][0]["content"][0]["cache_control"].is_object());
}

#[test]
fn streams_are_asked_for_their_usage() {
    let body = r#"{"model":"g","messages":[],"stream":true,"stream_options":{"include_usage":false,"include_obfuscation":false}}"#;
    assert_eq!(
        Case::new("openai", "gpt-4o").sent(body)["stream_options"],
        json!({"include_usage": true, "include_obfuscation": false})
    );
    assert_eq!(
        Case::new("mistral", "m").sent(body).get("stream_options"),
        None
    );
    let whole = Case::new("openai", "gpt-4o").sent(r#"{"model":"g","messages":[]}"#);
    assert_eq!(whole.get("stream_options"), None);
}

#[test]
fn messages_lose_what_a_vendor_refuses() {
    let sent = Case::new("mistral", "m").sent(
        r#"{"model":"g","messages":[
            {"role":"developer","content":"be kind"},
            {"role":"user","name":"ann","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]},
            {"role":"assistant","content":null,"refusal":null,"annotations":[],"reasoning_content":"hm","thinking_blocks":[{}],
             "tool_calls":[{"id":"1","type":"function","provider_specific_fields":{"a":1},"function":{"name":"name","arguments":"{\"name\": 1e400}"}}]},
            {"role":"tool","name":"name","tool_call_id":"1","content":"x"}],
          "tools":[{"type":"function","cache_control":{"type":"ephemeral"},"function":{"name":"name","cache_control":{},
            "parameters":{"type":"object","properties":{"cache_control":{"type":"string"}}}}}]}"#,
    );
    assert_eq!(
        sent["messages"],
        json!([
            {"role": "system", "content": "be kind"},
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "name", "arguments": "{\"name\": 1e400}"}}]},
            {"role": "tool", "name": "name", "tool_call_id": "1", "content": "x"},
        ])
    );
    assert_eq!(
        sent["tools"],
        json!([{"type": "function", "function": {"name": "name",
            "parameters": {"type": "object", "properties": {"cache_control": {"type": "string"}}}}}])
    );
}

#[test]
fn untouched_messages_are_sent_as_they_were_written() {
    let body = r#"{"model":"g","messages": [ {"role":"user" , "content":"h\u0069", "x":1.50} ]}"#;
    let request = Case::new("openai", "gpt-4o").request(body).unwrap();
    assert_eq!(
        request.body.joined(),
        r#"{"model":"gpt-4o","messages":[ {"role":"user" , "content":"h\u0069", "x":1.50} ]}"#
    );
}

#[test]
fn fields_are_renamed_refused_or_dropped() {
    let body = r#"{"model":"g","messages":[],"max_completion_tokens":5,"seed":1,"tool_choice":"required","user":"u"}"#;
    assert_eq!(
        Case::new("mistral", "m").sent(body),
        json!({"model": "m", "messages": [], "max_tokens": 5, "random_seed": 1, "tool_choice": "any"})
    );
    let biased = r#"{"model":"g","messages":[],"logit_bias":{"1":2}}"#;
    let fault = Case::new("mistral", "m").refused(biased);
    assert_eq!(fault.kind, FaultKind::UnsupportedParam);
    assert_eq!(fault.param.as_deref(), Some("logit_bias"));
    let dropped = Case::new("mistral", "m").dropping().sent(biased);
    assert_eq!(dropped, json!({"model": "m", "messages": []}));
    let mut allowing = Case::new("mistral", "m");
    allowing.deployment.params.allow = vec!["logit_bias".into()];
    assert_eq!(allowing.sent(biased)["logit_bias"], json!({"1": 2}));
}

#[test]
fn a_deployment_has_the_last_word() {
    let mut case = Case::new("mistral", "m");
    case.deployment.params.defaults = vec![
        ("temperature".into(), "0.5".into()),
        ("max_completion_tokens".into(), "9".into()),
    ];
    case.deployment.params.always_drop = vec!["top_p".into()];
    case.deployment.params.extra_body = vec![("user".into(), "\"ours\"".into())];
    assert_eq!(
        case.sent(r#"{"model":"g","messages":[],"temperature":1,"top_p":0.1,"user":"u"}"#),
        json!({"model": "m", "messages": [], "temperature": 1, "max_tokens": 9, "user": "ours"})
    );
}

#[test]
fn quirks_hold() {
    let moonshot = Case::new("moonshot", "kimi").dropping();
    let sent =
        moonshot.sent(r#"{"model":"g","messages":[],"temperature":1.7,"tool_choice":"required"}"#);
    assert_eq!(
        sent,
        json!({"model": "kimi", "messages": [], "temperature": 1})
    );
    let schema =
        r#"{"model":"g","messages":[],"response_format":{"type":"json_schema","json_schema":{}}}"#;
    assert!(Case::new("deepseek", "d").request(schema).is_err());
    assert_eq!(
        Case::new("deepseek", "d").dropping().sent(schema)["response_format"],
        json!({"type": "json_object"})
    );
    assert_eq!(
        Case::new("groq", "l").sent(r#"{"model":"g","messages":[],"n":1}"#),
        json!({"model": "l", "messages": []})
    );
    assert!(
        Case::new("groq", "l")
            .request(r#"{"model":"g","messages":[],"n":2}"#)
            .is_err()
    );
    let texts = r#"{"model":"g","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"\nb"}]}]}"#;
    assert_eq!(
        Case::new("publicai", "p").sent(texts)["messages"][0]["content"],
        "a\nb"
    );
    let fireworks = Case::new("fireworks_ai", "llama-v3").sent(r#"{"model":"g","messages":[]}"#);
    assert_eq!(fireworks["model"], "accounts/fireworks/models/llama-v3");
    let parasail = Case::new("parasail", "p").sent(r#"{"model":"g","messages":[]}"#);
    assert_eq!(parasail["store"], false);
}

#[test]
fn the_key_is_presented_as_the_vendor_wants_it() {
    let auth = |vendor| {
        let request = Case::new(vendor, "m").request(r#"{"model":"g","messages":[]}"#);
        format!("{:?}", request.unwrap().auth)
    };
    assert_eq!(auth("groq"), "Bearer");
    assert_eq!(auth("sarvam"), r#"Header("api-subscription-key")"#);
    assert_eq!(auth("azure"), r#"Header("api-key")"#);
}

#[test]
fn refusals_of_the_key_never_repeat_it() {
    for (vendor, body) in [
        (
            "openai",
            r#"{"error":{"message":"Incorrect API key provided: sk-secret.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
        ),
        ("mistral", r#"{"detail":"sk-secret is wrong"}"#),
        ("venice", r#"{"error":"sk-secret is wrong"}"#),
        ("groq", "sk-secret is wrong"),
    ] {
        let fault = classified(vendor, 401, body);
        assert_eq!(fault.kind, FaultKind::UpstreamAuthentication);
        assert_eq!(fault.retry, Retry::Elsewhere(None));
        assert!(!format!("{fault:?}").contains("sk-secret"), "{fault:?}");
    }
}

#[test]
fn errors_mean_what_the_vendors_say() {
    let error = |code: &str, message: &str| {
        json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": code}})
            .to_string()
    };
    for (status, body, kind) in [
        (400, error("context_length_exceeded", "too long"), FaultKind::ContextWindowExceeded),
        (400, error("", "This model's maximum context length is 8"), FaultKind::ContextWindowExceeded),
        (400, error("content_policy_violation", "no"), FaultKind::ContentPolicy),
        (400, error("content_filter", "no"), FaultKind::ContentPolicy),
        (400, r#"{"error":{"message":"no","code":"x","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#.to_owned(), FaultKind::ContentPolicy),
        (404, error("model_not_found", "no"), FaultKind::NotFound),
        (400, r#"{"object":"error","message":"Invalid model: x","type":"invalid_model","code":"1500"}"#.to_owned(), FaultKind::NotFound),
        (429, error("insufficient_quota", "pay"), FaultKind::RateLimited),
        (429, error("rate_limit_exceeded", "slow"), FaultKind::RateLimited),
        (402, r#"{"error":{"message":"Insufficient Balance"}}"#.to_owned(), FaultKind::PaymentRequired),
        (400, error("unsupported_parameter", "no"), FaultKind::BadRequest),
        (500, error("server_error", "oops"), FaultKind::UpstreamInternal),
        (503, "<html>busy</html>".to_owned(), FaultKind::Unavailable),
    ] {
        assert_eq!(classified("openai", status, &body).kind, kind, "{body}");
    }
}

#[test]
fn texts_of_errors_are_one_bounded_line() {
    let fault = classified(
        "mistral",
        422,
        r#"{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","messages",0,"name"],"msg":"Extra inputs\r\n\u0007are not permitted","input":1}]}}"#,
    );
    assert_eq!(
        &*fault.message,
        "mistral: body.messages.0.name: Extra inputs are not permitted"
    );
    assert_eq!(fault.side, Side::Downstream);
    let limited = classified(
        "openai",
        429,
        r#"{"error":{"message":"Limit for gpt-4o in organization org-AbCdEf123456 (proj_AbCdEf123456): 3, key 'sk-abcd****wxyz'. Slow","type":"requests"}}"#,
    );
    assert_eq!(
        &*limited.message,
        "openai: Limit for gpt-4o in organization *** (***): 3, key '***'. Slow"
    );
    let long = json!({"error": {"message": "é".repeat(9000)}}).to_string();
    assert!(classified("groq", 400, &long).message.chars().count() < 2_100);
    let page = classified("groq", 502, "<html>10.0.0.7 is down</html>");
    assert_eq!(
        &*page.message,
        "groq answered with status 502 and no error text"
    );
    let raw = classified(
        "openrouter",
        400,
        r#"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"bad image","provider_name":"X"}}}"#,
    );
    assert_eq!(
        &*raw.message,
        "openrouter: Provider returned error: bad image"
    );
    let param = classified(
        "openai",
        400,
        r#"{"error":{"message":"m","type":"invalid_request_error","param":"temperature","code":"unsupported_value"}}"#,
    );
    assert_eq!(param.param.as_deref(), Some("temperature"));
    assert_eq!(param.code.as_deref(), Some("unsupported_value"));
}
