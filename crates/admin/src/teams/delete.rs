use serde_json::json;

use super::find::{Held, held};
use crate::call::{Call, Outcome};
use crate::cascade::Cascade;
use crate::fault::Refusal;
use crate::request::{Fields, Shape};

/// LiteLLM's `DeleteTeamRequest`.
pub(crate) struct DeleteTeams {
    ids: Vec<Box<str>>,
}

impl Shape for DeleteTeams {
    fn read(fields: &mut Fields<'_>) -> Self {
        let ids: Vec<Box<str>> = fields.require("team_ids");
        if ids.is_empty() {
            fields.refuse("team_ids", "name the teams that are meant");
        }
        Self { ids }
    }
}

/// `POST /team/delete`: all of them or none, with their projects, service accounts and keys.
pub(crate) async fn delete(call: &Call<'_>) -> Outcome {
    let request: DeleteTeams = call.body()?;
    let _turn = call.plane.turn().await;
    let found: Result<Vec<Held>, Refusal> = request.ids.iter().map(|id| held(call, id)).collect();
    let found = found?;
    let mut cascade = Cascade::default();
    let directory = call.plane.directory();
    for held in &found {
        cascade.team(&directory, held.id.as_str());
    }
    let Some(permit) = found.first().map(|held| &held.permit) else {
        return Err(super::find::missing());
    };
    call.plane
        .write(permit, &cascade.changes(call, &directory))
        .await?;
    let ids: Vec<&str> = found.iter().map(|held| held.id.as_str()).collect();
    Ok(permit.answer(json!({ "deleted_teams": ids })))
}
