use ironward_core::Money;
use ironward_policy::Period;

use super::LitellmSettings;
use crate::reader::{Field, Reader};

/// What the whole gateway may spend, and what callers over a budget are answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BudgetSettings {
    /// The budget of the whole gateway; `None`: it has none.
    pub max_budget: Option<Money>,
    /// How often it starts anew; `None`: never.
    pub budget_duration: Option<Period>,
    /// The status of a call that a budget does not allow, where it is not LiteLLM's.
    pub status: Option<u16>,
}

pub(super) fn read_most(litellm: &mut LitellmSettings, reader: &mut Reader<'_>, field: &Field<'_>) {
    let Some(dollars) = reader.number(field) else {
        return;
    };
    match Money::from_dollars(dollars) {
        // As in LiteLLM, where 0 is the default.
        Ok(most) => litellm.budget.max_budget = (most != Money::ZERO).then_some(most),
        Err(_) => reader.problem(field, "expected a number of dollars such as 100.5"),
    }
}

pub(super) fn read_duration(
    litellm: &mut LitellmSettings,
    reader: &mut Reader<'_>,
    field: &Field<'_>,
) {
    let Some(text) = reader.word(field) else {
        return;
    };
    match text.parse() {
        Ok(period) => litellm.budget.budget_duration = Some(period),
        Err(error) => {
            let error: ironward_policy::InvalidPeriod = error;
            reader.problem(field, error.to_string());
        }
    }
}

pub(super) fn read_status(
    litellm: &mut LitellmSettings,
    reader: &mut Reader<'_>,
    field: &Field<'_>,
) {
    match reader.whole(field).map(u16::try_from) {
        Some(Ok(status @ 400..=499)) => litellm.budget.status = Some(status),
        Some(_) => reader.problem(field, "expected the status of a refusal, 400 to 499"),
        None => {}
    }
}
