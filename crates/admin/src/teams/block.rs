use super::change::save;
use super::find::held;
use crate::answer::Answer;
use crate::call::{Call, Outcome};
use crate::request::{Fields, Shape};

/// LiteLLM's `BlockTeamRequest`.
pub(crate) struct NamedTeam {
    id: Box<str>,
}

impl Shape for NamedTeam {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("team_id"),
        }
    }
}

impl NamedTeam {
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

/// `POST /team/block`
pub(crate) async fn block(call: &Call<'_>) -> Outcome {
    set_blocked(call, true).await
}

/// `POST /team/unblock`
pub(crate) async fn unblock(call: &Call<'_>) -> Outcome {
    set_blocked(call, false).await
}

async fn set_blocked(call: &Call<'_>, blocked: bool) -> Outcome {
    let request: NamedTeam = call.body()?;
    let _turn = call.plane.turn().await;
    let held = held(call, &request.id)?;
    let mut team = held.team.clone();
    team.grant.blocked = blocked;
    let shown = save(call, &held, team).await?;
    Ok(Answer::new(&held.permit, shown))
}
