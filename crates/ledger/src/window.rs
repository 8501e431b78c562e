use std::sync::Arc;

use ironward_policy::{Cycle, Span};

use crate::crossing::Crossings;
use crate::sync::{AtomicU64, Ordering};
use crate::{Crossing, Limit, Measure, Scope, Standing};

/// Stands for no limit.
const NONE: u64 = u64::MAX;

/// What all windows of a counter have in common.
pub(crate) struct Rule {
    pub(crate) scope: Scope,
    pub(crate) measure: Measure,
    pub(crate) cycle: Cycle,
    most: AtomicU64,
    soft: AtomicU64,
    crossings: Arc<Crossings>,
}

impl Rule {
    pub(crate) fn new(scope: Scope, limit: &Limit, crossings: Arc<Crossings>) -> Self {
        Self {
            scope,
            measure: limit.measure,
            cycle: limit.cycle,
            most: AtomicU64::new(limit.most.unwrap_or(NONE)),
            soft: AtomicU64::new(limit.soft.unwrap_or(NONE)),
            crossings,
        }
    }

    /// From now on `limit` holds, for the running window too.
    pub(crate) fn set(&self, limit: &Limit) {
        self.most
            .store(limit.most.unwrap_or(NONE), Ordering::Release);
        self.soft
            .store(limit.soft.unwrap_or(NONE), Ordering::Release);
    }

    fn most(&self) -> u64 {
        self.most.load(Ordering::Acquire)
    }
}

/// What a counter has counted in one stretch of time.
///
/// A window is never emptied: the next stretch gets a new one, and whoever reserved in this one
/// settles in this one. So nothing that is counted can get into another window, whoever is faster.
///
/// `used` is all that was spent and is reserved, and the only number that limits are held against:
/// it grows in one atomic step that compares it with the limit. It is never less than what is
/// reserved, since it grows with each reservation and shrinks by no more than that one, and so
/// never negative. `spent` only grows, and no more of it is ever seen than `used` covers: what is
/// less than its reservation is spent before the rest is given back, and what is more is used
/// before it is spent.
pub(crate) struct Window {
    rule: Arc<Rule>,
    span: Span,
    used: AtomicU64,
    spent: AtomicU64,
    /// The soft limit that was told of last.
    told: AtomicU64,
}

impl Window {
    pub(crate) fn new(rule: Arc<Rule>, now: u64) -> Self {
        let span = rule.cycle.span(now);
        Self {
            rule,
            span,
            used: AtomicU64::new(0),
            spent: AtomicU64::new(0),
            told: AtomicU64::new(NONE),
        }
    }

    pub(crate) fn measure(&self) -> Measure {
        self.rule.measure
    }

    pub(crate) fn is_over(&self, now: u64) -> bool {
        self.span.ends().is_some_and(|end| end <= now)
    }

    pub(crate) fn begins_after(&self, at: u64) -> bool {
        at < self.span.start
    }

    /// Whether `ask` could be reserved. Who asks for nothing is never refused.
    pub(crate) fn has_room(&self, ask: u64) -> bool {
        self.with(self.used.load(Ordering::Acquire), ask).is_some()
    }

    /// Reserves `ask`, if that passes no limit.
    pub(crate) fn take(&self, ask: u64) -> bool {
        if ask == 0 {
            return true;
        }
        let taken = self
            .used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
                self.with(used, ask)
            });
        taken.is_ok()
    }

    /// What is used when `ask` is added, unless that passes the limit.
    fn with(&self, used: u64, ask: u64) -> Option<u64> {
        if ask == 0 {
            return Some(used);
        }
        let sum = used.checked_add(ask)?;
        (sum <= self.rule.most()).then_some(sum)
    }

    /// Ends a reservation of `held` that came to `actual`, whatever the limit: what is spent is
    /// spent.
    pub(crate) fn settle(&self, held: u64, actual: u64) {
        if actual > held {
            add(&self.used, actual - held);
        }
        if actual > 0 {
            let spent = add(&self.spent, actual);
            self.tell(spent);
        }
        if actual < held {
            self.used.fetch_sub(held - actual, Ordering::AcqRel);
        }
    }

    /// Counts what was spent at an earlier start, or elsewhere; nobody is told of a soft limit.
    pub(crate) fn load(&self, spent: u64) {
        add(&self.used, spent);
        let spent = add(&self.spent, spent);
        let soft = self.rule.soft.load(Ordering::Acquire);
        if spent >= soft {
            self.told.store(soft, Ordering::Release);
        }
    }

    fn tell(&self, spent: u64) {
        let soft = self.rule.soft.load(Ordering::Acquire);
        if spent < soft || soft == NONE || self.told.load(Ordering::Acquire) == soft {
            return;
        }
        if self.told.swap(soft, Ordering::AcqRel) != soft {
            self.rule.crossings.tell(Crossing {
                scope: self.rule.scope.clone(),
                measure: self.rule.measure,
                span: self.span,
                soft,
                spent,
            });
        }
    }

    pub(crate) fn is_unused(&self) -> bool {
        self.counted() == (0, 0)
    }

    /// What is spent, and what is used: in this order, or more could be spent meanwhile than was
    /// used before.
    pub(crate) fn counted(&self) -> (u64, u64) {
        let spent = self.spent.load(Ordering::Acquire);
        (spent, self.used.load(Ordering::Acquire))
    }

    pub(crate) fn standing(&self) -> Standing {
        let (spent, used) = self.counted();
        let most = self.rule.most();
        Standing {
            scope: self.rule.scope.clone(),
            measure: self.rule.measure,
            cycle: self.rule.cycle,
            span: self.span,
            most: (most != NONE).then_some(most),
            spent,
            reserved: used.saturating_sub(spent),
        }
    }
}

/// Adds, and gives the sum. It stops at the end: a provider may say anything.
fn add(number: &AtomicU64, more: u64) -> u64 {
    let sum = |number: u64| number.saturating_add(more);
    let before = number.fetch_update(Ordering::AcqRel, Ordering::Acquire, |number| {
        Some(sum(number))
    });
    sum(before.unwrap_or_else(|same| same))
}
