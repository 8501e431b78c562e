use ironward_core::Id;
use ironward_store::Change;
use ironward_store::objects::Customer;
use serde_json::{Value, json};

use super::fields::{CustomerFields, row};
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::limits::Limits;
use crate::request::{Fields, Name, Shape};
use crate::target::Target;

/// LiteLLM's `NewCustomerRequest`.
pub(crate) struct NewCustomer(Named);

/// LiteLLM's `UpdateCustomerRequest`.
pub(crate) struct UpdateCustomer(Named);

struct Named {
    id: Name,
    fields: CustomerFields,
}

impl Shape for Named {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("user_id"),
            fields: CustomerFields::read(fields),
        }
    }
}

impl Shape for NewCustomer {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self(Named::read(fields))
    }
}

impl Shape for UpdateCustomer {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self(Named::read(fields))
    }
}

/// `POST /customer/new`
pub(crate) async fn create(call: &Call<'_>) -> Outcome {
    let NewCustomer(request) = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let id: Id<Customer> = Id::new(request.id.as_str());
    if call.plane.directory().customers.find(id.as_str()).is_some() {
        return Err(Refusal::new(
            axum::http::StatusCode::BAD_REQUEST,
            "bad_request",
            "Customer already exists, passed user_id. Please pass a new user_id.",
        )
        .with_param("user_id"));
    }
    let mut customer = Customer {
        origin: call.origin(),
        ..Customer::default()
    };
    request.fields.apply(call, &mut customer)?;
    check(call, &customer)?;
    call.plane
        .write(&permit, &[Change::create(&id, &customer)])
        .await?;
    let directory = call.plane.directory();
    Ok(permit.show(row(&directory, id.as_str(), &customer)))
}

/// `POST /customer/update`
pub(crate) async fn update(call: &Call<'_>) -> Outcome {
    let UpdateCustomer(request) = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let directory = call.plane.directory();
    let found = directory
        .customers
        .find(request.id.as_str())
        .ok_or_else(missing)?;
    let mut customer = found.object.clone();
    request.fields.apply(call, &mut customer)?;
    check(call, &customer)?;
    call.stamp(&mut customer.origin);
    let change = Change::update(&found.id, found.version, &customer);
    call.plane.write(&permit, &[change]).await?;
    Ok(permit.show(row(&directory, found.id.as_str(), &customer)))
}

fn check(call: &Call<'_>, customer: &Customer) -> Result<(), Refusal> {
    let limits = Limits {
        grant: &customer.grant,
        spending: &customer.spending,
    };
    limits.check(&call.plane.directory())
}

/// LiteLLM's `BlockUsers` and `DeleteCustomerRequest`.
pub(crate) struct NamedCustomers {
    ids: Vec<Name>,
}

impl Shape for NamedCustomers {
    fn read(fields: &mut Fields<'_>) -> Self {
        let mut ids: Vec<Name> = fields.require("user_ids");
        if ids.is_empty() {
            fields.refuse("user_ids", "name the customers that are meant");
        }
        ids.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        ids.dedup();
        Self { ids }
    }
}

/// `POST /customer/block`
pub(crate) async fn block(call: &Call<'_>) -> Outcome {
    set_blocked(call, true).await
}

/// `POST /customer/unblock`
pub(crate) async fn unblock(call: &Call<'_>) -> Outcome {
    set_blocked(call, false).await
}

async fn set_blocked(call: &Call<'_>, blocked: bool) -> Outcome {
    let request: NamedCustomers = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let directory = call.plane.directory();
    let (mut changes, mut rows) = (Vec::new(), Vec::new());
    for id in &request.ids {
        let found = directory.customers.find(id.as_str());
        let mut customer = match &found {
            Some(found) => found.object.clone(),
            None if blocked => Customer {
                origin: call.origin(),
                ..Customer::default()
            },
            None => return Err(missing()),
        };
        customer.grant.blocked = blocked;
        call.stamp(&mut customer.origin);
        changes.push(match &found {
            Some(found) => Change::update(&found.id, found.version, &customer),
            None => Change::create(&Id::new(id.as_str()), &customer),
        });
        rows.push(row(&directory, id.as_str(), &customer).into_value());
    }
    call.plane.write(&permit, &changes).await?;
    Ok(permit.answer(if blocked {
        json!({ "blocked_users": rows })
    } else {
        let ids: Vec<&str> = request.ids.iter().map(Name::as_str).collect();
        json!({ "unblocked_users": ids })
    }))
}

/// `POST /customer/delete`: all of them or none.
pub(crate) async fn delete(call: &Call<'_>) -> Outcome {
    let request: NamedCustomers = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let directory = call.plane.directory();
    let found = request.ids.iter().map(|id| {
        let found = directory.customers.find(id.as_str());
        found.ok_or_else(missing)
    });
    let found: Vec<_> = found.collect::<Result<_, Refusal>>()?;
    let changes: Vec<Change> = found
        .iter()
        .map(|customer| Change::delete(&customer.id, customer.version))
        .collect();
    call.plane.write(&permit, &changes).await?;
    let answer: Value = json!({
        "deleted_customers": found.len(),
        "message": format!("Successfully deleted {} customers", found.len()),
    });
    Ok(permit.answer(answer))
}

/// LiteLLM answers a customer who is not there so.
pub(super) fn missing() -> Refusal {
    Refusal::not_found("End User Id does not exist in db").with_param("user_id")
}
