//! The first start and the second: keys, groups, addresses, the greeting.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use ironward_testkit::raw::{self, Reply};
use ironward_testkit::{Gateway, GatewayBuilder, Upstream};
use serde_json::Value;
use tempfile::TempDir;

use crate::dialect::Dialect;
use crate::rig::{BINARY, Rig, builder, config};

const MOCK: &str = "model_list:\n  - model_name: mock\n    litellm_params:\n      model: openai/x\n      api_key: k\n      mock_response: hi\n";

#[track_caller]
fn models(gateway: &Gateway, key: &str) -> Reply {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    raw::request(gateway.address(), "GET", "/v1/models", &headers, b"").expect("a reply")
}

#[track_caller]
fn names(gateway: &Gateway, key: &str) -> Vec<String> {
    let list = models(gateway, key).json();
    let list = list["data"].as_array().expect("a list").clone();
    list.iter()
        .map(|model| model["id"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[track_caller]
fn ask(gateway: &Gateway, key: &str, dialect: Dialect, body: &Value) -> Reply {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    let body = body.to_string();
    raw::request(
        gateway.address(),
        "POST",
        dialect.path(),
        &headers,
        body.as_bytes(),
    )
    .expect("a reply")
}

#[test]
fn the_admin_key_is_shown_once() {
    let state = TempDir::new().expect("a directory");
    let start = || {
        builder(MOCK)
            .data_dir(state.path().join("state"))
            .greeting()
            .start()
    };
    let first = start();
    let key = first.admin_key().to_owned();
    assert!(key.starts_with("sk-") && key.len() > 24, "{key}");
    assert_eq!(names(&first, &key), ["mock"]);
    let shown = first.output();
    assert!(!first.log().contains(&key), "the key is not logged");
    assert!(shown.contains("shown this once"), "{shown}");
    drop(first);
    let second = start();
    assert_eq!(second.admin_key(), "");
    assert!(!second.output().contains(&key), "{}", second.output());
    assert!(
        second.output().contains("ironward admin-key"),
        "{}",
        second.output()
    );
    assert_eq!(names(&second, &key), ["mock"]);
}

#[test]
fn a_start_that_fails_makes_no_key_that_nobody_has_seen() {
    let state = TempDir::new().expect("a directory");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port();
    let first = builder(MOCK)
        .data_dir(state.path().join("state"))
        .ports(port, 0);
    let (status, said) = first.refuse();
    assert_eq!(status.code(), Some(4), "{said}");
    let second = builder(MOCK).data_dir(state.path().join("state")).start();
    assert_eq!(names(&second, second.admin_key()), ["mock"]);
}

#[test]
fn the_greeting_can_be_pasted() {
    let gateway = Gateway::without_config(Path::new(BINARY))
        .greeting()
        .start();
    let greeting = gateway.output();
    let (url, key) = (gateway.url(), gateway.admin_key());
    for part in [
        &*format!("{url}/v1\n"),
        &format!("http://{}\n", gateway.admin_address()),
        "ironward/echo",
        &format!("curl {url}/v1/chat/completions"),
        &format!("Authorization: Bearer {key}"),
        &format!("OpenAI(base_url=\"{url}/v1\", api_key=\"{key}\")"),
    ] {
        assert!(greeting.contains(part), "no {part:?} in:\n{greeting}");
    }
    // The curl line, word for word, by the shell that a person would paste it into.
    let curl = Command::new("curl").arg("--version").output();
    if curl.is_ok_and(|curl| curl.status.success()) {
        let start = greeting.find("curl http").expect("a curl line");
        let line = greeting.get(start..).unwrap_or_default();
        let line = line.split("\n\n").next().unwrap_or_default();
        let output = Command::new("sh")
            .args(["-c", line])
            .output()
            .expect("a shell");
        let reply: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(Dialect::OpenAi.text(&reply).contains("Hello"), "{reply}");
    }
}

#[test]
fn another_admin_key_replaces_the_old_one() {
    let state = TempDir::new().expect("a directory");
    let first = builder(MOCK).data_dir(state.path().join("state")).start();
    let old = first.admin_key().to_owned();
    drop(first);
    let output = Command::new(BINARY)
        .arg("admin-key")
        .arg("--data-dir")
        .arg(state.path().join("state"))
        .arg("--kek-file")
        .arg(state.path().join("kek"))
        .output()
        .expect("the binary runs");
    assert!(output.status.success());
    let new = String::from_utf8(output.stdout)
        .expect("UTF-8")
        .trim()
        .to_owned();
    assert!(new.starts_with("sk-") && new != old, "{new}");
    let second = builder(MOCK).data_dir(state.path().join("state")).start();
    assert_eq!(models(&second, &old).status, 401);
    assert_eq!(models(&second, &new).status, 200);
}

#[test]
fn nobody_else_can_read_the_state() {
    use std::os::unix::fs::PermissionsExt as _;
    let gateway = builder(MOCK).start();
    let state = gateway.directory().join("state");
    let mode = |path: &Path| {
        let metadata = std::fs::metadata(path).expect("it is there");
        metadata.permissions().mode() & 0o777
    };
    let mut directories = vec![state.clone()];
    while let Some(directory) = directories.pop() {
        assert_eq!(mode(&directory), 0o700, "{}", directory.display());
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
            }
        }
    }
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o777)).expect("own file");
    let (status, said) = builder(MOCK).data_dir(&state).refuse();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("chmod go-w"), "{said}");
}

