use serde_json::Value;

use super::fields::{missing, row, target};
use crate::call::{Call, Outcome};
use crate::page::Part;
use crate::request::{Fields, Shape};
use crate::target::Target;

pub(crate) struct ShowProject {
    id: Box<str>,
}

impl Shape for ShowProject {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("project_id"),
        }
    }
}

/// `GET /project/info`
pub(crate) fn show(call: &Call<'_>) -> Outcome {
    let request: ShowProject = call.query()?;
    let directory = call.plane.directory();
    let found = directory.projects.find(&request.id).ok_or_else(missing)?;
    let permit = call.authorise_found(&target(&directory, &found.object), missing)?;
    Ok(permit.show(row(&request.id, &found.object)))
}

pub(crate) struct ListProjects {
    team: Option<Box<str>>,
    part: Part,
}

impl Shape for ListProjects {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            team: fields.optional("team_id"),
            part: Part::read(fields),
        }
    }
}

/// `GET /project/list`
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let request: ListProjects = call.query()?;
    let (permit, by) = call.authorise_route()?;
    let directory = call.plane.directory();
    let sees_all = call.shows(by, &Target::default());
    let found = match &request.team {
        Some(team) => Some(directory.projects_of_team(team)),
        None if sees_all => None,
        None => {
            let teams = call.actor.teams_in_reach(&directory);
            let teams = teams.iter().map(|team| team.id.as_str());
            Some(
                teams
                    .flat_map(|team| directory.projects_of_team(team))
                    .collect(),
            )
        }
    };
    let page = match found {
        None => request.part.of(&directory.projects),
        Some(_) => request
            .part
            .cut(directory.projects.select_among(found, |entry| {
                sees_all || call.shows(by, &target(&directory, &entry.object))
            })),
    };
    let rows = page.items.iter();
    let rows = rows.map(|entry| row(entry.id.as_str(), &entry.object).into_value());
    let rows: Vec<Value> = rows.collect();
    Ok(permit.answer(rows.into()).of(page.total))
}
