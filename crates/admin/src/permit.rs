use ironward_store::Change;
use serde_json::Value;

use crate::acts::Touched;
use crate::answer::{Answer, Row};

/// Proof that the table of routes allows what is done: without one nothing is written and nothing
/// is answered.
#[derive(Debug)]
pub(crate) struct Permit(Touched);

impl Permit {
    /// Only where the table was asked.
    pub(super) fn granted(touched: &Touched) -> Self {
        Self(touched.clone())
    }

    /// Notes what was written with it.
    pub(crate) fn note(&self, changes: &[Change]) {
        self.0.note(changes);
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
