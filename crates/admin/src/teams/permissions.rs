use serde_json::json;

use super::block::NamedTeam;
use super::change::save;
use super::fields::{Permission, available, paths};
use super::find::held;
use crate::answer::Answer;
use crate::call::{Call, Outcome};
use crate::request::{Fields, Shape};

/// `GET /team/permissions_list`
pub(crate) fn show_permissions(call: &Call<'_>) -> Outcome {
    let request: NamedTeam = call.query()?;
    let held = held(call, request.id())?;
    Ok(held.permit.answer(json!({
        "team_id": held.id.as_str(),
        "team_member_permissions": held.team.member_permissions,
        "all_available_permissions": available(),
    })))
}

pub(crate) struct ChangePermissions {
    id: Box<str>,
    permissions: Vec<Permission>,
}

impl Shape for ChangePermissions {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("team_id"),
            permissions: fields.require("team_member_permissions"),
        }
    }
}

/// `POST /team/permissions_update`
pub(crate) async fn update_permissions(call: &Call<'_>) -> Outcome {
    let request: ChangePermissions = call.body()?;
    let _turn = call.plane.turn().await;
    let held = held(call, &request.id)?;
    let mut team = held.team.clone();
    team.member_permissions = paths(request.permissions);
    let shown = save(call, &held, team).await?;
    Ok(Answer::new(&held.permit, shown))
}
