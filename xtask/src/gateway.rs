use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::process::Running;
use crate::program::run;
use crate::workspace::{cargo, target, target_directory, write};

/// Builds Ironward and starts it with this configuration on two free ports. All that it keeps is in
/// the directory `area` of the target directory, in which nothing of an earlier run is left.
pub(crate) fn start(area: &str, config: &str) -> Result<Running, String> {
    run(cargo().args(["build", "--quiet", "-p", "ironward"]))?;
    start_binary(&target().join("debug/ironward"), area, config)
}

/// The same with a binary that is there.
pub(crate) fn start_binary(binary: &Path, area: &str, config: &str) -> Result<Running, String> {
    std::fs::remove_dir_all(target_directory(area)?).map_err(|error| error.to_string())?;
    let directory = target_directory(area)?;
    let directory = std::path::absolute(directory).map_err(|error| error.to_string())?;
    let path = directory.join("config.yaml");
    write(&path, config)?;
    let mut command = Command::new(binary);
    command
        .args(["serve", "--ready-json", "--port", "0", "--admin-port", "0"])
        .args(["--log-level", "warn"])
        .arg("--config")
        .arg(&path)
        .arg("--data-dir")
        .arg(directory.join("state"))
        .arg("--kek-file")
        .arg(directory.join("kek"));
    Running::start(&mut command, "data", Duration::from_secs(20))
}
