use std::process::Command;
use std::time::Duration;

use crate::clients::start_upstream;
use crate::process::Running;
use crate::program::{run as run_program, watch};
use crate::steps::{Count, Outcome, number_before};
use crate::workspace::{cargo, root, target};
use crate::{gateway, install};

/// Runs LiteLLM's management calls, as its users write them, over each database.
pub(crate) fn run(args: &[String]) -> Outcome {
    let python = install::python("requirements-management.txt")?;
    let upstream = start_upstream()?;
    let server = start_server()?;
    let mut total = Count::default();
    for (database, url) in [
        ("sqlite", None),
        ("postgresql", Some(server.ready("postgres"))),
    ] {
        let gateway = start_gateway("clients/management", database, url)?;
        let mut tests = Command::new(&python);
        tests
            .args(["-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"])
            .args(args)
            .current_dir(root().join("clients/py/management"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("IRONWARD_DATABASE", database)
            .env("IRONWARD_KEY", gateway.ready("admin_key"))
            .env("IRONWARD_URL", format!("http://{}", gateway.ready("data")))
            .env(
                "IRONWARD_ADMIN_URL",
                format!("http://{}", gateway.ready("admin")),
            )
            .env(
                "IRONWARD_UPSTREAM",
                format!("http://{}", upstream.ready("upstream")),
            );
        let count = play(&mut tests)?;
        println!(
            "management over {database}: {} passed, {} failed",
            count.passed, count.failed
        );
        total.passed += count.passed;
        total.failed += count.failed;
    }
    if total.failed > 0 && !args.is_empty() {
        return Err(format!("{} tests failed", total.failed));
    }
    Ok(total)
}

/// Reads pytest's last line, `2 failed, 50 passed in 3.21s`.
fn play(command: &mut Command) -> Outcome {
    let mut count = Count::default();
    let succeeded = watch(command, false, |line| {
        println!("{line}");
        if line.contains(" in ") {
            let failed = number_before(line, "failed") + number_before(line, "error");
            let passed = number_before(line, "passed");
            if passed + failed > 0 {
                count = Count { passed, failed };
            }
        }
    })?;
    if !succeeded && count.failed == 0 {
        // It broke before its first test.
        count.failed = 1;
    }
    Ok(count)
}

/// A server of its own, which ends with the task.
pub(crate) fn start_server() -> Result<Running, String> {
    let initdb = "/usr/lib/postgresql/15/bin/initdb";
    if !crate::program::exists("initdb", "--version") {
        // Debian keeps it out of the path.
        install::debian(initdb, "postgresql-15", "--version")?;
    }
    run_program(cargo().args([
        "build",
        "--quiet",
        "-p",
        "ironward-testkit",
        "--bin",
        "postgres",
    ]))?;
    let mut command = Command::new(target().join("debug/postgres"));
    Running::start(&mut command, "postgres", Duration::from_secs(60))
}

/// A gateway over a new `SQLite` file, or over the database at `url`, with its state below `area`.
pub(crate) fn start_gateway(
    area: &str,
    database: &str,
    url: Option<&str>,
) -> Result<Running, String> {
    gateway::start(&format!("{area}/{database}"), &config_text(url))
}

/// Two models that answer by themselves; others are made by the calls.
fn config_text(url: Option<&str>) -> String {
    let models: String = ["mock", "other-mock"]
        .map(|name| {
            format!(
                "  - model_name: {name}\n    litellm_params:\n      model: openai/x\n      api_key: k\n      \
                 mock_response: hi\n"
            )
        })
        .concat();
    let database = url.map_or_else(String::new, |url| format!("  database_url: {url}\n"));
    format!("model_list:\n{models}general_settings:\n  store_model_in_db: true\n{database}")
}
