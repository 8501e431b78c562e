use ironward_core::Money;
use ironward_policy::Cycle;

use crate::Charge;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Money, in billionths of a dollar.
    Cost,
    /// Requests.
    Requests,
    /// Input tokens.
    Input,
    /// Output tokens.
    Output,
    /// Input and output tokens.
    Tokens,
}

impl Measure {
    /// How much of it there is in a charge.
    #[must_use]
    pub const fn of(self, charge: &Charge) -> u64 {
        match self {
            Self::Cost => charge.cost.nanos(),
            Self::Requests => charge.requests,
            Self::Input => charge.input,
            Self::Output => charge.output,
            Self::Tokens => charge.input.saturating_add(charge.output),
        }
    }
}

/// The most that may be taken in each window of a cycle.
///
/// What one counts is told by measure and cycle: a limit that is raised or lowered goes on with what
/// was counted, one over another cycle starts its own count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is counted.
    pub measure: Measure,
    /// When the count starts anew.
    pub cycle: Cycle,
    /// The most; `None` only counts.
    pub most: Option<u64>,
    /// From here on an alert is due.
    pub soft: Option<u64>,
}

impl Limit {
    /// At most so much of something in each window.
    #[must_use]
    pub const fn new(measure: Measure, cycle: Cycle, most: u64) -> Self {
        Self {
            measure,
            cycle,
            most: Some(most),
            soft: None,
        }
    }

    /// A budget.
    #[must_use]
    pub const fn budget(most: Money, cycle: Cycle) -> Self {
        Self::new(Measure::Cost, cycle, most.nanos())
    }

    /// The same with an alert from `soft` on, in the unit of the measure.
    #[must_use]
    pub const fn with_soft(self, soft: u64) -> Self {
        Self {
            soft: Some(soft),
            ..self
        }
    }

    /// Whether both are counted by the same counter.
    pub(crate) fn is_counted_with(&self, other: &Self) -> bool {
        (self.measure, self.cycle) == (other.measure, other.cycle)
    }

    /// The lower of each of both.
    pub(crate) fn lower(self, other: &Self) -> Self {
        let lower = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self {
            most: lower(self.most, other.most),
            soft: lower(self.soft, other.soft),
            ..self
        }
    }
}
