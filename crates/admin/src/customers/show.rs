use serde_json::Value;

use super::change::missing;
use super::fields::row;
use crate::call::{Call, Outcome};
use crate::page::Part;
use crate::request::{Fields, Shape};
use crate::target::Target;

pub(crate) struct ShowCustomer {
    id: Box<str>,
}

impl Shape for ShowCustomer {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("end_user_id"),
        }
    }
}

/// `GET /customer/info`
pub(crate) fn show(call: &Call<'_>) -> Outcome {
    let request: ShowCustomer = call.query()?;
    let permit = call.authorise(&Target::default())?;
    let directory = call.plane.directory();
    let found = directory.customers.find(&request.id).ok_or_else(missing)?;
    Ok(permit.show(row(&directory, &request.id, &found.object)))
}

pub(crate) struct ListCustomers {
    part: Part,
}

impl Shape for ListCustomers {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            part: Part::read(fields),
        }
    }
}

/// `GET /customer/list`
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let request: ListCustomers = call.query()?;
    let permit = call.authorise(&Target::default())?;
    let directory = call.plane.directory();
    let page = request.part.of(&directory.customers);
    let rows = page.items.iter();
    let rows: Vec<Value> = rows
        .map(|customer| row(&directory, customer.id.as_str(), &customer.object).into_value())
        .collect();
    Ok(permit.answer(rows.into()).of(page.total))
}
