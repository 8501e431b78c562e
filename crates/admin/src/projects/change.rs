use ironward_core::Id;
use ironward_policy::access::Route;
use ironward_store::Change;
use ironward_store::objects::{Metadata, Project};
use serde_json::Value;

use super::fields::{ProjectFields, missing, row, target};
use crate::call::{Call, Outcome};
use crate::cascade::Cascade;
use crate::fault::Refusal;
use crate::limits::{Above, Limits};
use crate::request::{Fields, Name, Shape};

/// LiteLLM's `NewProjectRequest`.
pub(crate) struct NewProject {
    id: Option<Name>,
    fields: ProjectFields,
}

impl Shape for NewProject {
    fn read(fields: &mut Fields<'_>) -> Self {
        let read = Self {
            id: fields.optional("project_id"),
            fields: ProjectFields::read(fields),
        };
        if read.fields.team.get().is_none() {
            fields.wrong("team_id", "missing", "Field required");
        }
        read
    }
}

/// `POST /project/new`
pub(crate) async fn create(call: &Call<'_>) -> Outcome {
    let request: NewProject = call.body()?;
    let _turn = call.plane.turn().await;
    let directory = call.plane.directory();
    let id: Id<Project> = match &request.id {
        Some(id) => Id::new(id.as_str()),
        None => call.plane.new_id(),
    };
    let mut project = Project {
        alias: Box::default(),
        team: Id::new(""),
        grant: Default::default(),
        spending: Default::default(),
        metadata: Metadata::new(),
        kept: Metadata::new(),
        origin: call.origin(),
    };
    request.fields.apply(call, &mut project)?;
    let permit = call.authorise(&target(&directory, &project))?;
    check_team(call, &project)?;
    if directory.projects.find(id.as_str()).is_some() {
        let message = "Project with this project_id already exists";
        return Err(Refusal::bad_request(message).with_param("project_id"));
    }
    check_given(call, &project)?;
    call.plane
        .write(&permit, &[Change::create(&id, &project)])
        .await?;
    Ok(permit.show(row(id.as_str(), &project)))
}

/// LiteLLM's `UpdateProjectRequest`.
pub(crate) struct UpdateProject {
    id: Box<str>,
    fields: ProjectFields,
}

impl Shape for UpdateProject {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("project_id"),
            fields: ProjectFields::read(fields),
        }
    }
}

/// `POST /project/update`
pub(crate) async fn update(call: &Call<'_>) -> Outcome {
    let request: UpdateProject = call.body()?;
    let _turn = call.plane.turn().await;
    let directory = call.plane.directory();
    let found = directory.projects.find(&request.id).ok_or_else(missing)?;
    let permit = call.authorise_found(&target(&directory, &found.object), missing)?;
    let mut project = found.object.clone();
    request.fields.apply(call, &mut project)?;
    if project.team != found.object.team {
        // Its keys name the team that they had: they would be of two teams.
        let message = "a project cannot be moved to another team";
        return Err(Refusal::bad_request(message).with_param("team_id"));
    }
    let raised = limits(&project).raised_from(&directory, limits(&found.object))?;
    match raised.filter(|_| !call.actor.is_administrator()) {
        None => limits(&project).check(&directory)?,
        Some(field) => {
            let team = target(&directory, &project);
            call.authorise_as(Route::TeamNew, &team).map_err(|_| {
                let message = format!(
                    "{field}: a team's administrators may lower a project's limits; only those \
                     of its organization or the proxy raise them"
                );
                Refusal::forbidden(message).with_param(field)
            })?;
            check_given(call, &project)?;
        }
    }
    call.stamp(&mut project.origin);
    let change = Change::update(&found.id, found.version, &project);
    call.plane.write(&permit, &[change]).await?;
    Ok(permit.show(row(&request.id, &project)))
}

fn check_team(call: &Call<'_>, project: &Project) -> Result<(), Refusal> {
    let team = call.plane.directory().teams.find(project.team.as_str());
    let missing = || Refusal::bad_request("Team doesn't exist").with_param("team_id");
    team.map(drop).ok_or_else(missing)
}

fn check_given(call: &Call<'_>, project: &Project) -> Result<(), Refusal> {
    let team = call.plane.directory().teams.find(project.team.as_str());
    let organisation = team.and_then(|team| team.object.organisation.clone());
    let above = Above {
        organisation: organisation.as_ref().map(Id::as_str),
        team: Some(project.team.as_str()),
    };
    limits(project).check_given(call, above)
}

const fn limits(project: &Project) -> Limits<'_> {
    Limits {
        grant: &project.grant,
        spending: &project.spending,
    }
}

/// LiteLLM's `DeleteProjectRequest`.
pub(crate) struct DeleteProjects {
    ids: Vec<Box<str>>,
}

impl Shape for DeleteProjects {
    fn read(fields: &mut Fields<'_>) -> Self {
        let mut ids: Vec<Box<str>> = fields.require("project_ids");
        if ids.is_empty() {
            fields.refuse("project_ids", "name the projects that are meant");
        }
        ids.sort_unstable();
        ids.dedup();
        Self { ids }
    }
}

/// `DELETE /project/delete`: all of them or none, with their keys.
pub(crate) async fn delete(call: &Call<'_>) -> Outcome {
    let request: DeleteProjects = call.body()?;
    let _turn = call.plane.turn().await;
    let directory = call.plane.directory();
    let mut cascade = Cascade::default();
    let (mut rows, mut permitted) = (Vec::new(), None);
    for id in &request.ids {
        let found = directory.projects.find(id).ok_or_else(missing)?;
        permitted = Some(call.authorise_found(&target(&directory, &found.object), missing)?);
        cascade.project(id);
        rows.push(row(id, &found.object).into_value());
    }
    let permit = permitted.ok_or_else(missing)?;
    let changes = cascade.changes(call, &directory);
    call.plane.write(&permit, &changes).await?;
    Ok(permit.answer(Value::Array(rows)))
}
