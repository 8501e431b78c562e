use serde_json::json;

use super::find::{Held, held, missing};
use crate::call::{Call, Outcome};
use crate::cascade::Cascade;
use crate::fault::Refusal;
use crate::request::{Fields, Shape};

/// LiteLLM's `DeleteUserRequest`.
pub(crate) struct DeleteUsers {
    ids: Vec<Box<str>>,
}

impl Shape for DeleteUsers {
    fn read(fields: &mut Fields<'_>) -> Self {
        let ids: Vec<Box<str>> = fields.require("user_ids");
        if ids.is_empty() {
            fields.refuse("user_ids", "name the users that are meant");
        }
        Self { ids }
    }
}

/// `POST /user/delete`: all of them or none, with their keys and their places in teams. Answers how
/// many there were, as LiteLLM does.
pub(crate) async fn delete(call: &Call<'_>) -> Outcome {
    let request: DeleteUsers = call.body()?;
    let _turn = call.plane.turn().await;
    let directory = call.plane.directory();
    let found = request
        .ids
        .iter()
        .map(|id| held(call, directory.users.find(id)));
    let mut found = found.collect::<Result<Vec<Held>, Refusal>>()?;
    found.sort_by(|one, other| one.id.cmp(&other.id));
    found.dedup_by(|one, other| one.id == other.id);
    let mut cascade = Cascade::default();
    for held in &found {
        cascade.user(held.id.as_str());
    }
    let permit = found.first().map(|held| &held.permit).ok_or_else(missing)?;
    let changes = cascade.changes(call, &directory);
    call.plane.write(permit, &changes).await?;
    Ok(permit.answer(json!(found.len())))
}
