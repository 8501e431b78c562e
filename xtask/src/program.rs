use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// Runs a program whose output goes where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let name = describe(command);
    let status = command
        .status()
        .map_err(|error| format!("{name}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{name}: {status}"))
    }
}

/// Runs a program and gives its standard output; its complaints are in the error.
pub(crate) fn capture(command: &mut Command) -> Result<String, String> {
    let name = describe(command);
    let output = command
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{name}: {}\n{text}{complaint}", output.status))
}

/// Runs a program, shows each line of its chosen stream to `see` and whether it succeeded.
pub(crate) fn watch(
    command: &mut Command,
    stderr: bool,
    mut see: impl FnMut(&str),
) -> Result<bool, String> {
    let name = describe(command);
    if stderr {
        command.stderr(Stdio::piped());
    } else {
        command.stdout(Stdio::piped());
    }
    let mut child = command
        .spawn()
        .map_err(|error| format!("{name}: {error}"))?;
    if let Some(pipe) = child.stdout.take() {
        BufReader::new(pipe)
            .lines()
            .map_while(Result::ok)
            .for_each(|line| see(&line));
    }
    if let Some(pipe) = child.stderr.take() {
        BufReader::new(pipe)
            .lines()
            .map_while(Result::ok)
            .for_each(|line| see(&line));
    }
    let status = child.wait().map_err(|error| format!("{name}: {error}"))?;
    Ok(status.success())
}

/// Whether a program of this name can be started.
pub(crate) fn exists(name: &str, probe: &str) -> bool {
    Command::new(name)
        .arg(probe)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// Fails with the way to install `name` when it is not there.
pub(crate) fn require(name: &str, probe: &str, install: &str) -> Result<(), String> {
    if exists(name, probe) {
        Ok(())
    } else {
        Err(format!("{name} is missing; install it with: {install}"))
    }
}

fn describe(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}
