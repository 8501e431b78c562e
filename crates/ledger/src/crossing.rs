use std::sync::{Mutex, PoisonError};

use ironward_policy::Span;

use crate::{Measure, Scope};

/// What was spent has reached a soft limit: an alert is due. Told once for a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// Whose.
    pub scope: Scope,
    /// What is counted.
    pub measure: Measure,
    /// In which window.
    pub span: Span,
    /// The soft limit.
    pub soft: u64,
    /// What was spent then.
    pub spent: u64,
}

/// So many wait to be fetched at most; what is told beyond that is lost.
const MOST: usize = 10_000;

/// The crossings that nobody has fetched yet. Only who crosses takes the lock.
#[derive(Debug, Default)]
pub(crate) struct Crossings(Mutex<Vec<Crossing>>);

impl Crossings {
    pub(crate) fn tell(&self, crossing: Crossing) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST {
            waiting.push(crossing);
        }
    }

    pub(crate) fn fetch(&self) -> Vec<Crossing> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
