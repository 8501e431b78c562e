use std::process::Command;
use std::time::Duration;

use crate::install;
use crate::process::Running;
use crate::program::{run as run_program, watch};
use crate::steps::{Count, Outcome};
use crate::workspace::{cargo, target, target_directory, write};

/// What is held against the document of the management API: no request may be answered with 5xx, with
/// a status, a content type or headers that it does not name, or with a body of another shape.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

/// The same requests every time.
const SEED: &str = "20261130";

/// How many requests are made up for each operation, besides the document's own examples and those
/// at the edges of each field.
const EXAMPLES: &str = "15";

const MASTER_KEY: &str = "sk-schemathesis-8f2d41c6a97b0e53";

/// Runs schemathesis against the management API of a gateway over a new `SQLite` file: made-up
/// requests, good and bad, for every operation of its own document. No operation is left out.
pub(crate) fn run(args: &[String]) -> Outcome {
    let examples = match args {
        [] => EXAMPLES,
        [option, count] if option == "--examples" => count,
        _ => return Err("usage: cargo xtask schemathesis [--examples N]".to_owned()),
    };
    let python = install::python("requirements-schemathesis.txt")?;
    let gateway = start_gateway()?;
    let document = format!("http://{}/openapi.json", gateway.ready("admin"));
    let mut command = Command::new(python.with_file_name("schemathesis"));
    command
        .args(["--config-file"])
        .arg(configuration()?)
        .args(["run", &document, "--checks", CHECKS, "--seed", SEED])
        .args(["--max-examples", examples, "--workers", "2"])
        .args([
            "--request-timeout",
            "20",
            "--no-shrink",
            "--warnings",
            "off",
        ])
        .args(["--continue-on-failure", "--no-color"])
        .arg("--header")
        .arg(format!("Authorization: Bearer {MASTER_KEY}"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_PROXY", "127.0.0.1");
    let mut count = Count::default();
    let succeeded = watch(&mut command, false, |line| {
        println!("{line}");
        count.passed += cases(line).unwrap_or_default();
    })?;
    if succeeded && count.passed > 0 {
        return Ok(count);
    }
    Err("the management API is not what its document says, see above".to_owned())
}

/// The number of requests, from schemathesis' last lines: `  4,321 generated, 4,321 passed`.
fn cases(line: &str) -> Option<usize> {
    let (number, _) = line.trim().split_once(" generated")?;
    number.replace(',', "").parse().ok()
}

/// Nothing of a developer's own configuration is part of a test.
fn configuration() -> Result<std::path::PathBuf, String> {
    let path = target_directory("schemathesis")?.join("schemathesis.toml");
    write(&path, "")?;
    Ok(path)
}

fn start_gateway() -> Result<Running, String> {
    run_program(cargo().args(["build", "--quiet", "-p", "ironward"]))?;
    let directory = target_directory("schemathesis")?;
    let state = directory.join("state");
    if state.exists() {
        std::fs::remove_dir_all(&state).map_err(|error| error.to_string())?;
    }
    let config = directory.join("config.yaml");
    write(&config, &configuration_of_gateway())?;
    let mut command = Command::new(target().join("debug/ironward"));
    command
        .args(["serve", "--ready-json", "--port", "0", "--admin-port", "0"])
        .arg("--config")
        .arg(config)
        .arg("--data-dir")
        .arg(state)
        .arg("--kek-file")
        .arg(directory.join("kek"));
    Running::start(&mut command, "admin", Duration::from_secs(20))
}

fn configuration_of_gateway() -> String {
    format!(
        "model_list:\n  - model_name: gpt-mini\n    litellm_params:\n      model: openai/gpt-4o-mini\n      \
         api_key: sk-of-nobody\n      mock_response: hello\ngeneral_settings:\n  master_key: {MASTER_KEY}\n  \
         store_model_in_db: true\n"
    )
}

#[cfg(test)]
mod tests {
    use super::cases;

    #[test]
    fn the_number_of_requests_is_found() {
        assert_eq!(cases("  1,234 generated, 1,234 passed"), Some(1234));
        assert_eq!(cases("  API Operations:"), None);
    }
}
