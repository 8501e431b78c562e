use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, UNIX_EPOCH};

use ironward_core::{Clock, Fault};
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;

use super::Access;
use crate::stages::Permit;

/// The streams that run, each with what allowed it: one whose key is revoked is cut.
///
/// A stream pays for this when it begins, and with one read of memory a chunk. It leaves by being
/// dropped; the next look finds that nobody waits for its end any more.
#[derive(Default)]
pub(crate) struct OpenStreams {
    open: Mutex<Vec<Open>>,
    /// Held by the one thread that looks.
    turn: tokio::sync::Mutex<()>,
}

struct Open {
    permit: Permit,
    cut: oneshot::Sender<Fault>,
}

/// The end that a stream may come to before its provider ends it.
pub(crate) struct Cut(oneshot::Receiver<Fault>);

impl OpenStreams {
    /// Watches a stream that `permit` allows.
    pub(crate) fn watch(&self, permit: Permit) -> Cut {
        let (cut, end) = oneshot::channel();
        self.all().push(Open { permit, cut });
        Cut(end)
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.all().len()
    }

    fn all(&self) -> MutexGuard<'_, Vec<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cut {
    /// Why the stream has to end now, if it has to.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Option<Fault> {
        match Pin::new(&mut self.0).poll(context) {
            Poll::Ready(Ok(fault)) => Some(fault),
            // The registry only lets go of a stream by cutting it, or with the whole gateway.
            Poll::Ready(Err(_)) | Poll::Pending => None,
        }
    }
}

/// How often time itself is looked at: the end of a key, or of an old secret's overlap.
const EVERY: Duration = Duration::from_millis(500);

impl Access {
    /// Cuts the streams of keys that are revoked, at once when the directory says so, until it is
    /// dropped. Each listener runs this; one at a time does the work.
    pub(crate) async fn cut_revoked(&self, clock: &dyn Clock) {
        let _turn = self.streams.turn.lock().await;
        let mut changes = self.directory.changes();
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                // The directory, and with it the sender, lives as long as this.
                _ = changes.changed() => {}
            }
            let now = clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default();
            self.look(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        }
    }

    /// Looks at every open stream, at `now` in milliseconds since 1970.
    pub(crate) fn look(&self, now: u64) {
        let mut cut = Vec::new();
        let mut open = self.streams.all();
        let mut place = 0;
        while let Some(one) = open.get_mut(place) {
            if one.cut.is_closed() {
                drop(open.swap_remove(place));
                continue;
            }
            match one.permit.again(self, now) {
                Ok(None) => place += 1,
                Ok(Some(permit)) => {
                    one.permit = permit;
                    place += 1;
                }
                Err(fault) => cut.push((open.swap_remove(place), fault)),
            }
        }
        drop(open);
        for (one, fault) in cut {
            // Its client may have hung up just now.
            let _gone = one.cut.send(fault);
        }
    }
}
