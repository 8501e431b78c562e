use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::contender::{Bench, Contender, KEY};
use super::load;
use super::scenario::SCENARIOS;
use crate::clients::{FAMILIES, families};
use crate::gateway;
use crate::process::Running;
use crate::program::capture;
use crate::workspace::{target, target_directory, write};

/// For how long a kind of call is repeated: the counts have settled long before.
const TIME: Duration = Duration::from_secs(1);
const CONNECTIONS: u32 = 16;

/// Calls of every kind through `binary`, for what they teach about it: each dialect of clients to
/// each family of providers, whole and streamed, with a virtual key; and the benchmark's own.
pub(super) fn train(binary: &Path, bench: &Bench) -> Result<(), String> {
    families_and_dialects(binary)?;
    for scenario in &SCENARIOS {
        println!("{}", scenario.name);
        let running = bench.start(Contender::Ironward, scenario.stream, &["0"])?;
        let body = bench.body(scenario)?;
        load::run(&running.url, &body, CONNECTIONS, TIME)?;
    }
    Ok(())
}

fn families_and_dialects(binary: &Path) -> Result<(), String> {
    let mut command = Command::new(target().join("release/upstream"));
    let upstream = Running::start(&mut command, "upstream", Duration::from_secs(10))?;
    let config = families(upstream.ready("upstream"), KEY);
    let gateway = gateway::start_binary(binary, "profile/run", &config)?;
    let key = virtual_key(binary, &gateway)?;
    let directory = target_directory("profile/bodies")?;
    for (family, group, _) in FAMILIES {
        for (path, with_limit) in [("/v1/chat/completions", false), ("/v1/messages", true)] {
            for stream in [false, true] {
                println!(
                    "{path} to {family}{}",
                    if stream { ", streamed" } else { "" }
                );
                let body = body(&directory, group, with_limit, stream)?;
                let url = format!("http://{}{path}", gateway.ready("data"));
                load::run_as(&key, &url, &body, CONNECTIONS, TIME)?;
            }
        }
    }
    Ok(())
}

/// A key as an application has one, made as an operator makes it.
fn virtual_key(binary: &Path, gateway: &Running) -> Result<String, String> {
    let mut command = Command::new(binary);
    command
        .args(["key", "create", "--json", "--admin-url"])
        .arg(format!("http://{}", gateway.ready("admin")))
        .env("IRONWARD_ADMIN_KEY", KEY);
    let made: Value = serde_json::from_str(&capture(&mut command)?)
        .map_err(|error| format!("ironward key create says no JSON: {error}"))?;
    let key = made.get("key").and_then(Value::as_str);
    key.map(str::to_owned)
        .ok_or_else(|| format!("ironward key create shows no key: {made}"))
}

/// A conversation of a few turns.
fn body(directory: &Path, group: &str, with_limit: bool, stream: bool) -> Result<PathBuf, String> {
    let messages = json!([
        {"role": "user", "content": "What is the weather in Oslo?"},
        {"role": "assistant", "content": "Cold, most of the year."},
        {"role": "user", "content": "And \"tomorrow\"?\nIn a sentence."},
    ]);
    let mut body = json!({"model": group, "messages": messages, "stream": stream});
    if let (true, Some(fields)) = (with_limit, body.as_object_mut()) {
        fields.insert("max_tokens".to_owned(), 512.into());
    }
    let path = directory.join("body.json");
    write(&path, &body.to_string())?;
    Ok(path)
}
