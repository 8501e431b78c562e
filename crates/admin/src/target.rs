use std::collections::BTreeSet;

use ironward_core::{Id, Role};
use ironward_policy::access;
use ironward_store::objects::{Key, Organisation, Owner, Project, Team};
use ironward_store::{Directory, LiveKey};

/// What a route is about, with everything that somebody's standing to it depends on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Target {
    pub(crate) key: Option<Box<str>>,
    pub(crate) user: Option<(Box<str>, Role)>,
    pub(crate) service_account: Option<Box<str>>,
    pub(crate) team: Option<Box<str>>,
    pub(crate) organisations: BTreeSet<Box<str>>,
    /// For a model: whether the grants of who asks allow it.
    pub(crate) is_usable: bool,
}

/// Where a key belongs.
pub(crate) struct Places<'k> {
    owner: &'k Owner,
    team: Option<&'k Id<Team>>,
    project: Option<&'k Id<Project>>,
    organisation: Option<&'k Id<Organisation>>,
}

impl<'k> From<&'k Key> for Places<'k> {
    fn from(key: &'k Key) -> Self {
        Self {
            owner: &key.owner,
            team: key.team.as_ref(),
            project: key.project.as_ref(),
            organisation: key.organisation.as_ref(),
        }
    }
}

impl<'k> From<&'k LiveKey> for Places<'k> {
    fn from(key: &'k LiveKey) -> Self {
        Self {
            owner: &key.owner,
            team: key.team.as_ref(),
            project: key.project.as_ref(),
            organisation: key.organisation.as_ref(),
        }
    }
}

/// The team of what does not exist: nobody is in it, so what does not exist and what belongs to
/// others is answered alike.
const NOBODYS: &str = "";

impl Target {
    /// A key, be it one that is to be made (`id` is nothing then).
    pub(crate) fn key<'k>(
        directory: &Directory,
        id: Option<&str>,
        key: impl Into<Places<'k>>,
    ) -> Self {
        let key = key.into();
        let mut target = Self {
            key: id.map(Into::into),
            ..Self::default()
        };
        let of_account = match key.owner {
            Owner::Team => None,
            Owner::User(user) => {
                target.add_user(directory, user.as_str());
                None
            }
            Owner::ServiceAccount(account) => {
                target.service_account = Some(account.as_str().into());
                let account = directory.service_accounts.find(account.as_str());
                Some(account.map(|account| account.object.team.clone()))
            }
        };
        let of_project = key.project.map(|project| {
            let project = directory.projects.find(project.as_str());
            project.map(|project| project.object.team.clone())
        });
        // The team that the key itself names is the one that its members' rights are about; else
        // that which comes with a project or an account, if there is one.
        let came_with = of_project.or(of_account);
        match (key.team, &came_with) {
            (Some(team), _) | (None, Some(Some(team))) => {
                target.add_team(directory, team.as_str());
            }
            (None, Some(None)) => target.add_team(directory, NOBODYS),
            (None, None) => {}
        }
        // Nor does it belong to any organisation that somebody administers.
        if let Some(team) = &target.team
            && directory.teams.find(team).is_none()
        {
            target.organisations.insert(NOBODYS.into());
        }
        if let Some(organisation) = key.organisation {
            target.organisations.insert(organisation.as_str().into());
        }
        target
    }

    /// A team and the organisation that it belongs to.
    pub(crate) fn add_team(&mut self, directory: &Directory, id: &str) {
        self.team = Some(id.into());
        if let Some(team) = directory.teams.find(id)
            && let Some(organisation) = &team.object.organisation
        {
            self.organisations.insert(organisation.as_str().into());
        }
    }

    /// A person. One that does not exist has the least role: nobody is above them.
    pub(crate) fn add_user(&mut self, directory: &Directory, id: &str) {
        let role = directory
            .users
            .find(id)
            .map_or(Role::InternalUserViewer, |user| user.object.role);
        self.user = Some((id.into(), role));
    }

    pub(crate) fn with<T>(&self, ask: impl FnOnce(&access::Target<'_>) -> T) -> T {
        let organisations: Vec<&str> = self.organisations.iter().map(|id| &**id).collect();
        ask(&access::Target {
            key: self.key.as_deref(),
            user: self.user.as_ref().map(|(id, role)| (&**id, *role)),
            service_account: self.service_account.as_deref(),
            team: self.team.as_deref(),
            organisations: &organisations,
            is_usable: self.is_usable,
        })
    }
}
