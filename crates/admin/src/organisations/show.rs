use std::collections::BTreeMap;

use ironward_core::{Id, Money};
use ironward_store::Directory;
use ironward_store::objects::{Membership, Organisation, User};
use serde_json::{Value, json};

use super::fields::{missing, row, target};
use crate::answer::{Row, time};
use crate::call::{Call, Outcome};
use crate::page::Part;
use crate::request::{Fields, Shape};
use crate::teams;

/// A place in an organisation, as LiteLLM's `LiteLLM_OrganizationMembershipTable`.
pub(super) fn membership(id: &Id<User>, user: &User, place: &Membership) -> Value {
    json!({
        "user_id": id.as_str(),
        "user_email": user.email,
        "organization_id": place.organisation.as_str(),
        "user_role": place.role.as_str(),
        "spend": 0.0,
        "budget_id": null,
        "created_at": time(user.origin.created_at),
        "updated_at": time(user.origin.updated_at),
        "litellm_budget_table": {
            "max_budget": place.spending.max_budget.map(Money::to_dollars),
        },
    })
}

pub(crate) struct ShowOrganisation {
    id: Box<str>,
}

impl Shape for ShowOrganisation {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("organization_id"),
        }
    }
}

/// `GET /organization/info`: with its members and teams.
pub(crate) fn show(call: &Call<'_>) -> Outcome {
    let request: ShowOrganisation = call.query()?;
    let permit = call.authorise_found(&target(&request.id), missing)?;
    let directory = call.plane.directory();
    let found = directory.organisations.find(&request.id);
    let found = found.ok_or_else(missing)?;
    let mut all = within(&directory, std::iter::once(&*request.id));
    let within = all.remove(&*request.id).unwrap_or_default();
    Ok(permit.show(whole(&directory, &request.id, &found.object, within)))
}

/// What is in an organisation.
#[derive(Default)]
struct Within {
    members: Vec<Value>,
    teams: Vec<Value>,
}

/// What is in each of these organisations: every user and every team is looked at once.
fn within<'i>(
    directory: &Directory,
    ids: impl Iterator<Item = &'i str>,
) -> BTreeMap<&'i str, Within> {
    let mut all: BTreeMap<&str, Within> = ids.map(|id| (id, Within::default())).collect();
    let is_here = |place: &Membership| all.contains_key(place.organisation.as_str());
    let users = directory
        .users
        .select(|user| user.object.organisations.iter().any(is_here));
    let teams = directory.teams.select(|team| {
        let organisation = team.object.organisation.as_ref();
        organisation.is_some_and(|organisation| all.contains_key(organisation.as_str()))
    });
    for user in users {
        for place in &user.object.organisations {
            if let Some(within) = all.get_mut(place.organisation.as_str()) {
                let shown = membership(&user.id, &user.object, place);
                within.members.push(shown);
            }
        }
    }
    for team in teams {
        let organisation = team.object.organisation.as_ref();
        if let Some(within) = organisation.and_then(|id| all.get_mut(id.as_str())) {
            let shown = teams::row(directory, team.id.as_str(), &team.object);
            within.teams.push(shown.into_value());
        }
    }
    all
}

fn whole(directory: &Directory, id: &str, organisation: &Organisation, within: Within) -> Row {
    let mut shown = row(directory, id, organisation);
    let Within { members, teams } = within;
    shown.put("members", members).put("teams", teams);
    shown
}

pub(crate) struct ListOrganisations {
    id: Option<Box<str>>,
    alias: Option<Box<str>>,
    part: Part,
}

impl Shape for ListOrganisations {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.optional("org_id"),
            alias: fields.optional("org_alias"),
            part: Part::read(fields),
        }
    }
}

/// `GET /organization/list`
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let request: ListOrganisations = call.query()?;
    let (permit, by) = call.authorise_route()?;
    let directory = call.plane.directory();
    let found = directory.organisations.select(|entry| {
        let id = entry.id.as_str();
        let alias = entry.object.alias.to_lowercase();
        request.id.as_deref().is_none_or(|wanted| wanted == id)
            && request
                .alias
                .as_deref()
                .is_none_or(|part| alias.contains(&part.to_lowercase()))
            && call.shows(by, &target(id))
    });
    let page = request.part.cut(found);
    let mut all = within(&directory, page.items.iter().map(|entry| entry.id.as_str()));
    let rows = page.items.iter().map(|entry| {
        let id = entry.id.as_str();
        let within = all.remove(id).unwrap_or_default();
        whole(&directory, id, &entry.object, within).into_value()
    });
    let rows: Vec<Value> = rows.collect();
    Ok(permit.answer(rows.into()).of(page.total))
}
