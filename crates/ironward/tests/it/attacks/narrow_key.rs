//! A key that may use some models asks for another one between the lines: refused, or exactly what
//! was authorised is sent.

use crate::dialect::Dialect;
use crate::family::FAMILIES;
use crate::tenants::{Tenants, over_both};

over_both!(
    what_is_authorised_is_what_is_sent,
    a_model_in_the_path_is_authorised_too
);

/// Stands for a group that the key may use.
const GROUP: &str = "@group@";
const MESSAGES: &str = r#""messages":[{"role":"user","content":"hello"}]"#;

fn bodies() -> Vec<String> {
    let with = |fields: &str| format!("{{{fields},{MESSAGES}}}");
    let mut bodies = Vec::new();
    for key in [
        "model",
        "Model",
        "MODEL",
        r"\u006dodel",
        r"mode\u006c",
        r"\u004dodel",
    ] {
        bodies.push(with(&format!(r#""model":"{GROUP}","{key}":"forbidden""#)));
        bodies.push(with(&format!(r#""{key}":"forbidden","model":"{GROUP}""#)));
        bodies.push(with(&format!(r#""{key}":"forbidden""#)));
        bodies.push(with(&format!(r#""{key}":"{GROUP}""#)));
    }
    for value in [
        r#""forbidden""#,
        r#""Forbidden""#,
        r#""forbidden ""#,
        r#""\u0066orbidden""#,
        r#""@group@,forbidden""#,
        r#""@group@\u0000forbidden""#,
        r#""@group@/../forbidden""#,
        r#""openai/forbidden""#,
        r#""stored-b""#,
        r#"["@group@","forbidden"]"#,
        r#"["forbidden"]"#,
        r#"{"model":"forbidden"}"#,
        "null",
        "1e400",
        r#""@group@\ud800""#,
        r#""\udc00@group@""#,
    ] {
        bodies.push(with(&format!(r#""model":{value}"#)));
    }
    for field in [
        r#""models":["forbidden"]"#,
        r#""fallbacks":["forbidden"]"#,
        r#""fallbacks":[{"@group@":["forbidden"]}]"#,
        r#""litellm_params":{"model":"forbidden"}"#,
        r#""metadata":{"model":"forbidden","model_group":"forbidden"}"#,
        r#""extra_body":{"model":"forbidden"}"#,
        r#""user_config":{"model_list":[{"model_name":"@group@","litellm_params":{"model":"openai/forbidden"}}]}"#,
        r#""model_alias_map":{"@group@":"forbidden"}"#,
        r#""temperature":1e400"#,
        r#""n":-1e999"#,
        r#""x_\ud800":1"#,
        r#""user":"\udc00\ud800""#,
    ] {
        bodies.push(with(&format!(r#""model":"{GROUP}",{field}"#)));
    }
    for (open, close) in [("[", "]"), (r#"{"model":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        bodies.push(with(&format!(r#""model":"{GROUP}","x_deep":{deep}"#)));
    }
    bodies.push(format!(
        r#"{{"model":"{GROUP}",{MESSAGES}}}{{"model":"forbidden",{MESSAGES}}}"#
    ));
    bodies
}

fn what_is_authorised_is_what_is_sent(tenants: &Tenants<'_>) {
    for body in bodies() {
        for family in FAMILIES {
            for dialect in Dialect::BOTH {
                let mut sent = body.replace(GROUP, &format!("allowed-{}", family.name));
                if dialect == Dialect::Anthropic {
                    sent.insert_str(1, r#""max_tokens":64,"#);
                }
                attempt(tenants, dialect.path(), &sent);
            }
        }
    }
    let own = r#"{"model":"allowed-openai","messages":[{"role":"user","content":"hello"}]}"#;
    attempt(tenants, Dialect::OpenAi.path(), own);
    assert_eq!(tenants.upstream.calls().len(), 1, "what it may, it can");
    tenants.assert_unharmed();
}

fn a_model_in_the_path_is_authorised_too(tenants: &Tenants<'_>) {
    for prefix in ["/engines/", "/openai/deployments/"] {
        for (name, model) in [
            ("forbidden", r#""model":"allowed-openai","#),
            ("allowed-openai", r#""model":"forbidden","#),
            ("forbidden", ""),
            ("%66orbidden", ""),
            ("allowed-openai%2f..%2fforbidden", ""),
            ("allowed-openai%00forbidden", ""),
            ("Forbidden", ""),
            ("openai%2fforbidden", ""),
        ] {
            let path = format!("{prefix}{name}/chat/completions");
            attempt(tenants, &path, &format!("{{{model}{MESSAGES}}}"));
        }
    }
    tenants.assert_unharmed();
}

/// Refused, or sent with the authorised model and no other.
#[track_caller]
fn attempt(tenants: &Tenants<'_>, path: &str, body: &str) {
    tenants.upstream.forget();
    let reply = tenants.call(&tenants.a.low.secret, path, body.as_bytes());
    let start: String = body.chars().take(200).collect();
    let (status, text) = (reply.status, reply.text());
    assert!(
        matches!(status, 200 | 400 | 403 | 404),
        "{status} to {path} {start}: {text}"
    );
    let calls = tenants.upstream.calls();
    assert!(status != 200 || !calls.is_empty(), "{start}");
    for call in calls {
        let text = String::from_utf8_lossy(&call.body);
        let json = call.json();
        // Gemini has it in the path.
        let named = json["model"].as_str().unwrap_or(&call.path);
        assert!(
            named.contains("authorised"),
            "{path} {start} became {named} {text}"
        );
        let plain = text
            .to_ascii_lowercase()
            .replace("\\u006d", "m")
            .replace("\\u004d", "m");
        let times = plain.matches("\"model\":").count();
        assert!(
            times <= 1 || body.contains("metadata"),
            "{start} became {text}"
        );
    }
}
