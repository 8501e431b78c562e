use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use ironward_core::Clock;

use super::inbox::{Cause, Entry, Inbox, Part};
use super::resume::Resumed;
use crate::publish::{Handover, Publisher};
use crate::writer::Writer;

/// How often a journal that cannot be written is tried.
const RETRY: Duration = Duration::from_millis(250);
/// The most records that wait for a checkpoint which cannot be written.
const BACKLOG: usize = 100_000;

/// The thread that writes, and the one that publishes.
pub(super) struct Threads {
    writer: Writer,
    inbox: Arc<Inbox>,
    clock: Arc<dyn Clock>,
    /// Records of nobody who waits, which could not be written yet.
    owed: Vec<Vec<u8>>,
    /// When it was tried last, while it cannot be written.
    tried: Option<Instant>,
    publishing: SyncSender<Handover>,
    is_publishing: Arc<AtomicBool>,
}

impl Threads {
    pub(super) fn start(
        resumed: Resumed,
        inbox: &Arc<Inbox>,
        clock: &Arc<dyn Clock>,
    ) -> io::Result<Vec<JoinHandle<()>>> {
        let (publishing, handovers) = sync_channel(1);
        let is_publishing = Arc::new(AtomicBool::new(false));
        let writing = Self {
            writer: resumed.writer,
            inbox: Arc::clone(inbox),
            clock: Arc::clone(clock),
            owed: Vec::new(),
            tried: None,
            publishing,
            is_publishing: Arc::clone(&is_publishing),
        };
        if let Some(handover) = resumed.handover {
            writing.send(handover);
        }
        let inbox = Arc::clone(inbox);
        let publisher = resumed.publisher;
        let publish = move || publish(publisher, &handovers, &inbox, &is_publishing);
        let publish = Builder::new()
            .name("journal-tiles".to_owned())
            .spawn(publish)?;
        let write = Builder::new()
            .name("journal".to_owned())
            .spawn(move || writing.run())?;
        Ok(vec![write, publish])
    }

    fn run(mut self) {
        loop {
            let (entries, is_closing) = self.inbox.take(self.due());
            self.write(entries);
            if let Some(cause) = self.inbox.unstall() {
                self.owe_recovery(&cause);
            }
            self.look_after(is_closing);
            if is_closing {
                // Dropping the channel ends the publisher.
                return;
            }
        }
    }

    fn due(&self) -> Option<Instant> {
        if let Some(tried) = self.tried {
            return Some(tried + RETRY);
        }
        let checkpoint = self.writer.checkpoint_due().map(|due| {
            let is_publishing = self.is_publishing.load(Ordering::Acquire);
            // It has to wait for the one before.
            if is_publishing {
                due.max(self.clock.now() + RETRY)
            } else {
                due
            }
        });
        self.writer.sync_due().into_iter().chain(checkpoint).min()
    }

    fn write(&mut self, entries: Vec<Entry>) {
        if self.tried.is_some() {
            self.refuse(entries, "it could not be written and is being tried again");
            return;
        }
        if entries.is_empty() {
            return;
        }
        let now = self.clock.now();
        let waits_for_disk = entries.iter().any(|entry| entry.waits_for_disk);
        let records = entries.iter().map(|entry| entry.record.clone()).collect();
        match self.writer.commit(records, waits_for_disk, now) {
            Ok(first) => {
                for (index, entry) in (first..).zip(entries) {
                    if let Some(told) = entry.told {
                        // Whoever waited may have given up.
                        let _gone = told.send(Ok(index));
                    }
                }
            }
            Err(error) => {
                self.fail(&error);
                self.refuse(entries, &error.to_string());
            }
        }
    }

    fn refuse(&mut self, entries: Vec<Entry>, reason: &str) {
        for entry in entries {
            match entry.told {
                Some(told) => {
                    let _gone = told.send(Err(reason.to_owned()));
                }
                None => self.owed.push(entry.record),
            }
        }
    }

    fn fail(&mut self, error: &io::Error) {
        self.inbox.fail(Part::Writing, &error.to_string());
        self.tried = Some(self.clock.now());
    }

    fn owe_recovery(&mut self, cause: &Cause) {
        self.owed.push(self.inbox.recovery(cause));
    }

    /// Does what is due: the disk, a checkpoint, another try, what is owed.
    fn look_after(&mut self, is_closing: bool) {
        let now = self.clock.now();
        if let Some(tried) = self.tried {
            if is_closing || now >= tried + RETRY {
                self.retry();
            }
            if self.tried.is_some() {
                return;
            }
        }
        let mut outcome = self.write_owed(now);
        if outcome.is_ok() {
            outcome = self.writer.sync_if_due(now);
        }
        if outcome.is_ok() && (is_closing || self.writer.is_checkpoint_due(now)) {
            outcome = self.hand_over(is_closing);
        }
        if let Err(error) = outcome {
            self.fail(&error);
        }
    }

    fn retry(&mut self) {
        match self.writer.rewrite() {
            Ok(()) => {
                self.tried = None;
                if let Some(cause) = self.inbox.recover(Part::Writing) {
                    self.owe_recovery(&cause);
                }
            }
            Err(error) => self.fail(&error),
        }
    }

    fn write_owed(&mut self, now: Instant) -> io::Result<()> {
        if !self.owed.is_empty() {
            self.writer.commit(self.owed.clone(), false, now)?;
            self.owed.clear();
        }
        Ok(())
    }

    fn hand_over(&mut self, is_closing: bool) -> io::Result<()> {
        if self.is_publishing.load(Ordering::Acquire) && !is_closing {
            return if self.writer.backlog() > BACKLOG {
                Err(io::Error::other("its checkpoints do not keep up"))
            } else {
                Ok(())
            };
        }
        if let Some(handover) = self.writer.hand_over()? {
            self.send(handover);
        }
        Ok(())
    }

    fn send(&self, handover: Handover) {
        self.is_publishing.store(true, Ordering::Release);
        // The publisher is there for as long as this sender is.
        let _gone = self.publishing.send(handover);
    }
}

/// Covers what is handed over with checkpoints, until nobody hands over any more.
fn publish(
    mut publisher: Publisher,
    handovers: &Receiver<Handover>,
    inbox: &Inbox,
    is_publishing: &AtomicBool,
) {
    while let Ok(handover) = handovers.recv() {
        publisher.take(&handover.records);
        while let Err(error) = publisher.publish(handover.root) {
            inbox.fail(Part::Publishing, &error.to_string());
            if inbox.pause(RETRY) {
                // The tails have it all: the next start publishes it.
                return;
            }
        }
        if let Some(cause) = inbox.recover(Part::Publishing) {
            let record = inbox.recovery(&cause);
            inbox.push(Entry {
                record,
                waits_for_disk: false,
                told: None,
            });
        }
        is_publishing.store(false, Ordering::Release);
    }
}
