use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use super::Unwritten;
use super::inbox::{Claim, Inbox, Pushed};
use super::waiting::{Waiting, is_over};
use crate::call::{Call, Settlement};

/// Where one thread has its calls recorded.
pub struct Desk {
    inbox: Arc<Inbox>,
    waiting: Arc<Waiting>,
    stall: Duration,
    /// The record that is being written; empty between records, and kept for its memory.
    record: Mutex<Vec<u8>>,
    /// Whether the writer is woken when the thread has nothing else to do, and not for each record.
    rings_later: bool,
    must_ring: AtomicBool,
}

/// A record of a call on its way to the journal.
#[derive(Debug)]
#[must_use]
pub struct Pending(u64);

/// Proof that the record of a call is written.
#[derive(Debug)]
pub struct Recorded(());

impl Desk {
    pub(super) fn new(inbox: &Arc<Inbox>, stall: Duration) -> Self {
        let waiting = Arc::default();
        inbox.add_waiting(&waiting);
        Self {
            inbox: Arc::clone(inbox),
            waiting,
            stall,
            record: Mutex::default(),
            rings_later: false,
            must_ring: AtomicBool::new(false),
        }
    }

    /// The same for a thread that says when it has nothing else to do, with [`Self::ring`]: records that
    /// came together are written together.
    #[must_use]
    pub fn ringing_later(mut self) -> Self {
        self.rings_later = true;
        self
    }

    /// Records a call that was let in. The reply's first byte has to wait for [`Self::recorded`].
    ///
    /// # Errors
    /// When the journal cannot be written now: nothing may be sent to a provider.
    pub fn admit(&self, call: &Call<'_>) -> Result<Pending, Unwritten> {
        if self.inbox.progress().1 {
            return Err(self.trouble());
        }
        let pushed = self.push(Claim::Awaited, |to| call.write(&self.inbox.node, to));
        pushed.map(|pushed| Pending(pushed.ticket)).ok_or_else(|| {
            Unwritten("the gateway is ending, or its disk does not keep up".to_owned())
        })
    }

    /// Waits until the record is written; whether that took any time.
    ///
    /// # Errors
    /// When it cannot be, or not in time. It may still be written, and is as soon as that can be done.
    pub async fn recorded(&self, pending: &Pending) -> Result<(Recorded, bool), Unwritten> {
        let (written, is_troubled) = self.inbox.progress();
        if pending.0 <= written {
            return Ok((Recorded(()), false));
        }
        if is_troubled {
            return Err(self.trouble());
        }
        let leaving = Leaving {
            desk: self,
            ticket: pending.0,
        };
        let waiting = poll_fn(|context| leaving.poll(context));
        if self.stall == Duration::MAX {
            return waiting.await.map(|()| (Recorded(()), true));
        }
        match tokio::time::timeout(self.stall, waiting).await {
            Ok(Ok(())) => Ok((Recorded(()), true)),
            Ok(Err(unwritten)) => Err(unwritten),
            Err(_) => {
                self.inbox.stall();
                Err(Unwritten::stalled(self.stall))
            }
        }
    }

    /// Records the end of a call, as soon as that can be done; nobody waits for it.
    pub fn settle(&self, settlement: &Settlement<'_>) {
        // Not after the journal was closed.
        self.push(Claim::Settled, |to| settlement.write(&self.inbox.node, to));
    }

    /// The thread has nothing else to do: wakes the writer if there is something to write.
    pub fn ring(&self) {
        if self.must_ring.load(Ordering::Relaxed) && self.must_ring.swap(false, Ordering::AcqRel) {
            self.inbox.ring();
        }
    }

    fn push(&self, claim: Claim, write: impl FnOnce(&mut Vec<u8>)) -> Option<Pushed> {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        write(&mut record);
        let pushed = self.inbox.push_frame(&record, claim);
        drop(record);
        if pushed.is_some_and(|pushed| pushed.must_ring) {
            self.must_ring.store(true, Ordering::Release);
            if !self.rings_later {
                self.ring();
            }
        }
        pushed
    }

    /// Whether a record is written, without waiting for it.
    #[cfg(test)]
    pub(super) fn is_written(&self, pending: &Pending) -> bool {
        pending.0 <= self.inbox.progress().0
    }

    fn trouble(&self) -> Unwritten {
        let trouble = self.inbox.trouble();
        // It may have ended in the meantime.
        Unwritten(trouble.map_or_else(|| "it could not be written".to_owned(), |why| why.0))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.ring();
    }
}

/// Somebody who waits, until they don't.
struct Leaving<'a> {
    desk: &'a Desk,
    ticket: u64,
}

impl Leaving<'_> {
    fn poll(&self, context: &Context<'_>) -> Poll<Result<(), Unwritten>> {
        let Desk { inbox, waiting, .. } = self.desk;
        if !is_over(self.ticket, inbox.progress()) {
            waiting.add(self.ticket, context.waker());
            self.desk.ring();
        }
        // Whoever writes looks for those who wait after it has written.
        let (written, is_troubled) = inbox.progress();
        if self.ticket <= written {
            return Poll::Ready(Ok(()));
        }
        if is_troubled {
            return Poll::Ready(Err(self.desk.trouble()));
        }
        Poll::Pending
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let progress = self.desk.inbox.progress();
        self.desk.waiting.leave(self.ticket, progress);
    }
}
