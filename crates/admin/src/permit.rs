use serde_json::Value;

use crate::answer::{Answer, Row};

/// Proof that the table of routes allows what is done: without one nothing is written and nothing
/// is answered.
#[derive(Debug)]
pub(crate) struct Permit(());

impl Permit {
    /// Only where the table was asked.
    pub(super) const fn granted() -> Self {
        Self(())
    }

    /// What was permitted to be seen.
    pub(crate) fn answer(&self, value: Value) -> Answer {
        Answer::new(self, value)
    }

    /// One object of it.
    pub(crate) fn show(&self, row: Row) -> Answer {
        Answer::new(self, row.into_value())
    }
}
