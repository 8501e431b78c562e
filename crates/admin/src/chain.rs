use ironward_core::Id;
use ironward_policy::{Compiled, Grant, InvalidGrant, Link, Surroundings, Which};
use ironward_store::Directory;
use ironward_store::objects::{Account, Key, Organisation, Owner, ServiceAccount, Team, User};

/// The grants that bound a key or an account, as they are now.
pub(crate) struct Chain {
    links: Vec<(Which, Box<str>, Compiled)>,
}

impl Chain {
    /// Of a key that exists or is to be made: itself, its owner, their place in the team, project,
    /// team, organisation and creator. What the key names and is not there any more allows nothing.
    ///
    /// # Errors
    /// When a grant cannot be read; whoever takes one from outside reads it first.
    pub(crate) fn of(directory: &Directory, id: &str, key: &Key) -> Result<Self, InvalidGrant> {
        let mut chain = Self { links: Vec::new() };
        let in_team = key.team.is_some();
        chain.links.push((
            Which::Key,
            id.into(),
            compile(directory, &key.grant, in_team)?,
        ));
        match &key.owner {
            Owner::Team => {}
            Owner::User(user) => {
                chain.user(directory, Which::User, user)?;
                if let Some(team) = &key.team {
                    chain.member(directory, team, user)?;
                }
            }
            Owner::ServiceAccount(account) => {
                chain.service_account(directory, account)?;
            }
        }
        if let Some(project) = &key.project {
            let found = directory.projects.find(project.as_str());
            let grant = found.as_ref().map(|found| &found.object.grant);
            chain.add(directory, Which::Project, project.as_str(), grant)?;
        }
        let mut organisation = key.organisation.clone();
        if let Some(team) = &key.team {
            organisation = chain.team(directory, team)?.or(organisation);
        }
        chain.organisation(directory, organisation.as_ref())?;
        if let Some(creator) = &key.creator {
            chain.user(directory, Which::Creator, creator)?;
        }
        Ok(chain)
    }

    /// Of somebody who came without a key: a person, or a service account with its team and that
    /// one's organisation. What is not there any more allows nothing.
    ///
    /// # Errors
    /// When a grant cannot be read.
    pub(crate) fn of_account(
        directory: &Directory,
        account: &Account,
    ) -> Result<Self, InvalidGrant> {
        let mut chain = Self { links: Vec::new() };
        match account {
            Account::User(user) => chain.user(directory, Which::User, user)?,
            Account::ServiceAccount(account) => {
                if let Some(team) = chain.service_account(directory, account)? {
                    let organisation = chain.team(directory, &team)?;
                    chain.organisation(directory, organisation.as_ref())?;
                }
            }
        }
        Ok(chain)
    }

    pub(crate) fn links(&self) -> Vec<Link<'_>> {
        let link = |(which, name, grant)| Link { which, name, grant };
        self.links
            .iter()
            .map(|(which, name, grant)| link((*which, &**name, grant)))
            .collect()
    }

    /// The key's own grant.
    pub(crate) fn own(&self) -> Option<&Compiled> {
        self.links.first().map(|(_, _, grant)| grant)
    }

    /// Whether the same object bounds this chain too. A person is the same as owner and creator. A
    /// key's own grant never counts: it is what a request is about to change.
    pub(crate) fn has(&self, link: &Link<'_>) -> bool {
        let class = |which| match which {
            Which::Creator => Which::User,
            which => which,
        };
        if link.which == Which::Key {
            return false;
        }
        let mut links = self.links.iter();
        links.any(|(which, name, _)| class(*which) == class(link.which) && **name == *link.name)
    }

    fn user(
        &mut self,
        directory: &Directory,
        which: Which,
        user: &Id<User>,
    ) -> Result<(), InvalidGrant> {
        let found = directory.users.find(user.as_str());
        let grant = found.as_ref().map(|found| &found.object.grant);
        self.add(directory, which, user.as_str(), grant)
    }

    /// A program; its team.
    fn service_account(
        &mut self,
        directory: &Directory,
        account: &Id<ServiceAccount>,
    ) -> Result<Option<Id<Team>>, InvalidGrant> {
        let found = directory.service_accounts.find(account.as_str());
        let grant = found.as_ref().map(|found| &found.object.grant);
        self.add(directory, Which::ServiceAccount, account.as_str(), grant)?;
        Ok(found.map(|found| found.object.team.clone()))
    }

    /// A team; its organisation.
    fn team(
        &mut self,
        directory: &Directory,
        team: &Id<Team>,
    ) -> Result<Option<Id<Organisation>>, InvalidGrant> {
        let found = directory.teams.find(team.as_str());
        let grant = found.as_ref().map(|found| &found.object.grant);
        self.add(directory, Which::Team, team.as_str(), grant)?;
        Ok(found.and_then(|found| found.object.organisation.clone()))
    }

    fn organisation(
        &mut self,
        directory: &Directory,
        organisation: Option<&Id<Organisation>>,
    ) -> Result<(), InvalidGrant> {
        let Some(organisation) = organisation else {
            return Ok(());
        };
        let found = directory.organisations.find(organisation.as_str());
        let grant = found.as_ref().map(|found| &found.object.grant);
        self.add(directory, Which::Organisation, organisation.as_str(), grant)
    }

    /// Somebody's place in a team. A person without one has no rights there.
    fn member(
        &mut self,
        directory: &Directory,
        team: &Id<Team>,
        user: &Id<User>,
    ) -> Result<(), InvalidGrant> {
        let found = directory.teams.find(team.as_str());
        let mut members = found.iter().flat_map(|found| &found.object.members);
        let grant = members
            .find(|member| member.user == *user)
            .map(|member| &member.grant);
        let name = format!("{user} in {team}");
        self.add(directory, Which::Member, &name, grant)
    }

    fn add(
        &mut self,
        directory: &Directory,
        which: Which,
        name: &str,
        grant: Option<&Grant>,
    ) -> Result<(), InvalidGrant> {
        let gone = Grant {
            blocked: true,
            ..Grant::default()
        };
        let grant = compile(directory, grant.unwrap_or(&gone), false)?;
        self.links.push((which, name.into(), grant));
        Ok(())
    }
}

/// Reads a grant.
///
/// # Errors
/// When an item of it means nothing.
pub(crate) fn compile(
    directory: &Directory,
    grant: &Grant,
    in_team: bool,
) -> Result<Compiled, InvalidGrant> {
    let named = grant
        .access_groups
        .iter()
        .chain(grant.models.iter().flatten());
    let groups: Vec<_> = named
        .filter_map(|name| directory.access_groups.find(name))
        .collect();
    let access_group = |name: &str| {
        let mut groups = groups.iter();
        groups
            .find(|group| group.id.as_str() == name)
            .map(|group| &*group.object.models)
    };
    Compiled::new(
        grant,
        Surroundings {
            in_team,
            access_group: &access_group,
        },
    )
}
