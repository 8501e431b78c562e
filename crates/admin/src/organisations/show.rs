use std::sync::Arc;

use ironward_core::{Id, Money};
use ironward_store::objects::{Membership, Organisation, User};
use ironward_store::{Directory, Entry};
use serde_json::{Value, json};

use super::fields::{missing, row, target};
use crate::answer::{Row, time};
use crate::call::{Call, Outcome};
use crate::page::Part;
use crate::request::{Fields, Shape};
use crate::target::Target;
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
    Ok(permit.show(whole(&directory, &request.id, &found.object)))
}

/// An organisation with its members and teams.
fn whole(directory: &Directory, id: &str, organisation: &Organisation) -> Row {
    let users = directory.users_of_organisation(id);
    let members = users.iter().flat_map(|user| {
        let places = user.object.organisations.iter();
        let here = places.filter(|place| place.organisation.as_str() == id);
        here.map(|place| membership(&user.id, &user.object, place))
    });
    let members: Vec<Value> = members.collect();
    let teams = directory.teams_of_organisation(id);
    let teams = teams.iter();
    let teams = teams.map(|team| teams::row(directory, team.id.as_str(), &team.object));
    let teams: Vec<Value> = teams.map(Row::into_value).collect();
    let mut shown = row(directory, id, organisation);
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
    let sees_all = call.shows(by, &Target::default());
    let page = if sees_all && request.id.is_none() && request.alias.is_none() {
        request.part.of(&directory.organisations)
    } else {
        let found = request.candidates(call, sees_all);
        let found = directory.organisations.select_among(found, |entry| {
            let id = entry.id.as_str();
            let alias = entry.object.alias.to_lowercase();
            request.id.as_deref().is_none_or(|wanted| wanted == id)
                && request
                    .alias
                    .as_deref()
                    .is_none_or(|part| alias.contains(&part.to_lowercase()))
                && (sees_all || call.shows(by, &target(id)))
        });
        request.part.cut(found)
    };
    let rows = page.items.iter();
    let rows = rows.map(|entry| whole(&directory, entry.id.as_str(), &entry.object).into_value());
    let rows: Vec<Value> = rows.collect();
    Ok(permit.answer(rows.into()).of(page.total))
}

impl ListOrganisations {
    /// The one that is named, or those that the actor administers: the wanted ones are among them.
    fn candidates(&self, call: &Call<'_>, sees_all: bool) -> Option<Vec<Arc<Entry<Organisation>>>> {
        let directory = call.plane.directory();
        let find = |id: &str| directory.organisations.find(id);
        match &self.id {
            Some(id) => Some(find(id).into_iter().collect()),
            None if sees_all => None,
            None => Some(call.actor.administered().filter_map(find).collect()),
        }
    }
}
