use std::sync::Arc;

use ironward_core::Id;
use ironward_policy::access::Route;
use ironward_store::objects::Team;
use ironward_store::{Directory, Entry};

use crate::call::Call;
use crate::fault::Refusal;
use crate::permit::Permit;
use crate::target::Target;

/// A team that was found and may be used as the route does.
pub(super) struct Held {
    pub(super) id: Id<Team>,
    pub(super) version: u64,
    pub(super) team: Team,
    pub(super) permit: Permit,
}

/// Finds a team and asks whether the actor may.
///
/// # Errors
/// 404, also where it is there and none of theirs.
pub(super) fn held(call: &Call<'_>, id: &str) -> Result<Held, Refusal> {
    let directory = call.plane.directory();
    let found = directory.teams.find(id).ok_or_else(missing)?;
    let permit = call.authorise_found(&target(&directory, id), missing)?;
    Ok(Held {
        id: found.id.clone(),
        version: found.version,
        team: found.object.clone(),
        permit,
    })
}

/// A team by which something else is asked for, if the actor may see it.
///
/// # Errors
/// 404.
pub(crate) fn seen(call: &Call<'_>, id: &str) -> Result<Arc<Entry<Team>>, Refusal> {
    let directory = call.plane.directory();
    let found = directory.teams.find(id);
    let is_seen = |_: &Arc<Entry<Team>>| call.shows(Some(Route::TeamRead), &target(&directory, id));
    found.filter(is_seen).ok_or_else(missing)
}

/// A team that is there.
pub(crate) fn target(directory: &Directory, id: &str) -> Target {
    let mut target = Target::default();
    target.add_team(directory, id);
    target
}

/// A team that is to be made, or moved: what counts is the organisation.
pub(super) fn place(team: &Team) -> Target {
    let organisation = team.organisation.iter();
    Target {
        organisations: organisation.map(|id| id.as_str().into()).collect(),
        ..Target::default()
    }
}

pub(super) fn missing() -> Refusal {
    Refusal::not_found("Team not found in database").with_param("team_id")
}