#[test]
fn with_nothing_at_all_the_first_request_works() {
    let gateway = Gateway::without_config(Path::new(BINARY)).start();
    let key = gateway.admin_key();
    assert_eq!(names(&gateway, key), ["ironward/echo"]);
    for dialect in Dialect::BOTH {
        let reply = ask(
            &gateway,
            key,
            dialect,
            &dialect.body("ironward/echo", "hello there"),
        );
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(
            dialect.text(&reply.json()).contains("hello there"),
            "{}",
            reply.text()
        );
        let reply = ask(
            &gateway,
            key,
            dialect,
            &dialect.stream("ironward/echo", "hello there"),
        );
        let text = reply.text();
        assert!(dialect.is_complete(&text), "{text}");
        assert!(
            dialect.streamed_text(&text).contains("hello there"),
            "{text}"
        );
    }
}

#[test]
fn keys_in_the_environment_make_groups() {
    let upstream = Upstream::start();
    let gateway = Gateway::without_config(Path::new(BINARY))
        .env("OPENAI_API_KEY", "held-openai")
        .env("OPENAI_BASE_URL", &format!("{}/v1", upstream.url()))
        .env("ANTHROPIC_API_KEY", "held-anthropic")
        .env("ANTHROPIC_BASE_URL", &upstream.url())
        .env("GEMINI_API_KEY", "held-gemini")
        .env("GROQ_API_KEY", "held-groq")
        .env("MISTRAL_API_KEY", " ")
        .start();
    let key = gateway.admin_key();
    let found = names(&gateway, key);
    assert_eq!(
        found,
        [
            "anthropic/*",
            "gemini/*",
            "groq/*",
            "ironward/echo",
            "openai/*"
        ]
    );
    for (model, header, value) in [
        ("openai/gpt-test", "authorization", "Bearer held-openai"),
        ("anthropic/claude-test", "x-api-key", "held-anthropic"),
    ] {
        for dialect in Dialect::BOTH {
            let reply = ask(&gateway, key, dialect, &dialect.body(model, "hello"));
            assert_eq!(dialect.text(&reply.json()), "You said: hello", "{model}");
            assert_eq!(upstream.last_call().header(header), value);
        }
    }
}

#[test]
fn model_servers_on_this_machine_are_found_when_asked_for() {
    // Somebody else may listen on Ollama's port already: then it is found, too.
    let taken = TcpListener::bind("127.0.0.1:11434").is_err();
    let upstream = (!taken).then(|| Upstream::start_on(11434));
    let without = Gateway::without_config(Path::new(BINARY)).start();
    assert_eq!(names(&without, without.admin_key()), ["ironward/echo"]);
    let with = Gateway::without_config(Path::new(BINARY))
        .arg("--local")
        .start();
    let key = with.admin_key();
    assert!(names(&with, key).contains(&"ollama/*".to_owned()));
    if let Some(upstream) = upstream {
        let body = Dialect::OpenAi.body("ollama/llama-test", "hello");
        let reply = ask(&with, key, Dialect::OpenAi, &body);
        assert_eq!(Dialect::OpenAi.text(&reply.json()), "You said: hello");
        assert_eq!(upstream.last_call().path, "/api/chat");
    }
}

