use ironward_core::Id;
use ironward_store::Change;
use ironward_store::objects::{Origin, StoredDeployment};
use serde_json::json;

use super::draft::Changes;
use super::find::{find, is_configured};
use super::show::row;
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::request::{Fields, Name, Shape};
use crate::sealing::Params;
use crate::target::Target;

/// LiteLLM's `Deployment`.
pub(crate) struct NewModel {
    name: Name,
    changes: Changes,
    blocked: bool,
}

impl Shape for NewModel {
    fn read(fields: &mut Fields<'_>) -> Self {
        let read = Self {
            name: fields.require("model_name"),
            changes: Changes {
                params: fields.require::<Params>("litellm_params").0,
                info: fields.optional("model_info").unwrap_or_default(),
            },
            blocked: fields.optional("blocked").unwrap_or_default(),
        };
        if let Some(id) = read.changes.info.0.get("id")
            && !id.as_str().is_some_and(is_id)
        {
            fields.refuse(
                "model_info",
                "an id is text of 1 to 255 characters, none of them a control character",
            );
        }
        read
    }
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.chars().count() <= 255 && !id.chars().any(char::is_control)
}

/// LiteLLM's `updateDeployment`.
pub(crate) struct PatchModel {
    name: Option<Name>,
    changes: Changes,
    blocked: Option<bool>,
}

impl Shape for PatchModel {
    fn read(fields: &mut Fields<'_>) -> Self {
        let params: Option<Params> = fields.optional("litellm_params");
        Self {
            name: fields.optional("model_name"),
            changes: Changes {
                params: params.unwrap_or_default().0,
                info: fields.optional("model_info").unwrap_or_default(),
            },
            blocked: fields.optional("blocked"),
        }
    }
}

/// The same, naming the deployment by `model_info.id`.
pub(crate) struct UpdateModel {
    id: Box<str>,
    patch: PatchModel,
}

impl Shape for UpdateModel {
    fn read(fields: &mut Fields<'_>) -> Self {
        let patch = PatchModel::read(fields);
        let id = patch.changes.id().map(Into::into);
        if id.is_none() {
            fields.refuse("model_info", "name the model that is meant: model_info.id");
        }
        Self {
            id: id.unwrap_or_default(),
            patch,
        }
    }
}

/// LiteLLM's `ModelInfoDelete`.
pub(crate) struct DeleteModel {
    id: Box<str>,
}

impl Shape for DeleteModel {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("id"),
        }
    }
}

pub(crate) struct BlockModel {
    id: Box<str>,
}

impl Shape for BlockModel {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("model_id"),
        }
    }
}

/// `POST /model/new`
pub(crate) async fn create(call: &Call<'_>) -> Outcome {
    let request: NewModel = call.body()?;
    let permit = call.authorise(&Target::default())?;
    if !call.plane.settings.load().stores_models {
        return Err(Refusal::bad_request(
            "deployments of the database are not used here; set general_settings.store_model_in_db \
             (or STORE_MODEL_IN_DB) to true",
        ));
    }
    let _turn = call.plane.turn().await;
    let id: Box<str> = match request.changes.id() {
        Some(id) => id.into(),
        None => draw_id(call).into(),
    };
    let is_stored = call.plane.directory().deployments.find(&id).is_some();
    if is_stored || is_configured(call, &id) {
        return Err(
            Refusal::bad_request("a model with this id exists already").with_param("model_info.id")
        );
    }
    let mut deployment = StoredDeployment {
        model_name: request.name.into_text(),
        blocked: request.blocked,
        origin: Origin {
            created_at: call.now,
            created_by: call.actor.id().into(),
            updated_at: call.now,
            updated_by: call.actor.id().into(),
        },
        ..StoredDeployment::default()
    };
    let notices = request.changes.apply(call, (&id, 1), &mut deployment)?;
    let change = Change::create(&Id::new(&id), &deployment);
    call.plane.write(&permit, &[change]).await?;
    let mut shown = row(&id, &deployment, call.now);
    shown.put("notices", notices);
    Ok(permit.show(shown))
}

/// A random UUID, as LiteLLM's ids are.
fn draw_id(call: &Call<'_>) -> String {
    let drawn = u128::from_be_bytes(call.plane.draw());
    let (version, variant) = (0xf_u128 << 76, 0x3_u128 << 62);
    let id = drawn & !version & !variant | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{id:032x}");
    let mut text = String::with_capacity(36);
    for (position, digit) in hex.chars().enumerate() {
        if matches!(position, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

/// `POST /model/update`
pub(crate) async fn update(call: &Call<'_>) -> Outcome {
    let request: UpdateModel = call.body()?;
    change(call, &request.id, request.patch).await
}

/// `PATCH /model/{model}/update`
pub(crate) async fn patch(call: &Call<'_>) -> Outcome {
    let request: PatchModel = call.body()?;
    let id = call.name.as_deref().unwrap_or_default();
    if request.changes.info.0.contains_key("id") && request.changes.id() != Some(id) {
        return Err(
            Refusal::bad_request("the id of a model cannot be changed").with_param("model_info.id")
        );
    }
    change(call, id, request).await
}

async fn change(call: &Call<'_>, id: &str, request: PatchModel) -> Outcome {
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let found = find(call, id)?;
    let mut deployment = found.object.clone();
    if let Some(name) = request.name {
        deployment.model_name = name.into_text();
    }
    if let Some(blocked) = request.blocked {
        deployment.blocked = blocked;
    }
    let place = (id, found.version + 1);
    let notices = request.changes.apply(call, place, &mut deployment)?;
    deployment.origin.updated_at = call.now;
    deployment.origin.updated_by = call.actor.id().into();
    let change = Change::update(&found.id, found.version, &deployment);
    call.plane.write(&permit, &[change]).await?;
    let mut shown = row(id, &deployment, call.now);
    shown.put("notices", notices);
    Ok(permit.show(shown))
}

/// `POST /model/delete`
pub(crate) async fn delete(call: &Call<'_>) -> Outcome {
    let request: DeleteModel = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let found = find(call, &request.id)?;
    let change = Change::delete(&found.id, found.version);
    call.plane.write(&permit, &[change]).await?;
    let message = format!("Model: {} deleted successfully", found.id);
    Ok(permit.answer(json!({ "message": message })))
}

/// `POST /model/block`
pub(crate) async fn block(call: &Call<'_>) -> Outcome {
    set_blocked(call, true).await
}

/// `POST /model/unblock`
pub(crate) async fn unblock(call: &Call<'_>) -> Outcome {
    set_blocked(call, false).await
}

async fn set_blocked(call: &Call<'_>, blocked: bool) -> Outcome {
    let request: BlockModel = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let found = find(call, &request.id)?;
    let mut deployment = found.object.clone();
    deployment.blocked = blocked;
    deployment.origin.updated_at = call.now;
    deployment.origin.updated_by = call.actor.id().into();
    let change = Change::update(&found.id, found.version, &deployment);
    call.plane.write(&permit, &[change]).await?;
    Ok(permit.show(row(&request.id, &deployment, call.now)))
}
