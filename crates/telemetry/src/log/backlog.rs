use std::io::{self, Write};
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most bytes of lines that wait: some thousands.
const ROOM: usize = 1 << 20;

/// A buffer larger than this is given back once it is written.
const KEPT: usize = 64 << 10;

/// Lines that wait for the thread that writes them.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: Mutex<Waiting>,
    /// Lines came or were written, or the end has come.
    changed: Condvar,
    /// How many found no room since the start.
    lost: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    /// How many found no room since lines were last taken.
    lost: u64,
    /// Lines were taken and are not written yet.
    is_writing: bool,
    has_ended: bool,
}

impl Backlog {
    fn push(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.lines.len().saturating_add(line.len()) > ROOM {
            waiting.lost = waiting.lost.saturating_add(1);
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let is_first = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(line);
        drop(waiting);
        if is_first {
            self.changed.notify_all();
        }
    }

    /// Writes lines as they come, until the end. `report` is told how many were lost, at the place in
    /// the log where they were: what it pushes comes next.
    pub(super) fn write_to(&self, mut sink: impl Write, report: impl Fn(u64)) {
        let mut lines = Vec::new();
        while let Some(lost) = self.take(&mut lines) {
            if lost > 0 {
                report(lost);
            }
            // Nobody can be told that the log is not written.
            let _failed = sink.write_all(&lines).and_then(|()| sink.flush());
            lines.clear();
            lines.shrink_to(KEPT);
        }
    }

    /// Waits for lines and puts them into `lines`, which is empty; how many were lost after them.
    /// `None`: there are no more.
    fn take(&self, lines: &mut Vec<u8>) -> Option<u64> {
        let mut waiting = self.lock();
        waiting.is_writing = false;
        self.changed.notify_all();
        let mut waiting = self
            .changed
            .wait_while(waiting, |waiting| {
                waiting.lines.is_empty() && !waiting.has_ended
            })
            .unwrap_or_else(PoisonError::into_inner);
        if waiting.lines.is_empty() {
            return None;
        }
        waiting.is_writing = true;
        mem::swap(&mut waiting.lines, lines);
        Some(mem::take(&mut waiting.lost))
    }

    /// Where the lines are counted that found no room.
    pub(super) const fn lost(&self) -> &Arc<AtomicU64> {
        &self.lost
    }

    /// Lets the thread that writes end with the last line.
    pub(super) fn end(&self) {
        self.lock().has_ended = true;
        self.changed.notify_all();
    }

    pub(super) fn wait_until_written(&self, patience: Duration) {
        let _waiting = self
            .changed
            .wait_timeout_while(self.lock(), patience, |waiting| {
                waiting.is_writing || !waiting.lines.is_empty()
            })
            .unwrap_or_else(PoisonError::into_inner);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one event is written to, as one line.
impl Write for &Backlog {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
