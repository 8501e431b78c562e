use std::collections::{HashMap, HashSet};

use ironward_core::{Id, Role};
use ironward_store::Stored;
use ironward_store::objects::{Content, Kind, Team, User};

/// What is in the store, or is going to be.
#[derive(Default)]
pub struct Existing {
    /// Whether each was deleted.
    pub(super) objects: HashMap<(Kind, Box<str>), bool>,
    /// Addresses in lower case, with whom each belongs to.
    pub(super) emails: HashMap<String, Box<str>>,
    pub(super) sso_ids: HashSet<Box<str>>,
    pub(super) roles: HashMap<Box<str>, Role>,
    pub(super) key_aliases: HashSet<Box<str>>,
    pub(super) teams: HashMap<Box<str>, Place>,
    /// The teams of projects and service accounts.
    pub(super) homes: HashMap<(Kind, Box<str>), Id<Team>>,
}

/// What a team means for the keys in it.
#[derive(Default)]
pub(super) struct Place {
    pub(super) organisation: Option<Box<str>>,
    pub(super) members: HashSet<Box<str>>,
}

impl Existing {
    /// Takes an object of the store down.
    pub fn learn(&mut self, stored: &Stored) {
        let id = &stored.id;
        let is_deleted = stored.content.is_none();
        let mut learn_home = |team: &Id<Team>| {
            self.homes.insert((stored.kind, id.clone()), team.clone());
        };
        match &stored.content {
            Some(Content::Project(project)) => learn_home(&project.team),
            Some(Content::ServiceAccount(account)) => learn_home(&account.team),
            Some(Content::User(user)) => self.learn_user(id, user),
            Some(Content::Team(team)) => self.learn_team(id, team),
            Some(Content::Key(key)) => self.key_aliases.extend(key.alias.clone()),
            _ => {}
        }
        self.objects.insert((stored.kind, id.clone()), is_deleted);
    }

    fn learn_user(&mut self, id: &str, user: &User) {
        if let Some(email) = &user.email {
            self.emails.insert(email.to_lowercase(), id.into());
        }
        self.sso_ids.extend(user.sso_user_id.clone());
        self.roles.insert(id.into(), user.role);
    }

    pub(super) fn learn_team(&mut self, id: &str, team: &Team) {
        let organisation = team.organisation.as_ref();
        let members = team.members.iter();
        let place = Place {
            organisation: organisation.map(|organisation| organisation.as_str().into()),
            members: members.map(|member| member.user.as_str().into()).collect(),
        };
        self.teams.insert(id.into(), place);
    }
}
