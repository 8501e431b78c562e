use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ironward_core::{Clock, Scheme};

use crate::endpoint::Endpoint;
use crate::http2::{Shared, Stream};
use crate::link::{Link, Whole};
use crate::proxy::Way;

/// The connections of one [`Egress`](crate::Egress).
///
/// Its locks are uncontended on a single-threaded runtime, and never held across an `await`.
pub(crate) struct Pool {
    lanes: Mutex<HashMap<Arc<Endpoint>, Arc<Lane>>>,
    keeping: Arc<Keeping>,
}

/// What is kept, and for how long.
pub(crate) struct Keeping {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) idle_per_origin: usize,
    pub(crate) keep_alive: Duration,
    pub(crate) draining: AtomicBool,
}

/// The connections to one endpoint.
pub(crate) struct Lane {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) way: Way,
    keeping: Arc<Keeping>,
    state: Mutex<State>,
    /// Held while dialling where the peer may speak HTTP/2: a burst of requests then waits for one
    /// shared connection instead of making one each.
    pub(crate) dialling: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// Connections without a request, the one that was used last at the back. The hottest is taken
    /// first, so that the others can grow old and go.
    idle: VecDeque<Idle>,
    shared: Vec<SharedSince>,
    speaks: Speaks,
}

struct Idle {
    whole: Box<Whole>,
    since: Instant,
}

struct SharedSince {
    shared: Arc<Shared>,
    used: Instant,
}

/// What the peer chose when it was asked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Speaks {
    #[default]
    Unknown,
    Http1,
    Http2,
}

/// A link from the pool, and how long it had rested there.
pub(crate) struct Taken {
    pub(crate) link: Link,
    pub(crate) rested: Duration,
}

impl Pool {
    pub(crate) fn new(keeping: Keeping) -> Self {
        Self {
            lanes: Mutex::default(),
            keeping: Arc::new(keeping),
        }
    }

    /// The lane of `endpoint`; `way` is asked the first time.
    pub(crate) fn lane(
        &self,
        endpoint: &Arc<Endpoint>,
        way: impl FnOnce(&Endpoint) -> Way,
    ) -> Arc<Lane> {
        let mut lanes = lock(&self.lanes);
        if let Some(lane) = lanes.get(endpoint) {
            return Arc::clone(lane);
        }
        let lane = Arc::new(Lane {
            endpoint: Arc::clone(endpoint),
            way: way(endpoint),
            keeping: Arc::clone(&self.keeping),
            state: Mutex::default(),
            dialling: tokio::sync::Mutex::default(),
        });
        lanes.insert(Arc::clone(endpoint), Arc::clone(&lane));
        lane
    }

    /// Closes what has rested for too long, in every lane. Called when a connection is made, which
    /// is rare and far more work than this.
    pub(crate) fn sweep(&self) {
        let now = self.keeping.clock.now();
        let lanes: Vec<_> = lock(&self.lanes).values().cloned().collect();
        for lane in &lanes {
            lane.sweep(now);
        }
        drop(lanes);
        // A lane that holds nothing and serves nobody can be made anew; the endpoints of credentials
        // that are gone leave this way.
        lock(&self.lanes).retain(|_, lane| Arc::strong_count(lane) > 1 || !lane.is_empty());
    }

    /// Closes every connection without a request.
    pub(crate) fn close_idle(&self) {
        let lanes: Vec<_> = lock(&self.lanes).values().cloned().collect();
        for lane in lanes {
            let mut state = lock(&lane.state);
            let idle = std::mem::take(&mut state.idle);
            let shared = std::mem::take(&mut state.shared);
            drop(state);
            drop(idle);
            // A connection with streams lives on until the last of them ends.
            drop(shared);
        }
    }

    /// From now on, connections are closed instead of kept.
    pub(crate) fn drain(&self) {
        self.keeping.draining.store(true, Ordering::Relaxed);
        self.close_idle();
    }

