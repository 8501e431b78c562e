use std::collections::HashMap;
use std::sync::Arc;

use super::Full;
use crate::crossing::Crossings;
use crate::{Counter, Counters, Limit, Scope};

/// A full shard is not searched for idle counters more often than this.
const SEARCH_EVERY_MS: u64 = 1_000;

/// A part of all scopes.
#[derive(Default)]
pub(super) struct Shard {
    held: HashMap<Scope, Held>,
    /// How many of them have names that callers choose.
    chosen: usize,
    /// When it was searched for idle counters last.
    searched: u64,
}

/// The counters of one scope.
#[derive(Default)]
pub(super) struct Held {
    /// As they were asked for.
    limits: Box<[Limit]>,
    counters: Counters,
}

impl Shard {
    /// The counters of a scope, if these are its limits already.
    pub(super) fn unchanged(&self, scope: &Scope, limits: &[Limit]) -> Option<Counters> {
        let Some(held) = self.held.get(scope) else {
            return limits.is_empty().then(Counters::default);
        };
        (*held.limits == *limits).then(|| Arc::clone(&held.counters))
    }

    /// Every counter, in no order.
    pub(super) fn counters(&self) -> impl Iterator<Item = &Arc<Counter>> {
        self.held.values().flat_map(|held| held.counters.iter())
    }

    /// What is held of a scope: no counters yet, if it is new.
    pub(super) fn hold(
        &mut self,
        scope: &Scope,
        now: u64,
        most_chosen: usize,
    ) -> Result<&mut Held, Full> {
        if !self.held.contains_key(scope) && scope.is_chosen() {
            let may_search = now >= self.searched.saturating_add(SEARCH_EVERY_MS);
            if self.chosen >= most_chosen && may_search {
                self.searched = now;
                self.sweep(now);
            }
            if self.chosen >= most_chosen {
                return Err(Full);
            }
            self.chosen += 1;
        }
        Ok(self.held.entry(scope.clone()).or_default())
    }

    pub(super) fn forget(&mut self, scope: &Scope) {
        if self.held.remove(scope).is_some() && scope.is_chosen() {
            self.chosen -= 1;
        }
    }

    /// Drops what nobody holds and nothing would be lost with.
    pub(super) fn sweep(&mut self, now: u64) {
        self.held.retain(|_, held| !held.is_idle(now));
        self.chosen = self.held.keys().filter(|scope| scope.is_chosen()).count();
    }
}

impl Held {
    /// From now on these limits hold. A counter without a limit stays as long as it has counted
    /// something in its window: the limit may come back.
    pub(super) fn set(
        &mut self,
        scope: &Scope,
        limits: &[Limit],
        crossings: &Arc<Crossings>,
        now: u64,
    ) -> Counters {
        let lowest = lowest(limits);
        for counter in self.counters.iter() {
            let limit = lowest.iter().find(|limit| counter.counts(limit));
            match limit {
                Some(limit) => counter.set(limit),
                None => counter.lift(),
            }
        }
        for limit in &lowest {
            self.counter(scope, limit, crossings, now);
        }
        let is_kept = |counter: &&Arc<Counter>| {
            lowest.iter().any(|limit| counter.counts(limit)) || !counter.is_idle(now)
        };
        self.counters = self.counters.iter().filter(is_kept).cloned().collect();
        self.limits = limits.into();
        Arc::clone(&self.counters)
    }

    /// The counter of this measure and cycle, made with this limit if it is not there.
    pub(super) fn counter(
        &mut self,
        scope: &Scope,
        limit: &Limit,
        crossings: &Arc<Crossings>,
        now: u64,
    ) -> Arc<Counter> {
        let known = self.counters.iter().find(|counter| counter.counts(limit));
        if let Some(counter) = known {
            return Arc::clone(counter);
        }
        let counter = Counter::new(scope.clone(), limit, Arc::clone(crossings), now);
        let counter = Arc::new(counter);
        let all = self.counters.iter().chain([&counter]);
        self.counters = all.cloned().collect();
        counter
    }

    fn is_idle(&self, now: u64) -> bool {
        let Self { counters, .. } = self;
        let is_held = Arc::strong_count(counters) > 1
            || counters
                .iter()
                .any(|counter| Arc::strong_count(counter) > 1);
        // No counters are the same no counters everywhere.
        counters.is_empty() || (!is_held && counters.iter().all(|counter| counter.is_idle(now)))
    }
}

/// One limit for each measure and cycle, in the order in which they come first.
fn lowest(limits: &[Limit]) -> Vec<Limit> {
    let mut lowest: Vec<Limit> = Vec::with_capacity(limits.len());
    for limit in limits {
        match lowest.iter_mut().find(|one| one.is_counted_with(limit)) {
            Some(one) => *one = one.lower(limit),
            None => lowest.push(*limit),
        }
    }
    lowest
}
