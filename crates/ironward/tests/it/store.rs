//! What the gateway keeps: from a key made on the admin port to a database that somebody else wrote
//! to, over `SQLite` and `PostgreSQL`.

mod budgets;
mod deployments;
mod import;
mod journal;
mod journal_of_calls;
mod kek_services;
mod key_encryption;
mod keys;
mod killed;
mod last_uses;
mod leaks;
mod names;
mod nodes;
mod outage;
mod rewrap;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use ironward_testkit::raw::{self, Reply};
use ironward_testkit::{Gateway, GatewayBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::rig::{BINARY, builder, wait_until};

/// A model that answers by itself.
const MOCK: &str = "model_list:\n  - model_name: mock\n    litellm_params:\n      model: openai/x\n      api_key: k\n      mock_response: hi\n";

/// The state of a gateway that is started more than once.
struct Site {
    directory: TempDir,
    config: String,
    /// What the environment of every command has.
    variables: Vec<(&'static str, &'static str)>,
}

impl Site {
    /// Over a file of the data directory.
    fn over_file() -> Self {
        Self::with("")
    }

    /// Over this database.
    fn over(url: &str) -> Self {
        Self::with(&format!("general_settings:\n  database_url: {url}\n"))
    }

    fn with(settings: &str) -> Self {
        Self::of(&format!("{MOCK}{settings}"))
    }

    fn of(config: &str) -> Self {
        let directory = TempDir::new().expect("a directory");
        let config = config.to_owned();
        std::fs::write(directory.path().join("config.yaml"), &config).expect("a file");
        Self {
            directory,
            config,
            variables: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn gateway(&self) -> GatewayBuilder {
        let gateway = builder(&self.config).data_dir(self.path("state"));
        let variables = self.variables.iter();
        variables.fold(gateway, |gateway, (name, value)| gateway.env(name, value))
    }

    /// The binary with this command, on this state.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(args)
            .arg("--config")
            .arg(self.path("config.yaml"))
            .arg("--data-dir")
            .arg(self.path("state"))
            .arg("--kek-file")
            .arg(self.path("kek"))
            .env_clear()
            .envs(self.variables.iter().copied())
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> String {
        let output = self.command(args).output().expect("the binary runs");
        assert!(output.status.success(), "{args:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    #[track_caller]
    fn run_json(&self, args: &[&str]) -> Value {
        let text = self.run(&[args, &["--json"]].concat());
        serde_json::from_str(&text).expect("JSON")
    }
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!(
        "{}: {}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    )
}

/// Sends a management call.
#[track_caller]
fn manage(gateway: &Gateway, key: &str, path: &str, body: &Value) -> Reply {
    let bearer = format!("Bearer {key}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = body.to_string();
    raw::request(
        gateway.admin_address(),
        "POST",
        path,
        &headers,
        body.as_bytes(),
    )
    .expect("a reply")
}

/// Makes a key as an administrator.
#[track_caller]
fn generate(gateway: &Gateway, admin_key: &str) -> String {
    let reply = manage(gateway, admin_key, "/key/generate", &json!({}));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let key = reply.json()["key"].as_str().expect("a key").to_owned();
    assert!(key.starts_with("sk-iw-"), "{key}");
    key
}

/// The status of a call with this key to this model.
#[track_caller]
fn call_to(gateway: &Gateway, key: &str, model: &str) -> u16 {
    let bearer = format!("Bearer {key}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = json!({"model": model, "messages": [{"role": "user", "content": "hello"}]});
    let body = body.to_string();
    let path = "/v1/chat/completions";
    let reply = raw::request(gateway.address(), "POST", path, &headers, body.as_bytes());
    reply.expect("a reply").status
}

#[track_caller]
fn call(gateway: &Gateway, key: &str) -> u16 {
    call_to(gateway, key, "mock")
}

/// Waits until a key is let in, slowly enough not to be taken for somebody who guesses keys.
#[track_caller]
fn wait_let_in(gateway: &Gateway, key: &str) {
    wait_until("the key is let in", || {
        std::thread::sleep(Duration::from_millis(300));
        call(gateway, key) == 200
    });
}

const CONNECTED: &str = r#"{"status":"healthy","db":"connected"}"#;
const DISCONNECTED: &str = r#"{"status":"unhealthy","db":"disconnected"}"#;

/// Whether both ports say so of their readiness.
#[track_caller]
fn says(gateway: &Gateway, status: u16, body: &str) -> bool {
    [gateway.address(), gateway.admin_address()]
        .into_iter()
        .all(|address| {
            let reply = raw::request(address, "GET", "/health/readiness", &[], b"");
            let reply = reply.expect("a reply");
            (reply.status, &*reply.text()) == (status, body)
        })
}

fn sqlite(site: &Site) -> PathBuf {
    site.path("state").join("ironward.db")
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).expect("a file is copied");
}
