use std::fs;
use std::path::{Path, PathBuf};

/// A cap on the CPU time of one process, by a control group of its own; lifted when it is dropped
/// after the process has ended.
///
/// It lets two cores be compared with one where the load has no core of its own: a proxy that gets
/// a part of each core leaves the rest of them to the load.
pub(super) struct Share {
    directory: PathBuf,
}

/// How often a process gets its part, in µs: short against the time that a call waits.
const PERIOD: u64 = 10_000;

impl Share {
    /// Caps a process at this part of one core, all its threads together.
    ///
    /// # Errors
    /// Where the system gives no control group, as in most containers.
    pub(super) fn of_core(pid: u32, part: f64) -> Result<Self, String> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of a period is a small number"
        )]
        let quota = (PERIOD as f64 * part) as u64;
        let (root, limits) = if Path::new(VERSION_2).exists() {
            let limits = vec![("cpu.max", format!("{quota} {PERIOD}"))];
            write(Path::new("/sys/fs/cgroup/cgroup.subtree_control"), "+cpu")?;
            ("/sys/fs/cgroup", limits)
        } else {
            let limits = vec![
                ("cpu.cfs_period_us", PERIOD.to_string()),
                ("cpu.cfs_quota_us", quota.to_string()),
            ];
            ("/sys/fs/cgroup/cpu", limits)
        };
        let directory = Path::new(root).join(format!("ironward-bench-{pid}"));
        fs::create_dir(&directory).map_err(|error| said(&directory, &error))?;
        let share = Self { directory };
        for (file, limit) in limits {
            write(&share.directory.join(file), &limit)?;
        }
        write(&share.directory.join("cgroup.procs"), &pid.to_string())?;
        Ok(share)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // A group that still holds a process stays; it has no effect on others.
        drop(fs::remove_dir(&self.directory));
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| said(path, &error))
}

fn said(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// What only the second version of control groups has.
const VERSION_2: &str = "/sys/fs/cgroup/cgroup.subtree_control";