    /// How many connections are kept without a request.
    pub(crate) fn idle(&self) -> usize {
        let lanes: Vec<_> = lock(&self.lanes).values().cloned().collect();
        let idle = |lane: &Arc<Lane>| {
            let state = lock(&lane.state);
            let unused = state.shared.iter().filter(|entry| entry.shared.is_idle());
            state.idle.len() + unused.count()
        };
        lanes.iter().map(idle).sum()
    }
}

impl Lane {
    /// A connection or stream that is there already. It may turn out to be closed by the peer:
    /// what the runtime has not heard of yet is not known here.
    pub(crate) fn take(&self, now: Instant) -> Option<Taken> {
        loop {
            let mut state = lock(&self.state);
            if let Some(link) = state.reserve(now) {
                return Some(Taken {
                    link: Link::Stream(link),
                    rested: Duration::ZERO,
                });
            }
            let Idle { mut whole, since } = state.idle.pop_back()?;
            let rested = now.saturating_duration_since(since);
            if rested > self.keeping.keep_alive {
                // Those before it have rested for even longer.
                state.idle.clear();
                return None;
            }
            drop(state);
            if whole.is_fit() {
                return Some(Taken {
                    link: Link::Whole(whole),
                    rested,
                });
            }
        }
    }

    /// A stream of a shared connection that is there already.
    pub(crate) fn take_stream(&self, now: Instant) -> Option<Stream> {
        lock(&self.state).reserve(now)
    }

    /// Takes back a connection whose reply was read to its end.
    pub(crate) fn put(&self, mut whole: Box<Whole>) {
        let keeping = &*self.keeping;
        if keeping.idle_per_origin == 0
            || keeping.draining.load(Ordering::Relaxed)
            || !whole.is_fit()
        {
            return;
        }
        let since = keeping.clock.now();
        let mut state = lock(&self.state);
        let is_full = state.idle.len() >= keeping.idle_per_origin;
        // The hottest connections come and go without a look at the coldest: when the peer closes
        // those, nobody would notice.
        let is_over = state.idle.front_mut().is_some_and(|oldest| {
            !oldest.whole.is_fit()
                || since.saturating_duration_since(oldest.since) > keeping.keep_alive
        });
        let closing = (is_full || is_over).then(|| state.idle.pop_front());
        state.idle.push_back(Idle { whole, since });
        drop(state);
        drop(closing);
    }

    /// Whether a connection that is being made could be shared with others.
    pub(crate) fn may_share(&self, http2: bool) -> bool {
        http2
            && self.endpoint.scheme() == Scheme::Https
            && lock(&self.state).speaks != Speaks::Http1
    }

    /// Remembers that the peer chose HTTP/1.1.
    pub(crate) fn chose_http1(&self) {
        lock(&self.state).speaks = Speaks::Http1;
    }

    /// Shares a new HTTP/2 connection and takes its first stream.
    pub(crate) fn share(&self, shared: Arc<Shared>) -> Stream {
        let stream = shared.occupy();
        let used = self.keeping.clock.now();
        let mut state = lock(&self.state);
        state.speaks = Speaks::Http2;
        if !self.keeping.draining.load(Ordering::Relaxed) {
            state.shared.push(SharedSince { shared, used });
        }
        stream
    }

    fn sweep(&self, now: Instant) {
        let is_old = |since| now.saturating_duration_since(since) > self.keeping.keep_alive;
        let mut state = lock(&self.state);
        state
            .idle
            .retain_mut(|idle| !is_old(idle.since) && idle.whole.is_fit());
        state.shared.retain(|entry| {
            entry.shared.is_open() && !(entry.shared.is_idle() && is_old(entry.used))
        });
    }

    fn is_empty(&self) -> bool {
        let state = lock(&self.state);
        state.idle.is_empty() && state.shared.is_empty()
    }
}

impl State {
    fn reserve(&mut self, now: Instant) -> Option<Stream> {
        if self.shared.is_empty() {
            return None;
        }
        self.shared.retain(|entry| entry.shared.is_open());
        self.shared.iter_mut().find_map(|entry| {
            let stream = entry.shared.reserve()?;
            entry.used = now;
            Some(stream)
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
