use std::fmt::Write as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ironward_core::{Clock, Random};
use tokio::sync::oneshot;

use super::{TellTrouble, Trouble, millis};
use crate::record::{Kind, Record, Stamp};
use crate::value::{Fields, bounded};

/// The most records that wait: beyond, the journal counts as stalled.
const ROOM: usize = 65_536;

/// A record on its way to the writer.
pub(super) struct Entry {
    pub(super) record: Vec<u8>,
    pub(super) waits_for_disk: bool,
    /// Whoever waits for it; without anybody it is kept until it is written.
    pub(super) told: Option<oneshot::Sender<Result<u64, String>>>,
}

/// What the threads and those who append have in common.
pub(super) struct Inbox {
    state: Mutex<State>,
    /// Records came, or the end has come.
    changed: Condvar,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    node: String,
    report: TellTrouble,
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    is_closing: bool,
    /// Why the writer, the publisher or whoever waited says that it cannot be written.
    writing: Option<Cause>,
    publishing: Option<Cause>,
    stalled: Option<Cause>,
}

/// Why something cannot be done, and since when.
#[derive(Clone)]
pub(super) struct Cause {
    pub(super) reason: String,
    pub(super) since: Instant,
}

/// Who says that the journal cannot be written.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Writing,
    Publishing,
}

impl State {
    fn trouble(&self) -> Option<&Cause> {
        let parts = [&self.writing, &self.publishing, &self.stalled];
        parts.into_iter().find_map(Option::as_ref)
    }
}

impl Inbox {
    pub(super) fn new(
        (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
        node: &str,
        report: TellTrouble,
    ) -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            clock,
            random,
            node: node.to_owned(),
            report,
        }
    }

    /// The id of a record, and the record with what every one says.
    pub(super) fn stamp(&self, record: &Record) -> (String, Vec<u8>) {
        let mut bytes = [0; 12];
        self.random.fill(&mut bytes);
        let id = bytes.iter().fold(String::new(), |mut id, byte| {
            // Writing to a string does not fail.
            let _written = write!(id, "{byte:02x}");
            id
        });
        let stamp = Stamp {
            at: millis(&*self.clock),
            node: &self.node,
            id: &id,
        };
        let record = record.encode(&stamp);
        (id, record)
    }

    /// The record that something works again.
    pub(super) fn recovery(&self, cause: &Cause) -> Vec<u8> {
        let lasted = self.clock.now().saturating_duration_since(cause.since);
        let lasted = u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX);
        let what = Fields::default()
            .with("reason", bounded(&cause.reason, 256))
            .with("lasted_ms", lasted);
        self.stamp(&Record::new(Kind::Recovered).about(what)).1
    }

    /// Whether the entry was taken: not after the end.
    pub(super) fn push(&self, entry: Entry) -> bool {
        let mut state = self.lock();
        if state.is_closing || state.entries.len() >= ROOM {
            return false;
        }
        state.entries.push(entry);
        drop(state);
        self.changed.notify_all();
        true
    }

    /// Waits for entries, the end, or this moment; what there is, and whether the end has come.
    pub(super) fn take(&self, until: Option<Instant>) -> (Vec<Entry>, bool) {
        let mut state = self.lock();
        loop {
            let left = until.map(|until| until.saturating_duration_since(self.clock.now()));
            let is_due = left.is_some_and(|left| left.is_zero());
            let is_asked = state.is_closing || state.stalled.is_some();
            if !state.entries.is_empty() || is_asked || is_due {
                return (std::mem::take(&mut state.entries), state.is_closing);
            }
            state = self.wait(state, left);
        }
    }

    /// Waits for so long, or for the end; whether that has come.
    pub(super) fn pause(&self, time: Duration) -> bool {
        let until = self.clock.now() + time;
        let mut state = self.lock();
        loop {
            let left = until.saturating_duration_since(self.clock.now());
            if state.is_closing || left.is_zero() {
                return state.is_closing;
            }
            state = self.wait(state, Some(left));
        }
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        limit: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        match limit {
            Some(limit) => {
                let outcome = self.changed.wait_timeout(state, limit);
                outcome.unwrap_or_else(PoisonError::into_inner).0
            }
            None => {
                let outcome = self.changed.wait(state);
                outcome.unwrap_or_else(PoisonError::into_inner)
            }
        }
    }

    pub(super) fn close(&self) {
        self.lock().is_closing = true;
        self.changed.notify_all();
    }

    pub(super) fn trouble(&self) -> Option<Trouble> {
        let state = self.lock();
        state.trouble().map(|cause| Trouble(cause.reason.clone()))
    }

    /// Somebody waited in vain.
    pub(super) fn stall(&self) {
        let cause = Cause {
            reason: "its disk does not keep up".to_owned(),
            since: self.clock.now(),
        };
        self.change(|state| {
            state.stalled.get_or_insert(cause);
        });
        self.changed.notify_all();
    }

    /// What came in before was written, or refused: nobody waits in vain any more. Whether somebody
    /// did.
    pub(super) fn unstall(&self) -> Option<Cause> {
        let mut ended = None;
        self.change(|state| ended = state.stalled.take());
        ended
    }

    /// A part cannot do its work.
    pub(super) fn fail(&self, part: Part, reason: &str) {
        let cause = Cause {
            reason: reason.to_owned(),
            since: self.clock.now(),
        };
        self.change(|state| {
            state.part(part).get_or_insert(cause);
        });
    }

    /// A part does its work; what kept it from that before.
    pub(super) fn recover(&self, part: Part) -> Option<Cause> {
        let mut ended = None;
        self.change(|state| ended = state.part(part).take());
        ended
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        let before = state.trouble().map(|cause| cause.reason.clone());
        change(&mut state);
        let after = state.trouble().map(|cause| cause.reason.clone());
        drop(state);
        if before.is_some() != after.is_some() {
            (self.report)(after.as_deref());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    const fn part(&mut self, part: Part) -> &mut Option<Cause> {
        match part {
            Part::Writing => &mut self.writing,
            Part::Publishing => &mut self.publishing,
        }
    }
}
