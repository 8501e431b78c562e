use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use ironward_core::{Clock, Random};
use tokio::sync::oneshot;

use super::waiting::Waiting;
use super::{TellTrouble, Trouble, millis};
use crate::record::{Kind, Record, Stamp};
use crate::tail::write_record;
use crate::value::{Fields, bounded};

/// The most records that wait for the disk: beyond, the journal counts as stalled.
const ROOM: usize = 65_536;
/// The most bytes of other records that wait. Settlements do whatever there is: they are as many as the
/// calls that were let in.
const ROOM_BYTES: usize = 64 << 20;
/// How long a record that nobody waits for waits for others.
const LINGER: Duration = Duration::from_millis(10);

/// A record on its way to the writer, and who waits for it.
pub(super) struct Entry {
    pub(super) record: Vec<u8>,
    pub(super) waits_for_disk: bool,
    pub(super) told: oneshot::Sender<Result<u64, String>>,
}

/// What the threads and those who append have in common.
pub(super) struct Inbox {
    state: Mutex<State>,
    /// Records came, or the end has come.
    changed: Condvar,
    /// How many of the records in frames are written.
    written: AtomicU64,
    /// Whether the journal cannot be written.
    is_troubled: AtomicBool,
    /// Who waits for records in frames.
    waiting: Mutex<Vec<Weak<Waiting>>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    pub(super) node: String,
    report: TellTrouble,
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    /// Records of whom nobody, or everybody at once, is told; each in its frame.
    frames: Vec<u8>,
    /// How many there were ever.
    framed: u64,
    /// Whether somebody waits for one of them.
    is_awaited: bool,
    sleep: Sleep,
    is_closing: bool,
    /// Why the writer, the publisher or whoever waited says that it cannot be written.
    writing: Option<Cause>,
    publishing: Option<Cause>,
    stalled: Option<Cause>,
}

/// What the writer does.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Sleep {
    /// It looks for records by itself before it sleeps again.
    #[default]
    Awake,
    /// It will wake for records that nobody waits for.
    Briefly,
    /// It has to be woken for every record.
    Deeply,
}

/// A record in its frame, on its way to the writer.
#[derive(Clone, Copy)]
pub(super) struct Pushed {
    /// Its number among those in frames, from 1.
    pub(super) ticket: u64,
    /// Whether the writer has to be woken.
    pub(super) must_ring: bool,
}

/// How much a record in its frame matters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// Somebody waits for it.
    Awaited,
    /// Nobody does.
    Owed,
    /// Nobody does, and it has room whatever else waits.
    Settled,
}

/// What the writer takes.
pub(super) struct Taken {
    pub(super) entries: Vec<Entry>,
    /// The ticket of the last record in a frame.
    pub(super) until: u64,
    pub(super) is_closing: bool,
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
    fn hand_over(&mut self, frames: &mut Vec<u8>) -> Taken {
        self.is_awaited = false;
        if frames.is_empty() {
            std::mem::swap(&mut self.frames, frames);
        } else {
            frames.append(&mut self.frames);
        }
        Taken {
            entries: std::mem::take(&mut self.entries),
            until: self.framed,
            is_closing: self.is_closing,
        }
    }

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
            written: AtomicU64::new(0),
            is_troubled: AtomicBool::new(false),
            waiting: Mutex::default(),
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
        self.ring();
        true
    }

    /// Takes a record in its frame; `None`: not after the end, and not when too many wait.
    pub(super) fn push_frame(&self, record: &[u8], claim: Claim) -> Option<Pushed> {
        let mut state = self.lock();
        let has_room = claim == Claim::Settled || state.frames.len() < ROOM_BYTES;
        if state.is_closing || !has_room {
            return None;
        }
        write_record(record, &mut state.frames);
        state.framed += 1;
        state.is_awaited |= claim == Claim::Awaited;
        Some(Pushed {
            ticket: state.framed,
            must_ring: match state.sleep {
                Sleep::Awake => false,
                Sleep::Briefly => claim == Claim::Awaited,
                Sleep::Deeply => true,
            },
        })
    }

    /// Wakes the writer.
    pub(super) fn ring(&self) {
        self.changed.notify_all();
    }

    /// Waits for records, the end, or this moment. Records in frames are put behind `frames`.
    pub(super) fn take(&self, until: Option<Instant>, frames: &mut Vec<u8>) -> Taken {
        let mut state = self.lock();
        let mut lingers = None;
        loop {
            let now = self.clock.now();
            if lingers.is_none() && !state.frames.is_empty() {
                lingers = Some(now + LINGER);
            }
            let until = until.into_iter().chain(lingers).min();
            let left = until.map(|until| until.saturating_duration_since(now));
            let is_due = left.is_some_and(|left| left.is_zero());
            let is_asked = state.is_closing || state.stalled.is_some() || state.is_awaited;
            if !state.entries.is_empty() || is_asked || is_due {
                return state.hand_over(frames);
            }
            state.sleep = match left {
                Some(left) if left <= LINGER => Sleep::Briefly,
                _ => Sleep::Deeply,
            };
            state = self.wait(state, left);
            state.sleep = Sleep::Awake;
        }
    }

    /// How many records in frames are written, and whether the journal cannot be written now.
    pub(super) fn progress(&self) -> (u64, bool) {
        let written = self.written.load(Ordering::Acquire);
        (written, self.is_troubled.load(Ordering::Acquire))
    }

    /// The records in frames are written up to this one.
    pub(super) fn note_written(&self, ticket: u64) {
        self.written.store(ticket, Ordering::Release);
        self.wake();
    }

    /// Remembers who waits.
    pub(super) fn add_waiting(&self, waiting: &Arc<Waiting>) {
        let mut all = self.lock_waiting();
        all.retain(|waiting| waiting.strong_count() > 0);
        all.push(Arc::downgrade(waiting));
    }

    /// Wakes those who wait and need not any more.
    fn wake(&self) {
        let progress = self.progress();
        let all = self.lock_waiting();
        for waiting in all.iter().filter_map(Weak::upgrade) {
            waiting.wake_one(progress);
        }
    }

    fn lock_waiting(&self) -> MutexGuard<'_, Vec<Weak<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.ring();
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
        self.ring();
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
        self.is_troubled.store(after.is_some(), Ordering::Release);
        drop(state);
        if before.is_some() != after.is_some() {
            self.wake();
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
