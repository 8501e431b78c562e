use ironward_core::Money;
use ironward_store::Directory;
use ironward_store::objects::{Key, Kind, Owner};
use serde_json::{Value, json};

use super::fields::{KEPT, KEY_TYPE, SPEND};
use super::find::{find, held, missing};
use crate::answer::{Row, time};
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::fields::{GrantFields, Kept, SpendingFields};
use crate::request::{Fields, Shape};
use crate::target::Target;

/// A key as LiteLLM shows one, without any secret.
pub(crate) fn row(directory: &Directory, id: &str, key: &Key, now: u64) -> Row {
    let mut row = Row::default();
    row.put("token", id).put("token_id", id);
    row.put("key_name", &key.name).put("key_alias", &key.alias);
    row.put("key_type", key.kept.get(KEY_TYPE));
    row.put("status", status(key.grant.blocked, key.grant.expires, now));
    row.put("expires", key.grant.expires.map(time));
    row.put(SPEND, spend(key));
    row.put("user_id", owner_user(key));
    let account = match &key.owner {
        Owner::ServiceAccount(account) => Some(account.as_str()),
        Owner::User(_) | Owner::Team => None,
    };
    row.put("agent_id", account);
    row.put("team_id", key.team.as_ref().map(|id| id.as_str()));
    row.put("project_id", key.project.as_ref().map(|id| id.as_str()));
    let organisation = key.organisation.as_ref().map(|id| id.as_str());
    row.put("organization_id", organisation)
        .put("org_id", organisation);
    GrantFields::show(&key.grant, &key.kept, &mut row);
    SpendingFields::show(&key.spending, &mut row);
    let budget = key
        .spending
        .budget_id
        .as_ref()
        .and_then(|id| directory.budgets.find(id));
    row.put(
        "litellm_budget_table",
        budget.map(|budget| {
            let mut row = Row::default();
            SpendingFields::show(&budget.object.spending, &mut row);
            row.put("budget_id", budget.id.as_str());
            row.into_value()
        }),
    );
    row.put("aliases", &key.aliases).put("tags", &key.tags);
    row.put("auto_rotate", key.rotation_interval.is_some());
    row.put("rotation_interval", &key.rotation_interval);
    row.put("metadata", &key.metadata);
    Kept::show(&key.kept, &KEPT, &mut row);
    let live = key
        .secrets
        .iter()
        .filter(|secret| secret.until.is_none_or(|until| until > now));
    row.put("live_secrets", live.count());
    let last_use = directory.keys.find(id);
    let last_use = last_use.and_then(|held| held.object.last_use.at());
    row.put("last_active", last_use.map(time));
    row.put("created_at", time(key.origin.created_at))
        .put("created_by", &key.origin.created_by);
    row.put("updated_at", time(key.origin.updated_at))
        .put("updated_by", &key.origin.updated_by);
    row
}

/// LiteLLM's word for the state of a key; it calls a blocked one revoked.
pub(super) fn status(blocked: bool, expires: Option<u64>, now: u64) -> &'static str {
    if blocked {
        "revoked"
    } else if expires.is_some_and(|expires| expires <= now) {
        "expired"
    } else {
        "active"
    }
}

pub(super) fn owner_user(key: &Key) -> Option<&str> {
    match &key.owner {
        Owner::User(user) => Some(user.as_str()),
        Owner::ServiceAccount(_) | Owner::Team => None,
    }
}

/// What was spent, as far as requests have said.
pub(super) fn spend(key: &Key) -> f64 {
    key.kept
        .get(SPEND)
        .and_then(Value::as_f64)
        .unwrap_or_else(|| Money::ZERO.to_dollars())
}

pub(crate) struct ShowKey {
    key: Option<Box<str>>,
}

impl Shape for ShowKey {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            key: fields.optional("key"),
        }
    }
}

/// `GET /key/info`: the key in the query, or the one that was presented.
pub(crate) async fn show_one(call: &Call<'_>) -> Outcome {
    let request: ShowKey = call.query()?;
    let name = request
        .key
        .as_deref()
        .or_else(|| call.actor.key())
        .ok_or_else(missing)?;
    let held = held(call, name)?;
    call.plane.read_uses(Kind::Key, &[held.id.as_str()]).await;
    let mut shown = row(
        &call.plane.directory(),
        held.id.as_str(),
        &held.key,
        call.now,
    );
    shown.remove("token");
    let mut answer = Row::default();
    answer
        .put("key", held.id.as_str())
        .put("info", shown.into_value());
    Ok(held.permit.show(answer))
}

/// The most keys that one request names.
const MOST_KEYS: usize = 500;

pub(crate) struct ShowKeys {
    keys: Vec<Box<str>>,
}

impl Shape for ShowKeys {
    fn read(fields: &mut Fields<'_>) -> Self {
        let keys: Vec<Box<str>> = fields.require("keys");
        if keys.len() > MOST_KEYS {
            fields.refuse("keys", "name at most 500 keys");
        }
        Self { keys }
    }
}

/// `POST /v2/key/info`: those of the keys in the body that the actor may see.
pub(crate) async fn show_many(call: &Call<'_>) -> Outcome {
    let request: ShowKeys = call.body()?;
    let (permit, by) = call.authorise_route()?;
    let directory = call.plane.directory();
    let mut ids: Vec<String> = Vec::new();
    let mut keys = Vec::new();
    for name in &request.keys {
        let Some(found) = find(call.plane, name) else {
            continue;
        };
        let key = found.object.whole();
        let id = found.id.as_str();
        if !call.shows(by, &Target::key(&directory, Some(id), &key)) || ids.contains(&id.to_owned())
        {
            continue;
        }
        ids.push(id.to_owned());
        keys.push(key);
    }
    if ids.is_empty() {
        return Err(Refusal::new(
            axum::http::StatusCode::UNPROCESSABLE_ENTITY,
            "bad_request_error",
            "No keys found",
        )
        .with_param("keys"));
    }
    let named: Vec<&str> = ids.iter().map(String::as_str).collect();
    call.plane.read_uses(Kind::Key, &named).await;
    let rows = ids.iter().zip(&keys);
    let rows = rows.map(|(id, key)| row(&directory, id, key, call.now).into_value());
    let rows: Vec<Value> = rows.collect();
    Ok(permit.answer(json!({"key": ids, "info": rows})))
}

/// `POST /key/health`: whether the presented key works. That it got here says so; no logging is
/// set on a key here.
pub(crate) fn check_health(call: &Call<'_>) -> Outcome {
    let permit = match call.actor.key() {
        Some(key) => held(call, key)?.permit,
        None => call.authorise(&Target::default())?,
    };
    Ok(permit.answer(json!({"key": "healthy", "logging_callbacks": null})))
}
