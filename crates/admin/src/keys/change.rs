use ironward_core::{Id, Money};
use ironward_policy::access::Route;
use ironward_store::Change;
use ironward_store::objects::Key;
use serde_json::{Value, json};

use super::draft;
use super::fields::{KeyFields, SPEND, life};
use super::find::{Held, held, held_by_alias};
use super::places::check_places;
use super::show::{row, spend};
use crate::answer::time;
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::request::{Field, Fields, Shape};
use crate::target::Target;

/// LiteLLM's `UpdateKeyRequest`.
pub(crate) struct UpdateKey {
    key: Option<Box<str>>,
    fields: KeyFields,
}

impl Shape for UpdateKey {
    fn read(fields: &mut Fields<'_>) -> Self {
        let read = Self {
            key: fields.optional("key"),
            fields: KeyFields::read(fields),
        };
        if read.key.is_none() && read.fields.alias.get().is_none() {
            fields.refuse("key", "name the key that is meant: key or key_alias");
        }
        read
    }
}

/// `POST /key/update`
pub(crate) async fn update(call: &Call<'_>) -> Outcome {
    let request: UpdateKey = call.body()?;
    let _turn = call.plane.turn().await;
    let (held, row) = change(call, request).await?;
    Ok(held.permit.answer(row))
}

/// Changes one key and gives it as it is now. The caller has the turn.
async fn change(call: &Call<'_>, request: UpdateKey) -> Result<(Held, Value), Refusal> {
    draft::check_fields(call, &request.fields)?;
    let alias = request
        .fields
        .alias
        .get()
        .map(|alias| alias.as_str().to_owned());
    let held = match (&request.key, alias) {
        (Some(key), _) => held(call, key)?,
        (None, Some(alias)) => held_by_alias(call, &alias)?,
        (None, None) => return Err(super::find::missing()),
    };
    let mut key = held.key.clone();
    check_project(&request.fields, &key)?;
    let life = request
        .fields
        .life
        .is_given()
        .then(|| life(&request.fields.life));
    let says_blocked = request.fields.grant.says_blocked();
    request.fields.apply(&mut key, call.now);
    if says_blocked && held.key.grant.blocked && !key.grant.blocked {
        check_unblock(call, &held)?;
    }
    // Where it is moved, the new place has to be theirs too; the places that come with it are
    // checked after that.
    let directory = call.plane.directory();
    let id = held.id.as_str();
    call.authorise(&Target::key(&directory, Some(id), &key))?;
    let mut changes = check_places(call, &mut key, false)?;
    call.authorise(&Target::key(&directory, Some(id), &key))?;
    if let Some(life) = life {
        key.grant.expires = draft::expiry(call, life)?;
    }
    if key.owner != held.key.owner {
        key.creator = draft::creator(call, &key);
    }
    draft::bound(call, &mut key, Some(&held.key))?;
    draft::check_grant(call, id, &key, Some(&held.key))?;
    draft::check_alias(call, Some(id), &key)?;
    key.origin.updated_at = call.now;
    key.origin.updated_by = call.actor.id().into();
    changes.push(Change::update(&held.id, held.version, &key));
    call.plane.write(&held.permit, &changes).await?;
    let mut shown = row(&directory, id, &key, call.now);
    shown.put("key", id);
    Ok((held, shown.into_value()))
}

/// As LiteLLM: a key may leave its project and never go to another one.
fn check_project(fields: &KeyFields, key: &Key) -> Result<(), Refusal> {
    match &fields.project {
        Field::Value(project) if key.project.as_ref().map(Id::as_str) != Some(project.as_str()) => {
            Err(Refusal::bad_request(
                "a key cannot be moved to another project; send null to detach it",
            )
            .with_param("project_id"))
        }
        _ => Ok(()),
    }
}

pub(crate) struct NamedKey {
    key: Box<str>,
}

impl Shape for NamedKey {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            key: fields.require("key"),
        }
    }
}

/// `POST /key/block`
pub(crate) async fn block(call: &Call<'_>) -> Outcome {
    set_blocked(call, true).await
}

/// `POST /key/unblock`
pub(crate) async fn unblock(call: &Call<'_>) -> Outcome {
    set_blocked(call, false).await
}

async fn set_blocked(call: &Call<'_>, blocked: bool) -> Outcome {
    let request: NamedKey = call.body()?;
    let _turn = call.plane.turn().await;
    let held = held(call, &request.key)?;
    let mut key = held.key.clone();
    key.grant.blocked = blocked;
    save(call, &held, key).await
}

/// Whether the actor may lift a block: a different question from whether they may change the key.
fn check_unblock(call: &Call<'_>, held: &Held) -> Result<(), Refusal> {
    let directory = call.plane.directory();
    let target = Target::key(&directory, Some(held.id.as_str()), &held.key);
    call.authorise_as(Route::KeyUnblock, &target)
}

async fn save(call: &Call<'_>, held: &Held, mut key: Key) -> Outcome {
    key.origin.updated_at = call.now;
    key.origin.updated_by = call.actor.id().into();
    let change = Change::update(&held.id, held.version, &key);
    call.plane.write(&held.permit, &[change]).await?;
    Ok(held.permit.show(row(
        &call.plane.directory(),
        held.id.as_str(),
        &key,
        call.now,
    )))
}

pub(crate) struct ResetSpend {
    reset_to: Money,
}

impl Shape for ResetSpend {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            reset_to: fields.require("reset_to"),
        }
    }
}

/// `POST /key/{key}/reset_spend`
pub(crate) async fn reset_spend(call: &Call<'_>) -> Outcome {
    let request: ResetSpend = call.body()?;
    let _turn = call.plane.turn().await;
    let held = held(call, call.name.as_deref().unwrap_or_default())?;
    let (before, after) = (spend(&held.key), request.reset_to.to_dollars());
    if after > before {
        return Err(
            Refusal::bad_request("reset_to may not be above the current spend")
                .with_param("reset_to"),
        );
    }
    let mut key = held.key.clone();
    key.kept.insert(SPEND.to_owned(), after.into());
    let id = held.id.as_str();
    let max_budget = key.spending.max_budget.map(Money::to_dollars);
    let reset_at = key.spending.budget_reset_at.map(time);
    save(call, &held, key).await?;
    Ok(held.permit.answer(json!({
        "key_hash": id,
        "spend": after,
        "previous_spend": before,
        "max_budget": max_budget,
        "budget_reset_at": reset_at,
    })))
}

/// LiteLLM's limit for one request.
const MOST_UPDATES: usize = 500;

pub(crate) struct UpdateKeys {
    keys: Vec<UpdateKey>,
}

impl Shape for UpdateKeys {
    fn read(fields: &mut Fields<'_>) -> Self {
        let keys: Vec<UpdateKey> = fields.require("keys");
        if keys.is_empty() || keys.len() > MOST_UPDATES {
            fields.refuse("keys", "name 1 to 500 keys");
        }
        Self { keys }
    }
}

/// `POST /key/bulk_update`: each key by itself; one that fails does not stop the others.
pub(crate) async fn update_many(call: &Call<'_>) -> Outcome {
    let request: UpdateKeys = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let total = request.keys.len();
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for (position, update) in request.keys.into_iter().enumerate() {
        match change(call, update).await {
            Ok((held, row)) => done.push(json!({"key": held.id.as_str(), "key_info": row})),
            Err(refusal) => failed.push(json!({
                "key": null,
                "position": position,
                "failed_reason": refusal.message(),
            })),
        }
    }
    Ok(permit.answer(json!({
        "total_requested": total,
        "successful_updates": done,
        "failed_updates": failed,
    })))
}
