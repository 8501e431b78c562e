//! `ironward key`, `team`, `user`, `model`, `credential` against a running gateway.

mod access;
mod failures;
mod keys;
mod models;
mod people;

use std::io::Write as _;
use std::process::{Command, Stdio};

use ironward_testkit::Gateway;
use serde_json::Value;

use crate::rig::BINARY;

/// A model that answers by itself, and a place for stored ones.
const CONFIG: &str = "model_list:\n  - model_name: mock\n    litellm_params:\n      model: openai/x\n      api_key: k\n      mock_response: hi\n      allow_private_address: true\ngeneral_settings:\n  store_model_in_db: true\n";

/// A gateway and whoever manages it.
struct Managed {
    gateway: Gateway,
}

/// What a command did.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Managed {
    fn start() -> Self {
        let gateway = crate::rig::builder(CONFIG).start();
        Self { gateway }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(args)
            .env_clear()
            .env("IRONWARD_ADMIN_URL", self.url())
            .env("IRONWARD_ADMIN_KEY", self.gateway.admin_key());
        command
    }

    fn url(&self) -> String {
        format!("http://{}", self.gateway.admin_address())
    }

    fn run(&self, args: &[&str], input: &str) -> Ran {
        ran(self.command(args), input)
    }

    /// What a command says that has to succeed.
    #[track_caller]
    fn says(&self, args: &[&str]) -> String {
        self.says_to(args, "")
    }

    #[track_caller]
    fn says_to(&self, args: &[&str], input: &str) -> String {
        let ran = self.run(args, input);
        assert_eq!(
            (ran.code, &*ran.err),
            (Some(0), ""),
            "{args:?}: {}",
            ran.out
        );
        ran.out
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        let text = self.says(&[args, &["--json"]].concat());
        serde_json::from_str(&text).expect("JSON")
    }

    /// The exit code and the one line of a command that has to fail.
    #[track_caller]
    fn fails(&self, args: &[&str]) -> (i32, String) {
        let Ran { code, out, err } = self.run(args, "");
        assert_eq!(out, "", "{args:?}");
        assert_eq!(err.lines().count(), 1, "{args:?}: {err}");
        (code.expect("a code"), err.trim_end().to_owned())
    }
}

fn ran(mut command: Command, input: &str) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A command that reads nothing has closed it.
    let _closed = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("the binary ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ran {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// The value of a field in a record.
#[track_caller]
fn field(record: &str, name: &str) -> String {
    let line = record
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name} ")));
    let line = line.unwrap_or_else(|| panic!("no {name} in {record}"));
    line.trim().to_owned()
}
