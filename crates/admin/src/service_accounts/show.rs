use std::sync::Arc;

use ironward_store::Entry;
use ironward_store::objects::ServiceAccount;
use serde_json::{Value, json};

use super::fields::{missing, row, target};
use crate::call::{Call, Outcome};
use crate::page::Paging;
use crate::request::{Fields, Shape};
use crate::target::Target;

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

/// Who asks, and the accounts of the teams that they see: those that they may see are among them.
fn in_reach(call: &Call<'_>) -> Vec<Arc<Entry<ServiceAccount>>> {
    let directory = call.plane.directory();
    let own = call.actor.service_account();
    let own = own.and_then(|id| directory.service_accounts.find(id));
    let teams = call.actor.teams_in_reach(&directory);
    let teams = teams.iter().map(|team| team.id.as_str());
    let others = teams.flat_map(|team| directory.service_accounts_of_team(team));
    own.into_iter().chain(others).collect()
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
    let sees_all = call.shows(by, &Target::default());
    let accounts = &directory.service_accounts;
    let page = if sees_all && request.team.is_none() && request.alias.is_none() {
        request.paging.of(|part| accounts.page(part, false))
    } else {
        let found = match &request.team {
            Some(team) => Some(directory.service_accounts_of_team(team)),
            None => (!sees_all).then(|| in_reach(call)),
        };
        let found = accounts.select_among(found, |entry| {
            let (id, account) = (entry.id.as_str(), &entry.object);
            let mut alias = request.alias.iter();
            alias.all(|alias| *alias == account.alias)
                && (sees_all || call.shows(by, &target(&directory, Some(id), account)))
        });
        request.paging.cut(found)
    };
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
