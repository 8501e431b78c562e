use ironward_policy::{Cycle, Span};

use crate::{Measure, Scope};

/// How a counter stands in its window: for answers, reports, and whoever keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whose.
    pub scope: Scope,
    /// What is counted.
    pub measure: Measure,
    /// When it starts anew.
    pub cycle: Cycle,
    /// The window.
    pub span: Span,
    /// The most, if there is a limit.
    pub most: Option<u64>,
    /// What settled calls took.
    pub spent: u64,
    /// What running calls may take at most.
    pub reserved: u64,
}

impl Standing {
    /// What is left to reserve; `None` without a limit.
    #[must_use]
    pub fn remaining(&self) -> Option<u64> {
        let most = self.most?;
        Some(most.saturating_sub(self.spent.saturating_add(self.reserved)))
    }
}
