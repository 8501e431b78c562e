use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::program::{capture, run};
use crate::workspace::read;

/// Starts this task again with as many open files as the system allows, which only a shell can ask
/// for without unsafe code; `None` says that this has been done and the work with it. 5,000 idle
/// streams are 10,000 sockets in the proxy.
pub(super) fn with_many_files(task: &str, args: &[String]) -> Result<Option<Vec<String>>, String> {
    if let Some((RAISED, rest)) = args
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    {
        return Ok(Some(rest.to_vec()));
    }
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg("ulimit -n \"$(ulimit -Hn)\"; exec \"$0\" \"$@\"")
        .arg(this)
        .args([task, RAISED])
        .args(args);
    run(&mut shell)?;
    Ok(None)
}

/// Cores that this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What the figures depend on.
pub(super) fn describe() -> Value {
    let line = |path: &str, name: &str| {
        let text = read(Path::new(path)).unwrap_or_default();
        let found = text
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default();
        found
            .split_once(':')
            .map_or("", |(_, value)| value.trim())
            .to_owned()
    };
    let said = |program: &str, arg: &str| {
        capture(Command::new(program).arg(arg))
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    json!({
        "processor": line("/proc/cpuinfo", "model name"),
        "cores": cores(),
        "memory": line("/proc/meminfo", "MemTotal"),
        "kernel": said("uname", "-r"),
        "rustc": said("rustc", "--version"),
        "load before": load(),
    })
}

/// Runnable processes of the last minute; others' work on these cores spoils every figure.
pub(super) fn load() -> f64 {
    let text = read(Path::new("/proc/loadavg")).unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|load| load.parse().ok())
        .unwrap_or(0.0)
}

/// CPU seconds, user and system, that a process and its descendants have used.
pub(super) fn cpu_time(pid: u32) -> Result<f64, String> {
    let ticks = family(pid)?
        .iter()
        .map(|process| process.ticks)
        .sum::<u64>();
    // The unit of /proc; 100 a second on every Linux that we know, and asked for all the same.
    let per_second = capture(Command::new("getconf").arg("CLK_TCK"))?;
    let per_second: f64 = per_second.trim().parse().unwrap_or(100.0);
    Ok(ticks as f64 / per_second)
}

/// Resident memory of a process and its descendants. Pages that they share count once each.
pub(super) fn resident_mb(pid: u32) -> Result<f64, String> {
    let mut kilobytes = 0.0;
    for process in family(pid)? {
        let status = read(Path::new(&format!("/proc/{}/status", process.pid)))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        kilobytes += number
            .and_then(|number| number.parse::<f64>().ok())
            .unwrap_or(0.0);
    }
    Ok(kilobytes / 1024.0)
}

struct Process {
    pid: u32,
    parent: u32,
    ticks: u64,
}

/// The process and all that descend from it.
fn family(pid: u32) -> Result<Vec<Process>, String> {
    let entries = std::fs::read_dir("/proc").map_err(|error| error.to_string())?;
    let mut others: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(process)
        .collect();
    let mut family: Vec<Process> = others
        .extract_if(.., |process| process.pid == pid)
        .collect();
    if family.is_empty() {
        return Err(format!("process {pid} has ended"));
    }
    loop {
        let born = |process: &mut Process| family.iter().any(|known| known.pid == process.parent);
        let children: Vec<_> = others.extract_if(.., born).collect();
        if children.is_empty() {
            return Ok(family);
        }
        family.extend(children);
    }
}

/// Reads `/proc/PID/stat`, whose second field is a name in brackets that may hold blanks.
fn process(pid: u32) -> Option<Process> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<_> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Process {
        pid,
        parent: number(1)?.try_into().ok()?,
        ticks: number(11)? + number(12)?,
    })
}

const RAISED: &str = "--with-many-files";

#[cfg(test)]
mod tests {
    use super::{cpu_time, resident_mb};

    #[test]
    fn this_process_uses_time_and_memory() {
        let pid = std::process::id();
        assert!(cpu_time(pid).unwrap() >= 0.0);
        assert!(resident_mb(pid).unwrap() > 0.5);
    }
}
