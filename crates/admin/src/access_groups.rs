//! Access groups: `/access_group/*`, LiteLLM's `model_access_group_management_endpoints.py`. A
//! group is an object of its own here, not a mark on deployments, so that one may hold model groups
//! of the configuration, and patterns.

pub(crate) mod answers;

use std::sync::Arc;

use ironward_core::Id;
use ironward_store::objects::{AccessGroup, Origin};
use ironward_store::{Change, Entry};
use serde_json::{Value, json};

use crate::answer::{Row, time};
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::models;
use crate::page::Part;
use crate::request::{Field, Fields, Name, Shape};
use crate::target::Target;

/// LiteLLM's `NewModelGroupRequest`.
pub(crate) struct NewAccessGroup {
    name: Name,
    models: Vec<Name>,
    description: Option<Box<str>>,
}

impl Shape for NewAccessGroup {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            name: fields.require("access_group"),
            models: read_models(fields),
            description: fields.optional("description"),
        }
    }
}

/// LiteLLM's `UpdateModelGroupRequest`.
pub(crate) struct UpdateAccessGroup {
    models: Vec<Name>,
    description: Field<Box<str>>,
}

impl Shape for UpdateAccessGroup {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            models: read_models(fields),
            description: fields.take("description"),
        }
    }
}

/// Without a model a group would grant nothing, and whoever makes one expects it to matter.
fn read_models(fields: &mut Fields<'_>) -> Vec<Name> {
    let models: Vec<Name> = fields.require("model_names");
    if models.is_empty() {
        fields.refuse("model_names", "name at least one model group");
    }
    models
}

/// `POST /access_group/new`
pub(crate) async fn create(call: &Call<'_>) -> Outcome {
    let request: NewAccessGroup = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let name = request.name.as_str();
    if call.plane.directory().access_groups.find(name).is_some() {
        return Err(
            Refusal::conflict("this access group exists already").with_param("access_group")
        );
    }
    check_name(call, &request.name)?;
    let group = AccessGroup {
        models: check_models(call, request.models)?,
        description: request.description,
        origin: Origin {
            created_at: call.now,
            created_by: call.actor.id().into(),
            updated_at: call.now,
            updated_by: call.actor.id().into(),
        },
    };
    let id = Id::new(name);
    call.plane
        .write(&permit, &[Change::create(&id, &group)])
        .await?;
    Ok(permit.answer(written(call, name, &group)))
}

/// `PUT /access_group/{access_group}/update`
pub(crate) async fn update(call: &Call<'_>) -> Outcome {
    let request: UpdateAccessGroup = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let found = find(call)?;
    let mut group = found.object.clone();
    group.models = check_models(call, request.models)?;
    request.description.apply(&mut group.description);
    group.origin.updated_at = call.now;
    group.origin.updated_by = call.actor.id().into();
    let change = Change::update(&found.id, found.version, &group);
    call.plane.write(&permit, &[change]).await?;
    Ok(permit.answer(written(call, found.id.as_str(), &group)))
}

/// `DELETE /access_group/{access_group}/delete`: whoever names the group is granted nothing by it
/// from now on.
pub(crate) async fn delete(call: &Call<'_>) -> Outcome {
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let found = find(call)?;
    let change = Change::delete(&found.id, found.version);
    call.plane.write(&permit, &[change]).await?;
    Ok(permit.answer(json!({
        "access_group": found.id.as_str(),
        "models_updated": models::count(call, &found.object.models),
        "message": "Access group deleted successfully",
    })))
}

/// `GET /access_group/{access_group}/info`
pub(crate) fn show(call: &Call<'_>) -> Outcome {
    let permit = call.authorise(&Target::default())?;
    let found = find(call)?;
    Ok(permit.show(row(call, found.id.as_str(), &found.object)))
}

pub(crate) struct ListAccessGroups {
    part: Part,
}

impl Shape for ListAccessGroups {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            part: Part::read(fields),
        }
    }
}

/// `GET /access_group/list`
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let request: ListAccessGroups = call.query()?;
    let permit = call.authorise(&Target::default())?;
    let page = request.part.of(&call.plane.directory().access_groups);
    let rows = page.items.iter();
    let rows = rows.map(|entry| row(call, entry.id.as_str(), &entry.object).into_value());
    let rows: Vec<Value> = rows.collect();
    Ok(permit
        .answer(json!({ "access_groups": rows }))
        .of(page.total))
}

/// LiteLLM's `NewModelGroupResponse`.
fn written(call: &Call<'_>, name: &str, group: &AccessGroup) -> Value {
    json!({
        "access_group": name,
        "model_names": group.models,
        "models_updated": models::count(call, &group.models),
    })
}

/// LiteLLM's `AccessGroupInfo`, with what is told about the group.
fn row(call: &Call<'_>, name: &str, group: &AccessGroup) -> Row {
    let mut row = Row::default();
    row.put("access_group", name)
        .put("model_names", &group.models);
    row.put("deployment_count", models::count(call, &group.models));
    row.put("description", &group.description);
    row.put("created_at", time(group.origin.created_at))
        .put("created_by", &group.origin.created_by);
    row.put("updated_at", time(group.origin.updated_at))
        .put("updated_by", &group.origin.updated_by);
    row
}

/// A group is named where models are: its name must not mean anything else there.
fn check_name(call: &Call<'_>, name: &Name) -> Result<(), Refusal> {
    const TAKEN: [&str; 3] = ["all-proxy-models", "all-team-models", "no-default-models"];
    let is_model = models::count(call, &[name.as_str().into()]) > 0;
    if is_model || name.as_str().contains('*') || TAKEN.contains(&name.as_str()) {
        return Err(Refusal::bad_request(
            "in a list of models this name would mean something else; choose another one",
        )
        .with_param("access_group"));
    }
    Ok(())
}

/// The names, each once. As in LiteLLM, one that no deployment has is a slip; a pattern may come
/// before what it is for.
fn check_models(call: &Call<'_>, names: Vec<Name>) -> Result<Vec<Box<str>>, Refusal> {
    let mut models: Vec<Box<str>> = Vec::with_capacity(names.len());
    for (position, name) in names.into_iter().enumerate() {
        let name = name.into_text();
        if !name.contains('*') && models::count(call, std::slice::from_ref(&name)) == 0 {
            let param = format!("model_names[{position}]");
            return Err(Refusal::bad_request(format!(
                "{param}: there is no model group of this name"
            ))
            .with_param(param));
        }
        if !models.contains(&name) {
            models.push(name);
        }
    }
    Ok(models)
}

fn find(call: &Call<'_>) -> Result<Arc<Entry<AccessGroup>>, Refusal> {
    let name = call.name.as_deref().unwrap_or_default();
    let found = call.plane.directory().access_groups.find(name);
    found.ok_or_else(|| Refusal::not_found("Access group not found").with_param("access_group"))
}
