use std::collections::HashMap;

use ironward_policy::Spending;
use ironward_store::objects::{Budget, Kind};
use serde_json::{Map, Value};

use super::columns::Columns;
use super::plan::{BUDGETS, KEYS, ORGANISATION_MEMBERS, ORGANISATIONS, Plan, TEAM_MEMBERS};
use crate::budgets::BudgetFields;

/// A budget as it stands in LiteLLM.
#[derive(Default, Clone)]
pub(super) struct Found {
    pub(super) spending: Spending,
    /// The models that a member of a team may use.
    pub(super) models: Vec<Box<str>>,
}

/// Budgets that are no objects here, since they are parts of what they bound: those of organisations
/// and members.
pub(super) type Inline = HashMap<Box<str>, Result<Found, String>>;

/// Makes the budgets that keys share, and keeps the others for what they bound.
pub(super) fn plan(plan: &mut Plan) {
    let mut inline = Inline::new();
    let mut bound = plan.budgets_of(&[ORGANISATIONS, ORGANISATION_MEMBERS, TEAM_MEMBERS]);
    bound.extend(plan.budgets_of_new_members());
    let shared = plan.budgets_of(&[KEYS]);
    for row in plan.rows(BUDGETS) {
        let mut columns = Columns::new(row);
        let Some(id) = plan.id(Kind::Budget, &mut columns, "budget_id") else {
            continue;
        };
        let origin = plan.origin(&mut columns);
        let read = read(&mut columns, plan.now);
        if bound.contains(&id) {
            inline.insert(id.clone(), read.clone());
            if !shared.contains(&id) {
                plan.note_rest(Kind::Budget, &id, &[], columns);
                continue;
            }
        }
        if !plan.is_new(Kind::Budget, &id, &id) {
            continue;
        }
        match read {
            Ok(Found {
                mut spending,
                models,
            }) => {
                plan.drop_late_alert(Kind::Budget, &id, &mut spending);
                if !plan.make(&id, &id, &Budget { spending, origin }) {
                    continue;
                }
                if !models.is_empty() && !bound.contains(&id) {
                    let why = "allowed_models was not taken: it bounds members of teams only";
                    plan.note(Kind::Budget, &id, why.to_owned());
                }
                plan.note_rest(Kind::Budget, &id, &[], columns);
            }
            Err(why) => plan.leave_out(Kind::Budget, &id, why),
        }
    }
    plan.keep_budgets(inline);
}

fn read(columns: &mut Columns, now: u64) -> Result<Found, String> {
    let reset = columns.time("budget_reset_at")?;
    let models = match columns.take("allowed_models") {
        Some(Value::Array(models)) => models
            .iter()
            .filter_map(|model| Some(model.as_str()?.into()))
            .collect(),
        _ => Vec::new(),
    };
    let fields: BudgetFields = columns.read()?;
    let mut spending = Spending::default();
    fields.apply(&mut spending, now);
    if spending.budget_duration.is_some() && reset.is_some() {
        spending.budget_reset_at = reset;
    }
    Ok(Found { spending, models })
}

/// The names of budgets in rows.
pub(super) fn named(rows: &[Map<String, Value>]) -> impl Iterator<Item = Box<str>> + '_ {
    rows.iter()
        .filter_map(|row| Some(row.get("budget_id")?.as_str()?.into()))
}
