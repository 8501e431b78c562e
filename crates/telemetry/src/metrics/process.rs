//! What Linux says of this process, under the names that every exporter gives it.

use std::fs;

/// What there is to know; `None`: the system does not say.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Process {
    pub(super) resident_bytes: Option<u64>,
    pub(super) virtual_bytes: Option<u64>,
    pub(super) threads: Option<u64>,
    pub(super) cpu_seconds: Option<f64>,
    pub(super) open_files: Option<u64>,
    pub(super) most_files: Option<u64>,
}

/// Linux tells CPU time in these, on every machine.
const TICKS_A_SECOND: f64 = 100.0;

impl Process {
    /// As it is now.
    pub(super) fn read() -> Self {
        let text = |name: &str| fs::read_to_string(name).unwrap_or_default();
        let status = text("/proc/self/status");
        let open = fs::read_dir("/proc/self/fd").ok();
        Self {
            resident_bytes: kilobytes(&status, "VmRSS:"),
            virtual_bytes: kilobytes(&status, "VmSize:"),
            threads: number(&status, "Threads:"),
            cpu_seconds: cpu_seconds(&text("/proc/self/stat")),
            // The directory itself is open while it is read.
            open_files: open.map(|files| (files.count() as u64).saturating_sub(1)),
            most_files: most_files(&text("/proc/self/limits")),
        }
    }
}

fn number(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn kilobytes(status: &str, name: &str) -> Option<u64> {
    number(status, name)?.checked_mul(1024)
}

/// In user and kernel mode together: fields 14 and 15, counted from behind the program's name, which
/// may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let kernel: f64 = fields.next()?.parse().ok()?;
    Some((user + kernel) / TICKS_A_SECOND)
}

fn most_files(limits: &str) -> Option<u64> {
    number(limits, "Max open files")
}

#[cfg(test)]
mod tests {
    use super::{Process, cpu_seconds, kilobytes, most_files, number};

    #[test]
    fn the_systems_files_are_read() {
        let status = "Name:\tironward\nVmSize:\t  200 kB\nVmRSS:\t   30 kB\nThreads:\t7\n";
        assert_eq!(kilobytes(status, "VmRSS:"), Some(30 * 1024));
        assert_eq!(kilobytes(status, "VmSize:"), Some(200 * 1024));
        assert_eq!(number(status, "Threads:"), Some(7));
        assert_eq!(number(status, "VmSwap:"), None);
        let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(cpu_seconds("42"), None);
        let limits = "Max processes    5  6  processes\nMax open files            1024                 4096                 files     \n";
        assert_eq!(most_files(limits), Some(1024));
        assert_eq!(
            most_files("Max open files   unlimited unlimited files"),
            None
        );
    }

    #[test]
    fn this_process_is_known() {
        let process = Process::read();
        assert!(process.resident_bytes > Some(1 << 20), "{process:?}");
        assert!(process.virtual_bytes >= process.resident_bytes);
        assert!(process.open_files > Some(2));
        assert!(process.most_files >= process.open_files);
        assert!(process.threads > Some(0));
        assert!(process.cpu_seconds.is_some());
    }
}
