//! Which keys somebody may see.

use ironward_policy::access::Route;
use ironward_store::objects::Key;
use ironward_store::{Directory, Entry, KeysOf, LiveKey};

use super::Held;
use crate::call::Call;
use crate::target::Target;

/// Whether the actor sees every key: who sees what is nobody's does.
pub(super) fn sees_all(call: &Call<'_>, by: Option<Route>) -> bool {
    call.shows(by, &Target::default())
}

/// The keys that the actor may see among those that `wanted` lets through: all, or `among` these.
pub(super) fn visible(
    call: &Call<'_>,
    by: Option<Route>,
    among: Option<Vec<Held>>,
    wanted: impl Fn(&Entry<Key, LiveKey>) -> bool,
) -> Vec<Held> {
    let directory = call.plane.directory();
    let sees_all = sees_all(call, by);
    let among = among.or_else(|| (!sees_all).then(|| in_reach(call, &directory)));
    let is_shown = |entry: &Entry<Key, LiveKey>| {
        let target = || Target::key(&directory, Some(entry.id.as_str()), &entry.object);
        wanted(entry) && (sees_all || call.shows(by, &target()))
    };
    match among {
        None => directory.keys.filter(is_shown),
        Some(_) => directory.keys.select_among(among, is_shown),
    }
}

/// The keys of all that the table of routes lets somebody see keys by: those that the actor may see
/// are among them.
fn in_reach(call: &Call<'_>, directory: &Directory) -> Vec<Held> {
    let actor = call.actor;
    let own = actor.key().and_then(|id| directory.keys.find(id));
    let mut found: Vec<Held> = own.into_iter().collect();
    let of_user = actor.user().map(KeysOf::User);
    let of_account = actor.service_account().map(KeysOf::ServiceAccount);
    for what in of_user.into_iter().chain(of_account) {
        found.extend(directory.keys_of(what));
    }
    for team in actor.teams_for(Route::KeyRead) {
        of_team(directory, team, &mut found);
    }
    for organisation in actor.administered() {
        found.extend(directory.keys_of(KeysOf::Organisation(organisation)));
        for team in directory.teams_of_organisation(organisation) {
            of_team(directory, team.id.as_str(), &mut found);
        }
    }
    found
}

/// A team's, also those that only a project or a service account of it makes so.
fn of_team(directory: &Directory, team: &str, found: &mut Vec<Held>) {
    found.extend(directory.keys_of(KeysOf::Team(team)));
    for project in directory.projects_of_team(team) {
        found.extend(directory.keys_of(KeysOf::Project(project.id.as_str())));
    }
    for account in directory.service_accounts_of_team(team) {
        let account = KeysOf::ServiceAccount(account.id.as_str());
        found.extend(directory.keys_of(account));
    }
}
