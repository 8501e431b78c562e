//! What goes together with what is deleted: nobody keeps a key to something that is gone.

use std::collections::BTreeSet;

use ironward_core::Id;
use ironward_store::objects::{Object, Owner, Team, User};
use ironward_store::{Change, Directory, Objects};

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
        for team in directory.teams.iter() {
            let organisation = team.object.organisation.as_ref();
            if organisation.is_some_and(|organisation| organisation.as_str() == id) {
                self.team(directory, team.id.as_str());
            }
        }
    }

    /// With its projects and service accounts.
    pub(crate) fn team(&mut self, directory: &Directory, id: &str) {
        self.teams.insert(id.into());
        let projects = directory.projects.iter();
        let of_team = projects.filter(|project| project.object.team.as_str() == id);
        self.projects
            .extend(of_team.map(|project| project.id.as_str().into()));
        let accounts = directory.service_accounts.iter();
        let of_team = accounts.filter(|account| account.object.team.as_str() == id);
        self.accounts
            .extend(of_team.map(|account| account.id.as_str().into()));
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
        let keys = directory.keys.iter().filter(|key| {
            let key = &key.object;
            let owner = match &key.owner {
                Owner::Team => false,
                Owner::User(user) => self.users.contains(user.as_str()),
                Owner::ServiceAccount(account) => self.accounts.contains(account.as_str()),
            };
            owner
                || is_in(&self.teams, key.team.as_ref())
                || is_in(&self.projects, key.project.as_ref())
                || is_in(&self.organisations, key.organisation.as_ref())
        });
        changes.extend(keys.map(|key| Change::delete(&key.id, key.version)));
        self.leave_teams(call, directory, &mut changes);
        self.leave_organisations(call, directory, &mut changes);
        changes
    }

    fn leave_teams(&self, call: &Call<'_>, directory: &Directory, changes: &mut Vec<Change>) {
        for entry in directory.teams.iter() {
            let is_gone = |user: &Id<User>| self.users.contains(user.as_str());
            if self.teams.contains(entry.id.as_str())
                || !entry
                    .object
                    .members
                    .iter()
                    .any(|member| is_gone(&member.user))
            {
                continue;
            }
            let mut team: Team = entry.object.clone();
            team.members.retain(|member| !is_gone(&member.user));
            call.stamp(&mut team.origin);
            changes.push(Change::update(&entry.id, entry.version, &team));
        }
    }

    fn leave_organisations(
        &self,
        call: &Call<'_>,
        directory: &Directory,
        changes: &mut Vec<Change>,
    ) {
        if self.organisations.is_empty() {
            return;
        }
        for entry in directory.users.iter() {
            let mut user: User = entry.object.clone();
            let before = user.organisations.len();
            user.organisations
                .retain(|place| !self.organisations.contains(place.organisation.as_str()));
            if user.organisations.len() == before || self.users.contains(entry.id.as_str()) {
                continue;
            }
            call.stamp(&mut user.origin);
            changes.push(Change::update(&entry.id, entry.version, &user));
        }
    }
}

fn is_in<K>(gone: &BTreeSet<Box<str>>, id: Option<&Id<K>>) -> bool {
    id.is_some_and(|id| gone.contains(id.as_str()))
}

fn remove<T: Object>(changes: &mut Vec<Change>, objects: &Objects<T>, ids: &BTreeSet<Box<str>>) {
    let found = ids.iter().filter_map(|id| objects.find(id));
    changes.extend(found.map(|entry| Change::delete(&entry.id, entry.version)));
}
