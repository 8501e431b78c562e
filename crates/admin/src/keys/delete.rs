use ironward_store::Change;
use serde_json::json;

use super::find::{Held, held, held_by_alias};
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::request::{Fields, Shape};

/// LiteLLM's `KeyRequest`.
pub(crate) struct DeleteKeys {
    keys: Vec<Box<str>>,
    aliases: Vec<Box<str>>,
}

impl Shape for DeleteKeys {
    fn read(fields: &mut Fields<'_>) -> Self {
        let read = Self {
            keys: fields.optional("keys").unwrap_or_default(),
            aliases: fields.optional("key_aliases").unwrap_or_default(),
        };
        if read.keys.is_empty() && read.aliases.is_empty() {
            fields.refuse("keys", "name the keys that are meant: keys or key_aliases");
        }
        read
    }
}

/// `POST /key/delete`: all of them or none.
pub(crate) async fn delete(call: &Call<'_>) -> Outcome {
    let request: DeleteKeys = call.body()?;
    let _turn = call.plane.turn().await;
    let by_name = request.keys.iter().map(|key| held(call, key));
    let by_alias = request
        .aliases
        .iter()
        .map(|alias| held_by_alias(call, alias));
    let found: Result<Vec<Held>, Refusal> = by_name.chain(by_alias).collect();
    let mut found = found.map_err(|refusal| match refusal.status().as_u16() {
        404 => Refusal::not_found("No keys found").with_param("keys"),
        _ => refusal,
    })?;
    found.sort_by(|one, other| one.id.cmp(&other.id));
    found.dedup_by(|one, other| one.id == other.id);
    let Some(permit) = found.first().map(|held| &held.permit) else {
        return Err(Refusal::not_found("No keys found").with_param("keys"));
    };
    let changes: Vec<Change> = found
        .iter()
        .map(|held| Change::delete(&held.id, held.version))
        .collect();
    call.plane.write(permit, &changes).await?;
    let ids: Vec<&str> = found.iter().map(|held| held.id.as_str()).collect();
    Ok(permit.answer(json!({ "deleted_keys": ids })))
}
