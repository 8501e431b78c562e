use ironward_core::Id;
use ironward_store::Change;
use ironward_store::objects::{Member, Team};

use super::change::{above, check_organisation, limits};
use super::fields::TeamFields;
use super::find::place;
use super::members::{MemberFields, member, person};
use super::show::row;
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::request::{Fields, Name, Shape};

/// LiteLLM's `NewTeamRequest`.
pub(crate) struct NewTeam {
    id: Option<Name>,
    members: Vec<MemberFields>,
    fields: TeamFields,
}

impl Shape for NewTeam {
    fn read(fields: &mut Fields<'_>) -> Self {
        for (name, is_admin) in [("admins", true), ("members", false)] {
            let old: Option<Vec<Box<str>>> = fields.optional(name);
            if old.is_some_and(|old| !old.is_empty()) {
                let role = if is_admin { "admin" } else { "user" };
                let message = format!("write members_with_roles instead, with the role '{role}'");
                fields.refuse(name, &message);
            }
        }
        Self {
            id: fields.optional("team_id"),
            members: fields.optional("members_with_roles").unwrap_or_default(),
            fields: TeamFields::read(fields),
        }
    }
}

/// An id that LiteLLM keeps for its own sessions.
const RESERVED: &str = "litellm-dashboard";

/// `POST /team/new`
pub(crate) async fn create(call: &Call<'_>) -> Outcome {
    let request: NewTeam = call.body()?;
    let _turn = call.plane.turn().await;
    let mut team = Team {
        origin: call.origin(),
        ..Team::default()
    };
    request.fields.apply(call, &mut team)?;
    let permit = call.authorise(&place(&team))?;
    let directory = call.plane.directory();
    let id: Id<Team> = match request.id {
        Some(id) => Id::new(id.as_str()),
        None => call.plane.new_id(),
    };
    if id.as_str() == RESERVED || directory.teams.find(id.as_str()).is_some() {
        let message = "Team id already exists or is reserved. Please use a different team id.";
        return Err(Refusal::bad_request(message).with_param("team_id"));
    }
    check_organisation(&directory, &team)?;
    limits(&team).check_given(call, above(&team))?;
    let mut changes = Vec::new();
    for fields in &request.members {
        let user = person(call, &fields.user, &team, &mut changes)?;
        let new = member(&team, user, fields.is_admin(), call.now);
        add(&mut team, new);
    }
    // As LiteLLM: whoever makes a team administers it.
    if let Some(user) = call.actor.user() {
        let new = member(&team, Id::new(user), true, call.now);
        add(&mut team, new);
    }
    changes.push(Change::create(&id, &team));
    call.plane.write(&permit, &changes).await?;
    Ok(permit.show(row(&call.plane.directory(), id.as_str(), &team)))
}

/// Each once; an administrator stays one.
fn add(team: &mut Team, new: Member) {
    let mut members = team.members.iter_mut();
    match members.find(|member| member.user == new.user) {
        Some(member) => member.is_admin |= new.is_admin,
        None => team.members.push(new),
    }
}
