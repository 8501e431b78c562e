use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use ironward_core::Clock;

use super::inbox::{Cause, Claim, Entry, Inbox, Part};
use super::resume::Resumed;
use crate::publish::{Handover, Publisher};
use crate::tail::{Kept, write_record};
use crate::writer::Writer;

/// How often a journal that cannot be written is tried.
const RETRY: Duration = Duration::from_millis(250);
/// The most bytes of records that wait for a checkpoint which cannot be written, or not in time.
const BACKLOG: usize = 256 << 20;

/// The thread that writes, and the one that publishes.
pub(super) struct Threads {
    writer: Writer,
    inbox: Arc<Inbox>,
    clock: Arc<dyn Clock>,
    /// Records in their frames that are not written yet.
    frames: Vec<u8>,
    /// The ticket of the last one that came from the inbox.
    ticket: u64,
    /// When it was tried last, while it cannot be written.
    tried: Option<Instant>,
    publishing: SyncSender<Handover>,
    /// Memory of records that have a checkpoint.
    spares: Receiver<Kept>,
    is_publishing: Arc<AtomicBool>,
}

impl Threads {
    pub(super) fn start(
        resumed: Resumed,
        inbox: &Arc<Inbox>,
        clock: &Arc<dyn Clock>,
    ) -> io::Result<Vec<JoinHandle<()>>> {
        let (publishing, handovers) = sync_channel(1);
        let (returning, spares) = sync_channel(1);
        let is_publishing = Arc::new(AtomicBool::new(false));
        let writing = Self {
            writer: resumed.writer,
            inbox: Arc::clone(inbox),
            clock: Arc::clone(clock),
            frames: Vec::new(),
            ticket: 0,
            tried: None,
            publishing,
            spares,
            is_publishing: Arc::clone(&is_publishing),
        };
        if let Some(handover) = resumed.handover {
            writing.send(handover);
        }
        let inbox = Arc::clone(inbox);
        let publisher = resumed.publisher;
        let publish = move || publish(publisher, (&handovers, &returning), &inbox, &is_publishing);
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
            let taken = self.inbox.take(self.due(), &mut self.frames);
            self.ticket = taken.until;
            let is_closing = taken.is_closing;
            self.write(taken.entries);
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
            refuse(entries, "it could not be written and is being tried again");
            return;
        }
        let now = self.clock.now();
        let waits_for_disk = entries.iter().any(|entry| entry.waits_for_disk);
        let owed = self.frames.len();
        for entry in &entries {
            write_record(&entry.record, &mut self.frames);
        }
        if self.frames.is_empty() {
            return;
        }
        match self.writer.commit(&mut self.frames, waits_for_disk, now) {
            Ok(end) => {
                self.frames.clear();
                self.inbox.note_written(self.ticket);
                let first = end - u64::try_from(entries.len()).unwrap_or_default();
                for (index, entry) in (first..).zip(entries) {
                    // Whoever waited may have given up.
                    let _gone = entry.told.send(Ok(index));
                }
            }
            Err(error) => {
                // What nobody is told of stays, and is written when that can be done.
                self.frames.truncate(owed);
                self.fail(&error);
                refuse(entries, &error.to_string());
            }
        }
    }

    fn fail(&mut self, error: &io::Error) {
        self.tried = Some(self.clock.now());
        self.inbox.fail(Part::Writing, &error.to_string());
    }

    fn owe_recovery(&mut self, cause: &Cause) {
        write_record(&self.inbox.recovery(cause), &mut self.frames);
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
        self.write(Vec::new());
        if self.tried.is_some() {
            return;
        }
        let mut outcome = self.writer.sync_if_due(now);
        if outcome.is_ok() && (is_closing || self.writer.is_checkpoint_due(now)) {
            outcome = self.hand_over(is_closing, now);
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

    fn hand_over(&mut self, is_closing: bool, now: Instant) -> io::Result<()> {
        if self.is_publishing.load(Ordering::Acquire) && !is_closing {
            return if self.writer.backlog() > BACKLOG {
                Err(io::Error::other("its checkpoints do not keep up"))
            } else {
                Ok(())
            };
        }
        let spare = self.spares.try_recv().unwrap_or_default();
        if let Some(handover) = self.writer.hand_over(spare, now)? {
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

fn refuse(entries: Vec<Entry>, reason: &str) {
    for entry in entries {
        let _gone = entry.told.send(Err(reason.to_owned()));
    }
}

/// Covers what is handed over with checkpoints, until nobody hands over any more.
fn publish(
    mut publisher: Publisher,
    (handovers, returning): (&Receiver<Handover>, &SyncSender<Kept>),
    inbox: &Inbox,
    is_publishing: &AtomicBool,
) {
    while let Ok(mut handover) = handovers.recv() {
        while let Err(error) = publisher.publish(&handover) {
            inbox.fail(Part::Publishing, &error.to_string());
            if inbox.pause(RETRY) {
                // The tails have it all: the next start publishes it.
                return;
            }
        }
        if let Some(cause) = inbox.recover(Part::Publishing) {
            let record = inbox.recovery(&cause);
            inbox.push_frame(&record, Claim::Owed);
            inbox.ring();
        }
        handover.kept.clear();
        // There is one already, or nobody needs it any more.
        let _kept = returning.try_send(handover.kept);
        is_publishing.store(false, Ordering::Release);
    }
}
