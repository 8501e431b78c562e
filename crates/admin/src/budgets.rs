//! Budget objects: `/budget/*`, LiteLLM's `budget_management_endpoints.py`.
//!
//! What differs from LiteLLM, on purpose: a budget that something still names is not deleted. What
//! it bounds would be left without a limit.

pub(crate) mod answers;
mod change;
mod fields;
mod show;

pub(crate) use change::{DeleteBudget, NewBudget, UpdateBudget, create, delete, update};
pub(crate) use fields::BudgetFields;
pub(crate) use show::{ListBudgets, ShowBudgets, ShowSettings, list, show_many, show_settings};
