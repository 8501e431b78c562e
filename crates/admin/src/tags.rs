//! Tags: `/tag/*`, LiteLLM's `tag_management_endpoints.py`. A tag is known by its name.

pub(crate) mod answers;

use std::collections::BTreeMap;
use std::sync::Arc;

use ironward_core::Id;
use ironward_store::objects::{Origin, Tag};
use ironward_store::{Change, Directory, Entry};
use serde_json::{Map, Value, json};

use crate::answer::{Row, time};
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::fields::SpendingFields;
use crate::page::Part;
use crate::request::{Field, Fields, Name, Shape};
use crate::target::Target;

/// LiteLLM's `TagNewRequest` and `TagUpdateRequest`.
pub(crate) struct TagFields {
    name: Name,
    description: Field<Box<str>>,
    models: Field<Vec<Name>>,
    spending: SpendingFields,
}

impl Shape for TagFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        // The names of the models by their ids, which answers show; it is theirs to say.
        let _told: Option<Map<String, Value>> = fields.optional("model_info");
        Self {
            name: fields.require("name"),
            description: fields.take("description"),
            models: fields.take("models"),
            spending: SpendingFields::read(fields),
        }
    }
}

impl TagFields {
    /// Changes what the request names.
    fn apply(self, call: &Call<'_>, tag: &mut Tag) -> Result<(), Refusal> {
        self.description.apply(&mut tag.description);
        let models = self.models.map(|models| {
            let models = models.into_iter().map(Name::into_text);
            models.collect()
        });
        models.apply_or_default(&mut tag.models);
        self.spending.apply(&mut tag.spending, call.now);
        if let Some(budget) = &tag.spending.budget_id
            && call.plane.directory().budgets.find(budget).is_none()
        {
            return Err(
                Refusal::bad_request("there is no budget of this id").with_param("budget_id")
            );
        }
        tag.origin.updated_at = call.now;
        tag.origin.updated_by = call.actor.id().into();
        Ok(())
    }
}

pub(crate) struct NamedTag {
    name: Box<str>,
}

impl Shape for NamedTag {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            name: fields.require("name"),
        }
    }
}

pub(crate) struct NamedTags {
    names: Vec<Box<str>>,
}

impl Shape for NamedTags {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            names: fields.require("names"),
        }
    }
}

/// `POST /tag/new`
pub(crate) async fn create(call: &Call<'_>) -> Outcome {
    let request: TagFields = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let id: Id<Tag> = Id::new(request.name.as_str());
    if call.plane.directory().tags.find(id.as_str()).is_some() {
        return Err(Refusal::conflict("this tag exists already").with_param("name"));
    }
    let mut tag = Tag {
        origin: Origin {
            created_at: call.now,
            created_by: call.actor.id().into(),
            ..Origin::default()
        },
        ..Tag::default()
    };
    request.apply(call, &mut tag)?;
    call.plane
        .write(&permit, &[Change::create(&id, &tag)])
        .await?;
    let message = format!("Tag {id} created successfully");
    let tag = row(&call.plane.directory(), id.as_str(), &tag);
    Ok(permit.answer(json!({"message": message, "tag": tag})))
}

/// `POST /tag/update`
pub(crate) async fn update(call: &Call<'_>) -> Outcome {
    let request: TagFields = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let found = find(call, request.name.as_str())?;
    let mut tag = found.object.clone();
    request.apply(call, &mut tag)?;
    let change = Change::update(&found.id, found.version, &tag);
    call.plane.write(&permit, &[change]).await?;
    let message = format!("Tag {} updated successfully", found.id);
    let tag = row(&call.plane.directory(), found.id.as_str(), &tag);
    Ok(permit.answer(json!({"message": message, "tag": tag})))
}

/// `POST /tag/delete`
pub(crate) async fn delete(call: &Call<'_>) -> Outcome {
    let request: NamedTag = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let found = find(call, &request.name)?;
    let change = Change::delete(&found.id, found.version);
    call.plane.write(&permit, &[change]).await?;
    let message = format!("Tag {} deleted successfully", found.id);
    Ok(permit.answer(json!({ "message": message })))
}

/// `POST /tag/info`: those that there are of the named ones, by name.
pub(crate) fn show(call: &Call<'_>) -> Outcome {
    let request: NamedTags = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let directory = call.plane.directory();
    let found = request.names.iter().map(|name| find(call, name));
    let found: Vec<Arc<Entry<Tag>>> = found.collect::<Result<_, _>>()?;
    let rows: BTreeMap<&str, Value> = found
        .iter()
        .map(|entry| {
            let name = entry.id.as_str();
            (name, row(&directory, name, &entry.object))
        })
        .collect();
    Ok(permit.answer(json!(rows)))
}

pub(crate) struct ListTags {
    part: Part,
}

impl Shape for ListTags {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            part: Part::read(fields),
        }
    }
}

/// `GET /tag/list`
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let request: ListTags = call.query()?;
    let permit = call.authorise(&Target::default())?;
    let directory = call.plane.directory();
    let page = request.part.of(&directory.tags);
    let rows = page.items.iter();
    let rows = rows.map(|entry| row(&directory, entry.id.as_str(), &entry.object));
    Ok(permit.answer(rows.collect()).of(page.total))
}

/// LiteLLM's `TagConfig`.
fn row(directory: &Directory, name: &str, tag: &Tag) -> Value {
    let mut row = Row::default();
    row.put("name", name).put("description", &tag.description);
    row.put("models", &tag.models);
    let names = tag.models.iter().map(|model| {
        let stored = directory.deployments.find(model);
        let name = stored.map(|entry| entry.object.model_name.clone());
        (model, name.unwrap_or_else(|| model.clone()))
    });
    let names: BTreeMap<_, _> = names.collect();
    row.put("model_info", names);
    SpendingFields::show(&tag.spending, &mut row);
    let mut budget = Row::default();
    SpendingFields::show(&tag.spending, &mut budget);
    row.put("litellm_budget_table", budget.into_value());
    row.put("created_at", time(tag.origin.created_at))
        .put("created_by", &tag.origin.created_by);
    row.put("updated_at", time(tag.origin.updated_at))
        .put("updated_by", &tag.origin.updated_by);
    row.into_value()
}

fn find(call: &Call<'_>, name: &str) -> Result<Arc<Entry<Tag>>, Refusal> {
    let found = call.plane.directory().tags.find(name);
    found.ok_or_else(|| Refusal::not_found("Tag not found").with_param("name"))
}
