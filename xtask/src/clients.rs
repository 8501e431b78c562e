use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::process::Running;
use crate::program::{run as run_program, watch};
use crate::steps::{Count, Outcome};
use crate::workspace::{cargo, root, target};
use crate::{gateway, install};

/// A script, the interpreter that has what it needs, and the clients that it can be.
struct Suite {
    interpreter: PathBuf,
    script: PathBuf,
    clients: &'static [&'static str],
}

/// Runs the official clients against Ironward in front of the scripted upstream.
pub(crate) fn run(args: &[String]) -> Outcome {
    let direct = args.iter().any(|arg| arg == "--direct");
    let named: Vec<&str> = args
        .iter()
        .map(String::as_str)
        .filter(|arg| *arg != "--direct")
        .collect();
    let suites = suites(&named)?;
    let upstream = start_upstream()?;
    let (url, key, _gateway) = if direct {
        (
            format!("http://{}", upstream.ready("upstream")),
            UPSTREAM_KEY.to_owned(),
            None,
        )
    } else {
        let config = families(upstream.ready("upstream"), MASTER_KEY);
        let gateway = gateway::start("clients/run", &config)?;
        (
            format!("http://{}", gateway.ready("data")),
            MASTER_KEY.to_owned(),
            Some(gateway),
        )
    };
    let running: Vec<_> = suites
        .into_iter()
        .map(|suite| {
            let command = suite.command(&named, &url, &key, direct);
            std::thread::spawn(move || play(command))
        })
        .collect();
    let mut total = Count::default();
    for suite in running {
        let count = suite.join().map_err(|_| "a suite panicked")??;
        total.passed += count.passed;
        total.failed += count.failed;
    }
    println!("clients: {} ok, {} failed", total.passed, total.failed);
    if total.failed > 0 && !args.is_empty() {
        return Err(format!("{} cases failed", total.failed));
    }
    Ok(total)
}

/// The suites that have one of the named clients, installed at the same time.
fn suites(named: &[&str]) -> Result<Vec<Suite>, String> {
    let wanted = |clients: &[&str]| named.is_empty() || clients.iter().any(|c| named.contains(c));
    if let Some(name) = named
        .iter()
        .find(|name| ![PYTHON, INSTRUCTOR, JAVASCRIPT].concat().contains(name))
    {
        return Err(format!("{name}: no such client"));
    }
    let scripts = root().join("clients/py/run.py");
    let mut installs = Vec::new();
    for (requirements, clients) in [
        ("requirements.txt", PYTHON),
        ("requirements-instructor.txt", INSTRUCTOR),
    ] {
        if wanted(clients) {
            let script = scripts.clone();
            installs.push(std::thread::spawn(move || {
                let interpreter = install::python(requirements)?;
                Ok(Suite {
                    interpreter,
                    script,
                    clients,
                })
            }));
        }
    }
    if wanted(JAVASCRIPT) {
        installs.push(std::thread::spawn(|| {
            let directory = install::javascript()?;
            let script = directory.join("run.mjs");
            Ok(Suite {
                interpreter: "node".into(),
                script,
                clients: JAVASCRIPT,
            })
        }));
    }
    let finished = installs.into_iter().map(|install| install.join());
    finished
        .map(|install| install.map_err(|_| "an installation panicked")?)
        .collect()
}

impl Suite {
    fn command(&self, named: &[&str], url: &str, key: &str, direct: bool) -> Command {
        let mut command = Command::new(&self.interpreter);
        command
            .arg(&self.script)
            .args(
                self.clients
                    .iter()
                    .filter(|client| named.is_empty() || named.contains(client)),
            )
            .env("IRONWARD_URL", url)
            .env("IRONWARD_KEY", key)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // What a developer's shell says about vendors and proxies is not part of a test.
            .env("NO_PROXY", "127.0.0.1")
            .env_remove("OPENAI_API_KEY")
            .env_remove("ANTHROPIC_API_KEY");
        if direct {
            command.env("IRONWARD_DIRECT", "1");
        }
        command
    }
}

fn play(mut command: Command) -> Outcome {
    let mut count = Count::default();
    let succeeded = watch(&mut command, false, |line| match line.split_once(' ') {
        Some(("ok", _)) => count.passed += 1,
        Some(("FAIL", _)) => {
            count.failed += 1;
            println!("{line}");
        }
        Some(("total:", _)) => {}
        _ => println!("{line}"),
    })?;
    if !succeeded && count.failed == 0 {
        // A script that broke before its first case.
        count.failed = 1;
    }
    Ok(count)
}

/// Builds and starts the scripted upstream.
pub(crate) fn start_upstream() -> Result<Running, String> {
    run_program(cargo().args([
        "build",
        "--quiet",
        "-p",
        "ironward-testkit",
        "--bin",
        "upstream",
    ]))?;
    let mut command = Command::new(target().join("debug/upstream"));
    Running::start(&mut command, "upstream", Duration::from_secs(10))
}

/// One group a provider family, and the wildcard group through which a case asks it for trouble.
pub(crate) fn families(upstream: &str, master_key: &str) -> String {
    let mut text = "model_list:\n".to_owned();
    for (family, group, path) in FAMILIES {
        for (name, model) in [(*group, *group), (&format!("{family}/*"), "*")] {
            text.push_str(&format!(
                "  - model_name: \"{name}\"\n    litellm_params:\n      model: \
                 \"{family}/{model}\"\n      api_base: \"http://{upstream}{path}\"\n      \
                 api_key: \"{UPSTREAM_KEY}\"\n"
            ));
        }
    }
    text.push_str(&format!(
        "router_settings:\n  num_retries: 0\ngeneral_settings:\n  master_key: \"{master_key}\"\n"
    ));
    text
}

const PYTHON: &[&str] = &[
    "openai-py",
    "anthropic-py",
    "langchain-openai",
    "langchain-anthropic",
    "pydantic-ai",
];
const INSTRUCTOR: &[&str] = &["instructor"];
const JAVASCRIPT: &[&str] = &[
    "openai-js",
    "anthropic-js",
    "ai-openai",
    "ai-compatible",
    "ai-anthropic",
];

/// Provider, its group, and the base path of its API.
pub(crate) const FAMILIES: &[(&str, &str, &str)] = &[
    ("openai", "gpt-test", "/v1"),
    ("anthropic", "claude-test", ""),
    ("gemini", "gemini-test", ""),
    ("ollama", "llama-test", ""),
];

const UPSTREAM_KEY: &str = "sk-upstream-of-the-test-kit";
const MASTER_KEY: &str = "sk-clients-3f0c9a5e7d214b68";
