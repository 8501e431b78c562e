mod shard;

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

use ironward_core::Clock;
use ironward_policy::Cycle;
use shard::Shard;

use crate::crossing::Crossings;
use crate::reservation::{Refused, Reservation, reserve};
use crate::{Charge, Counter, Counters, Crossing, Limit, Measure, Scope, Standing};

/// All counters of this node, by scope.
///
/// Who makes a call holds the counters already ([`Ledger::counters`], [`crate::Chain`]): reserving
/// and settling look nothing up and take no lock. Looking up takes the read lock of one shard of 64.
pub struct Ledger {
    clock: Arc<dyn Clock>,
    /// One shard, and all others: a place that is not among those is the first one's.
    first: RwLock<Shard>,
    others: Box<[RwLock<Shard>]>,
    hasher: RandomState,
    /// The most scopes of a shard whose names callers choose.
    most_chosen: usize,
    crossings: Arc<Crossings>,
}

/// There are too many end users or tags with spend in their current windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

const SHARDS: usize = 64;

impl Ledger {
    /// A ledger without counters. It holds those of so many end users and tags, together, at most:
    /// whoever calls can make up any number of names.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, most_chosen: usize) -> Self {
        Self {
            clock,
            first: RwLock::default(),
            others: (1..SHARDS).map(|_| RwLock::default()).collect(),
            hasher: RandomState::new(),
            most_chosen: most_chosen.div_ceil(SHARDS),
            crossings: Arc::default(),
        }
    }

    /// Now, in milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> u64 {
        let since = self.clock.wall().duration_since(SystemTime::UNIX_EPOCH);
        u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
    }

    /// The counters of a scope, with these limits from now on: what was counted for a limit that is
    /// raised, lowered or taken away goes on being counted. Of two for the same measure and cycle
    /// the lower one holds.
    ///
    /// # Errors
    /// When the scope is new, its name is chosen by callers, and there is no room.
    pub fn counters(&self, scope: &Scope, limits: &[Limit]) -> Result<Counters, Full> {
        let shard = self.shard(scope);
        if let Some(counters) = read(shard).unchanged(scope, limits) {
            return Ok(counters);
        }
        let now = self.now();
        let mut shard = write(shard);
        let held = shard.hold(scope, now, self.most_chosen)?;
        Ok(held.set(scope, limits, &self.crossings, now))
    }

    /// Reserves `ceiling` in all of these counters, or in none of them. A counter that is among them
    /// twice is charged twice.
    ///
    /// # Errors
    /// The first limit that does not allow it.
    pub fn reserve<'a>(
        &self,
        counters: impl IntoIterator<Item = &'a Counter>,
        ceiling: Charge,
    ) -> Result<Reservation, Refused> {
        reserve(counters, ceiling, self.now())
    }

    /// Counts what was spent at `at`, in milliseconds since 1970, before this start or elsewhere. What
    /// belongs to a window that is over is left out; what is ahead of this node's clock is spent now.
    ///
    /// # Errors
    /// As for [`Self::counters`].
    pub fn load(
        &self,
        scope: &Scope,
        (measure, cycle): (Measure, Cycle),
        at: u64,
        spent: u64,
    ) -> Result<(), Full> {
        let now = self.now();
        if cycle.span(at).end <= now {
            return Ok(());
        }
        let limit = Limit {
            measure,
            cycle,
            most: None,
            soft: None,
        };
        let counter = {
            let mut shard = write(self.shard(scope));
            let held = shard.hold(scope, now, self.most_chosen)?;
            held.counter(scope, &limit, &self.crossings, now)
        };
        counter.load(at.min(now), spent);
        Ok(())
    }

    /// How every counter stands, in the order of scopes.
    #[must_use]
    pub fn standings(&self) -> Vec<Standing> {
        let now = self.now();
        let mut standings = Vec::new();
        for shard in self.shards() {
            standings.extend(read(shard).counters().map(|counter| counter.standing(now)));
        }
        standings.sort_by(|one, other| {
            let place = |of: &Standing| (of.measure, of.cycle);
            let by_scope = one.scope.cmp(&other.scope);
            by_scope.then_with(|| place(one).cmp(&place(other)))
        });
        standings
    }

    /// The soft limits that were reached since this was asked last.
    #[must_use]
    pub fn crossings(&self) -> Vec<Crossing> {
        self.crossings.fetch()
    }

    /// Drops the counters of a scope that is gone.
    pub fn forget(&self, scope: &Scope) {
        write(self.shard(scope)).forget(scope);
    }

    /// Drops every counter that nobody holds and that has counted nothing in its current window.
    pub fn sweep(&self) {
        let now = self.now();
        self.shards().for_each(|shard| write(shard).sweep(now));
    }

    fn shard(&self, scope: &Scope) -> &RwLock<Shard> {
        let place = self.hasher.hash_one(scope) % SHARDS as u64;
        let other = usize::try_from(place).map(|place| self.others.get(place));
        other.ok().flatten().unwrap_or(&self.first)
    }

    fn shards(&self) -> impl Iterator<Item = &RwLock<Shard>> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

fn read(shard: &RwLock<Shard>) -> RwLockReadGuard<'_, Shard> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(shard: &RwLock<Shard>) -> RwLockWriteGuard<'_, Shard> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").finish_non_exhaustive()
    }
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many end users and tags have spent something in their current windows")
    }
}

impl std::error::Error for Full {}
