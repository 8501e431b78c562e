use serde_json::Value;

use super::fields::{missing, row, target};
use crate::call::{Call, Outcome};
use crate::page::Part;
use crate::request::{Fields, Shape};

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
    let found = directory.projects.select(|entry| {
        let team = entry.object.team.as_str();
        request.team.as_deref().is_none_or(|wanted| wanted == team)
            && call.shows(by, &target(&directory, &entry.object))
    });
    let page = request.part.cut(found);
    let rows = page.items.iter();
    let rows = rows.map(|entry| row(entry.id.as_str(), &entry.object).into_value());
    let rows: Vec<Value> = rows.collect();
    Ok(permit.answer(rows.into()).of(page.total))
}