#[test]
fn settings_come_from_variables_too() {
    let gateway = Gateway::without_config(Path::new(BINARY))
        .env("IRONWARD_LOG_FORMAT", "json")
        .env("IRONWARD_LOG_LEVEL", "debug")
        .env("IRONWARD_THREADS", "1")
        .start();
    gateway.wait_for_output("listening");
    for line in gateway.log().lines() {
        let line: Value = serde_json::from_str(line).expect("a JSON line");
        assert!(line["level"].is_string(), "{line}");
    }
    let (status, said) = builder(MOCK).env("IRONWARD_LOG_LEVEL", "loud,,=").refuse();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("'loud'"), "{said}");
}

const ON: [&str; 5] = ["1", "true", "TRUE", "yes", "on"];
const OFF: [&str; 6] = ["", "0", "false", "False", "no", "off"];

/// A variable, and what starts with it and is refused without it.
fn needs(variable: &str) -> Option<GatewayBuilder> {
    Some(match variable {
        "IRONWARD_DEV" => builder("general_settings:\n  master_key: sk-1234\n"),
        "IRONWARD_ALLOW_PLAINTEXT" => builder(MOCK).arg("--host").arg("0.0.0.0"),
        _ => return None,
    })
}

#[test]
fn a_flag_is_on_or_off_by_its_variable() {
    let unsupported = format!("{MOCK}litellm_settings:\n  success_callback: [langfuse]\n");
    for value in ON {
        for variable in ["IRONWARD_DEV", "IRONWARD_ALLOW_PLAINTEXT"] {
            drop(needs(variable).expect("known").env(variable, value).start());
        }
        let (status, said) = builder(&unsupported).env("IRONWARD_STRICT", value).refuse();
        assert_eq!(status.code(), Some(3), "{said}");
        let ready = builder(MOCK).greeting().env("IRONWARD_READY_JSON", value);
        assert!(ready.start().output().contains("\"data\":"));
    }
    for value in OFF {
        for variable in ["IRONWARD_DEV", "IRONWARD_ALLOW_PLAINTEXT"] {
            let (status, said) = needs(variable)
                .expect("known")
                .env(variable, value)
                .refuse();
            assert_eq!(status.code(), Some(3), "{variable}={value}: {said}");
        }
        drop(builder(&unsupported).env("IRONWARD_STRICT", value).start());
        let ready = builder(MOCK).greeting().env("IRONWARD_READY_JSON", value);
        assert!(!ready.start().output().contains("\"data\":"));
    }
}

#[test]
fn a_flag_s_variable_that_says_neither_is_refused() {
    for variable in [
        "IRONWARD_LOCAL",
        "IRONWARD_DEV",
        "IRONWARD_STRICT",
        "IRONWARD_ALLOW_PLAINTEXT",
        "IRONWARD_READY_JSON",
    ] {
        let (status, said) = builder(MOCK).env(variable, "never").refuse();
        assert_eq!(status.code(), Some(2), "{variable}: {said}");
        assert!(said.contains("write 1 or 0"), "{variable}: {said}");
    }
}

#[test]
fn a_taken_port_ends_with_four() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port();
    for (ports, flag) in [((port, 0), "--port"), ((0, port), "--admin-port")] {
        let (status, said) = builder(MOCK).ports(ports.0, ports.1).refuse();
        assert_eq!(status.code(), Some(4), "{said}");
        assert!(
            said.contains(&port.to_string()) && said.contains(flag),
            "{said}"
        );
    }
}

#[test]
fn two_gateways_do_not_share_a_port() {
    let first = builder(MOCK).start();
    let port = first.address().port();
    let (status, said) = builder(MOCK).ports(port, 0).refuse();
    assert_eq!(status.code(), Some(4), "{said}");
    assert_eq!(names(&first, first.admin_key()), ["mock"]);
}

#[test]
fn a_port_is_free_again_after_the_end() {
    let upstream = Upstream::start();
    let text = config(&crate::family::FAMILIES[0].entry(&upstream), "");
    let gateway = builder(&text).start();
    let (data, admin) = (gateway.address().port(), gateway.admin_address().port());
    let rig = Rig { gateway, upstream };
    rig.assert_works();
    let Rig { gateway, upstream } = rig;
    drop(gateway);
    let gateway = builder(&text).ports(data, admin).start();
    Rig { gateway, upstream }.assert_works();
}
