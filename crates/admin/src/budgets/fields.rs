use ironward_core::Id;
use ironward_policy::Spending;
use ironward_store::objects::Budget;

use crate::answer::{Row, time};
use crate::fields::SpendingFields;
use crate::request::{Field, Fields, Name, Shape};

/// LiteLLM's fields of budgets, and the rest of what can be limited.
pub(crate) struct BudgetFields {
    pub(super) id: Field<Name>,
    spending: SpendingFields,
}

impl Shape for BudgetFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        // LiteLLM's answers carry it, and clients send back what they got.
        let _computed: Option<Box<str>> = fields.optional("budget_reset_at");
        let mut spending = SpendingFields::read(fields);
        Self {
            // The budget's own name, not that of another one that holds the rest.
            id: std::mem::take(&mut spending.budget_id),
            spending,
        }
    }
}

impl BudgetFields {
    pub(crate) fn apply(self, spending: &mut Spending, now: u64) {
        self.spending.apply(spending, now);
    }
}

/// A budget as LiteLLM shows one.
pub(super) fn row(id: &Id<Budget>, budget: &Budget) -> Row {
    let mut row = Row::default();
    SpendingFields::show(&budget.spending, &mut row);
    row.put("budget_id", id.as_str());
    row.put("created_at", time(budget.origin.created_at))
        .put("created_by", &budget.origin.created_by);
    row.put("updated_at", time(budget.origin.updated_at))
        .put("updated_by", &budget.origin.updated_by);
    row
}

/// A field of `/budget/settings`: its name, its type and what it is for.
pub(super) type Setting = (&'static str, &'static str, &'static str);

pub(super) const SETTINGS: [Setting; 7] = [
    (
        "max_parallel_requests",
        "Integer",
        "The most calls that run at once.",
    ),
    ("tpm_limit", "Integer", "Tokens a minute."),
    ("rpm_limit", "Integer", "Requests a minute."),
    (
        "budget_duration",
        "String",
        "After how long the budget starts anew: 30s, 30m, 30h, 30d, 1mo.",
    ),
    ("max_budget", "Float", "What may be spent, in USD."),
    (
        "soft_budget",
        "Float",
        "Above this an alert goes out, in USD.",
    ),
    (
        "model_max_budget",
        "Object",
        "Budgets and limits by model group.",
    ),
];

#[cfg(test)]
mod tests {
    use super::{Budget, Id, SETTINGS, row};

    #[test]
    fn every_setting_is_a_field_of_the_row() {
        let row = row(&Id::new("b"), &Budget::default()).into_value();
        for (name, _, _) in SETTINGS {
            assert!(row.get(name).is_some(), "{name}");
        }
    }
}
