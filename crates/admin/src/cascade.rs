//! What goes together with what is deleted: nobody keeps a key to something that is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ironward_core::Id;
use ironward_store::objects::{Key, Object, Team, User};
use ironward_store::{Change, Directory, Entry, KeysOf, LiveKey, Objects};

use crate::call::Call;

/// Everything that one request deletes, each once.
#[derive(Default)]
pub(crate) struct Cascade {
    organisations: BTreeSet<Box<str>>,
    teams: BTreeSet<Box<str>>,
    users: BTreeSet<Box<str>>,
    projects: BTreeSet<Box<str>>,
    accounts: BTreeSet<Box<str>>,
}

impl Cascade {
    /// With its teams; its members lose their places in it.
    pub(crate) fn organisation(&mut self, directory: &Directory, id: &str) {
        self.organisations.insert(id.into());
        for team in directory.teams_of_organisation(id) {
            self.team(directory, team.id.as_str());
        }
    }

    /// With its projects and service accounts.
    pub(crate) fn team(&mut self, directory: &Directory, id: &str) {
        self.teams.insert(id.into());
        let projects = directory.projects_of_team(id).into_iter();
        self.projects
            .extend(projects.map(|project| project.id.as_str().into()));
        let accounts = directory.service_accounts_of_team(id).into_iter();
        self.accounts
            .extend(accounts.map(|account| account.id.as_str().into()));
    }

    /// With their places in teams.
    pub(crate) fn user(&mut self, id: &str) {
        self.users.insert(id.into());
    }

    pub(crate) fn project(&mut self, id: &str) {
        self.projects.insert(id.into());
    }

    pub(crate) fn service_account(&mut self, id: &str) {
        self.accounts.insert(id.into());
    }

    /// All that is to be written, as one transaction.
    pub(crate) fn changes(&self, call: &Call<'_>, directory: &Directory) -> Vec<Change> {
        let mut changes = Vec::new();
        remove(&mut changes, &directory.organisations, &self.organisations);
        remove(&mut changes, &directory.teams, &self.teams);
        remove(&mut changes, &directory.users, &self.users);
        remove(&mut changes, &directory.projects, &self.projects);
        remove(&mut changes, &directory.service_accounts, &self.accounts);
        let keys = self.keys(directory);
        changes.extend(
            keys.values()
                .map(|key| Change::delete(&key.id, key.version)),
        );
        self.leave_teams(call, directory, &mut changes);
        self.leave_organisations(call, directory, &mut changes);
        changes
    }

    /// The keys of all that is gone, by their ids.
    fn keys(&self, directory: &Directory) -> BTreeMap<Id<Key>, Arc<Entry<Key, LiveKey>>> {
        let users = self.users.iter().map(|id| KeysOf::User(id));
        let accounts = self.accounts.iter().map(|id| KeysOf::ServiceAccount(id));
        let teams = self.teams.iter().map(|id| KeysOf::Team(id));
        let projects = self.projects.iter().map(|id| KeysOf::Project(id));
        let organisations = self.organisations.iter();
        let organisations = organisations.map(|id| KeysOf::Organisation(id));
        let owners = users.chain(accounts).chain(teams).chain(projects);
        let keys = owners.chain(organisations);
        let keys = keys.flat_map(|what| directory.keys_of(what));
        keys.map(|key| (key.id.clone(), key)).collect()
    }

    fn leave_teams(&self, call: &Call<'_>, directory: &Directory, changes: &mut Vec<Change>) {
        let teams = self
            .users
            .iter()
            .flat_map(|user| directory.teams_of_user(user));
        let teams: BTreeMap<_, _> = teams.map(|team| (team.id.clone(), team)).collect();
        for (id, entry) in teams {
            if self.teams.contains(id.as_str()) {
                continue;
            }
            let mut team: Team = entry.object.clone();
            team.members
                .retain(|member| !self.users.contains(member.user.as_str()));
            call.stamp(&mut team.origin);
            changes.push(Change::update(&id, entry.version, &team));
        }
    }

    fn leave_organisations(
        &self,
        call: &Call<'_>,
        directory: &Directory,
        changes: &mut Vec<Change>,
    ) {
        let places = self.organisations.iter();
        let users = places.flat_map(|id| directory.users_of_organisation(id));
        let users: BTreeMap<_, _> = users.map(|user| (user.id.clone(), user)).collect();
        for (id, entry) in users {
            if self.users.contains(id.as_str()) {
                continue;
            }
            let mut user: User = entry.object.clone();
            user.organisations
                .retain(|place| !self.organisations.contains(place.organisation.as_str()));
            call.stamp(&mut user.origin);
            changes.push(Change::update(&id, entry.version, &user));
        }
    }
}

fn remove<T: Object>(changes: &mut Vec<Change>, objects: &Objects<T>, ids: &BTreeSet<Box<str>>) {
    let found = ids.iter().filter_map(|id| objects.find(id));
    changes.extend(found.map(|entry| Change::delete(&entry.id, entry.version)));
}
