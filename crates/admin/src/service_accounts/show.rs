use serde_json::{Value, json};

use super::fields::{missing, row, target};
use crate::call::{Call, Outcome};
use crate::page::Paging;
use crate::request::{Fields, Shape};

pub(crate) struct ShowServiceAccount {
    id: Box<str>,
}

impl Shape for ShowServiceAccount {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("service_account_id"),
        }
    }
}

/// `GET /service_account/info`
pub(crate) fn show(call: &Call<'_>) -> Outcome {
    let request: ShowServiceAccount = call.query()?;
    let directory = call.plane.directory();
    let found = directory.service_accounts.find(&request.id);
    let found = found.ok_or_else(missing)?;
    let target = target(&directory, Some(&request.id), &found.object);
    let permit = call.authorise_found(&target, missing)?;
    Ok(permit.show(row(&request.id, &found.object)))
}

pub(crate) struct ListServiceAccounts {
    team: Option<Box<str>>,
    alias: Option<Box<str>>,
    paging: Paging,
}

impl Shape for ListServiceAccounts {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            team: fields.optional("team_id"),
            alias: fields.optional("service_account_alias"),
            paging: Paging::read(fields, "page_size", 25),
        }
    }
}

/// `GET /service_account/list`
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let request: ListServiceAccounts = call.query()?;
    let (permit, by) = call.authorise_route()?;
    let directory = call.plane.directory();
    let found = directory.service_accounts.select(|entry| {
        let account = &entry.object;
        let is = |wanted: Option<&str>, its: &str| wanted.is_none_or(|wanted| wanted == its);
        is(request.team.as_deref(), account.team.as_str())
            && is(request.alias.as_deref(), &account.alias)
            && call.shows(by, &target(&directory, Some(entry.id.as_str()), account))
    });
    let page = request.paging.cut(found);
    let rows = page.items.iter();
    let rows: Vec<Value> = rows
        .map(|entry| row(entry.id.as_str(), &entry.object).into_value())
        .collect();
    Ok(permit.answer(json!({
        "service_accounts": rows,
        "total": page.total,
        "page": page.page,
        "page_size": page.size,
        "total_pages": page.pages,
    })))
}
