use std::sync::Arc;

use crate::crossing::Crossings;
use crate::sync::Current;
use crate::window::{Rule, Window};
use crate::{Limit, Measure, Scope, Standing};

/// What one limit of a scope counts, in one window after the other.
pub struct Counter {
    rule: Arc<Rule>,
    current: Current<Window>,
}

/// The counters of a scope.
pub type Counters = Arc<[Arc<Counter>]>;

impl Counter {
    pub(crate) fn new(scope: Scope, limit: &Limit, crossings: Arc<Crossings>, now: u64) -> Self {
        let rule = Arc::new(Rule::new(scope, limit, crossings));
        let first = Window::new(Arc::clone(&rule), now);
        Self {
            rule,
            current: Current::new(Arc::new(first)),
        }
    }

    /// Whose it is.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.rule.scope
    }

    /// What it counts.
    #[must_use]
    pub fn measure(&self) -> Measure {
        self.rule.measure
    }

    /// How it stands at `now`, in milliseconds since 1970.
    #[must_use]
    pub fn standing(&self, now: u64) -> Standing {
        self.window(now).standing()
    }

    /// The window that `now` lies in, begun if it is the first to come there. Time never goes back
    /// here: when a clock does, the latest window goes on.
    pub(crate) fn window(&self, now: u64) -> Arc<Window> {
        let mut current = self.current.load();
        while current.is_over(now) {
            let next = Arc::new(Window::new(Arc::clone(&self.rule), now));
            current = self.current.replace(&current, next);
        }
        current
    }

    pub(crate) fn set(&self, limit: &Limit) {
        self.rule.set(limit);
    }

    /// Takes the limit away; counting goes on.
    pub(crate) fn lift(&self) {
        self.rule.set(&Limit {
            measure: self.rule.measure,
            cycle: self.rule.cycle,
            most: None,
            soft: None,
        });
    }

    pub(crate) fn counts(&self, limit: &Limit) -> bool {
        (self.rule.measure, self.rule.cycle) == (limit.measure, limit.cycle)
    }

    /// Counts what was spent at `at`, unless that is in a window that is over.
    pub(crate) fn load(&self, at: u64, spent: u64) {
        let window = self.window(at);
        if !window.begins_after(at) {
            window.load(spent);
        }
    }

    /// Whether nothing would be lost with it: nothing is counted in a window that is not over, and no
    /// running call will settle there.
    pub(crate) fn is_idle(&self, now: u64) -> bool {
        let window = self.current.load();
        // Held by `current` and here.
        let is_held = Arc::strong_count(&window) > 2;
        window.is_over(now) || (window.is_unused() && !is_held)
    }
}

impl std::fmt::Debug for Counter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let standing = self.current.load().standing();
        f.debug_tuple("Counter").field(&standing).finish()
    }
}

/// All counters of a caller, each once: a call that meets a scope in two ways is still one call.
#[derive(Debug, Clone, Default)]
pub struct Chain(Vec<Arc<Counter>>);

impl Chain {
    /// Adds those that are not there yet.
    pub fn add(&mut self, counters: &[Arc<Counter>]) {
        for counter in counters {
            if !self.0.iter().any(|other| Arc::ptr_eq(other, counter)) {
                self.0.push(Arc::clone(counter));
            }
        }
    }

    /// The counters, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Counter> {
        self.0.iter().map(AsRef::as_ref)
    }
}
