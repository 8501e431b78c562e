use serde_json::{Value, json};

use super::change::missing;
use super::fields::{SETTINGS, row};
use crate::call::{Call, Outcome};
use crate::page::Part;
use crate::request::{Fields, Shape};
use crate::target::Target;

/// LiteLLM's `BudgetRequest`.
pub(crate) struct ShowBudgets {
    ids: Vec<Box<str>>,
}

impl Shape for ShowBudgets {
    fn read(fields: &mut Fields<'_>) -> Self {
        let ids: Vec<Box<str>> = fields.require("budgets");
        if ids.is_empty() {
            fields.refuse("budgets", "name the budgets that are meant");
        }
        Self { ids }
    }
}

/// `POST /budget/info`: those of them that there are.
pub(crate) fn show_many(call: &Call<'_>) -> Outcome {
    let request: ShowBudgets = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let directory = call.plane.directory();
    let found = request
        .ids
        .iter()
        .filter_map(|id| directory.budgets.find(id));
    let rows: Vec<Value> = found
        .map(|budget| row(&budget.id, &budget.object).into_value())
        .collect();
    Ok(permit.answer(rows.into()))
}

pub(crate) struct ListBudgets {
    part: Part,
}

impl Shape for ListBudgets {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            part: Part::read(fields),
        }
    }
}

/// `GET /budget/list`
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let request: ListBudgets = call.query()?;
    let permit = call.authorise(&Target::default())?;
    let page = request.part.of(&call.plane.directory().budgets);
    let rows = page.items.iter();
    let rows: Vec<Value> = rows
        .map(|budget| row(&budget.id, &budget.object).into_value())
        .collect();
    Ok(permit.answer(rows.into()).of(page.total))
}

pub(crate) struct ShowSettings {
    id: Box<str>,
}

impl Shape for ShowSettings {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("budget_id"),
        }
    }
}

/// `GET /budget/settings`: a form's fields with a budget's values.
pub(crate) fn show_settings(call: &Call<'_>) -> Outcome {
    let request: ShowSettings = call.query()?;
    let permit = call.authorise(&Target::default())?;
    let found = call.plane.directory().budgets.find(&request.id);
    let found = found.ok_or_else(missing)?;
    let values = row(&found.id, &found.object).into_value();
    let settings = SETTINGS.map(|(name, kind, description)| {
        json!({
            "field_name": name,
            "field_type": kind,
            "field_description": description,
            "field_value": values.get(name),
            "stored_in_db": true,
            "field_default_value": null,
        })
    });
    Ok(permit.answer(json!(settings)))
}
