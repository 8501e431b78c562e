use ironward_core::Id;
use ironward_policy::Spending;
use ironward_store::objects::Budget;
use ironward_store::{Change, Directory, Objects};
use serde_json::json;

use super::fields::{BudgetFields, row};
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::limits::Limits;
use crate::request::{Fields, Name, Shape};
use crate::target::Target;

/// LiteLLM's `BudgetNewRequest`.
pub(crate) struct NewBudget(BudgetFields);

impl Shape for NewBudget {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self(BudgetFields::read(fields))
    }
}

/// `POST /budget/new`
pub(crate) async fn create(call: &Call<'_>) -> Outcome {
    let NewBudget(fields) = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let id: Id<Budget> = match fields.id.get() {
        Some(id) => Id::new(id.as_str()),
        None => call.plane.new_id(),
    };
    if call.plane.directory().budgets.find(id.as_str()).is_some() {
        let message = "Budget with this budget_id already exists";
        return Err(Refusal::bad_request(message).with_param("budget_id"));
    }
    let mut budget = Budget {
        origin: call.origin(),
        ..Budget::default()
    };
    fields.apply(&mut budget.spending, call.now);
    check(call, &budget)?;
    call.plane
        .write(&permit, &[Change::create(&id, &budget)])
        .await?;
    Ok(permit.show(row(&id, &budget)))
}

pub(crate) struct UpdateBudget(BudgetFields);

impl Shape for UpdateBudget {
    fn read(fields: &mut Fields<'_>) -> Self {
        let read = BudgetFields::read(fields);
        if read.id.get().is_none() {
            fields.refuse("budget_id", "name the budget that is meant");
        }
        Self(read)
    }
}

/// `POST /budget/update`
pub(crate) async fn update(call: &Call<'_>) -> Outcome {
    let UpdateBudget(fields) = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let directory = call.plane.directory();
    let id = fields.id.get().map_or("", Name::as_str);
    let found = directory.budgets.find(id).ok_or_else(missing)?;
    let mut budget = found.object.clone();
    fields.apply(&mut budget.spending, call.now);
    check(call, &budget)?;
    call.stamp(&mut budget.origin);
    let change = Change::update(&found.id, found.version, &budget);
    call.plane.write(&permit, &[change]).await?;
    Ok(permit.show(row(&found.id, &budget)))
}

/// LiteLLM's `BudgetDeleteRequest`.
pub(crate) struct DeleteBudget {
    id: Box<str>,
}

impl Shape for DeleteBudget {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("id"),
        }
    }
}

/// `POST /budget/delete`
pub(crate) async fn delete(call: &Call<'_>) -> Outcome {
    let request: DeleteBudget = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let directory = call.plane.directory();
    let found = directory.budgets.find(&request.id).ok_or_else(missing)?;
    if let Some(kind) = user_of(&directory, &request.id) {
        let message = format!("a {kind} still has this budget; give it another one first");
        return Err(Refusal::bad_request(message).with_param("id"));
    }
    let change = Change::delete(&found.id, found.version);
    call.plane.write(&permit, &[change]).await?;
    Ok(permit.answer(json!(row(&found.id, &found.object).into_value())))
}

fn check(call: &Call<'_>, budget: &Budget) -> Result<(), Refusal> {
    let limits = Limits {
        grant: &ironward_policy::Grant::default(),
        spending: &budget.spending,
    };
    limits.check(&call.plane.directory())
}

/// A kind of object of which one names the budget. Nothing is held in an order by its budget, as they
/// are deleted seldom: it looks at each object until one does.
fn user_of(directory: &Directory, id: &str) -> Option<&'static str> {
    fn any<K, C>(objects: &Objects<K, C>, id: &str, of: fn(&C) -> &Spending) -> bool {
        objects.any(|entry| of(&entry.object).budget_id.as_deref() == Some(id))
    }
    let Directory {
        keys,
        users,
        teams,
        organisations,
        projects,
        customers,
        service_accounts: accounts,
        tags,
        ..
    } = directory;
    let kinds: [(&str, &dyn Fn() -> bool); 8] = [
        ("key", &|| any(keys, id, |key| &key.spending.rest)),
        ("user", &|| any(users, id, |user| &user.spending)),
        ("team", &|| any(teams, id, |team| &team.spending)),
        ("organization", &|| {
            any(organisations, id, |place| &place.spending)
        }),
        ("project", &|| {
            any(projects, id, |project| &project.spending)
        }),
        ("customer", &|| {
            any(customers, id, |customer| &customer.spending)
        }),
        ("service account", &|| {
            any(accounts, id, |account| &account.spending)
        }),
        ("tag", &|| any(tags, id, |tag| &tag.spending)),
    ];
    let found = kinds.into_iter().find(|(_, is)| is());
    found.map(|(kind, _)| kind)
}

pub(super) fn missing() -> Refusal {
    Refusal::not_found("Budget not found in database").with_param("budget_id")
}
