use std::sync::Arc;

use ironward_core::{Fault, FaultKind, Role};
use ironward_policy::access::may_call;
use ironward_policy::{Compiled, Link, Spending, Which, narrowest};
use ironward_store::objects::{Key, Organisation, Owner, Project, ServiceAccount, Team, User};
use ironward_store::{Directory, Entry, Found, LiveKey, LiveSecret};

use super::running::{Limit, Whose};

/// A key and everything that bounds it, each as it was when the chain was made. All of it is there:
/// a key of which a part is gone has no chain.
pub(crate) struct Chain {
    pub(crate) key: Arc<Entry<Key, LiveKey>>,
    secret: LiveSecret,
    holder: Holder,
    project: Option<Arc<Entry<Project>>>,
    pub(crate) team: Option<Arc<Entry<Team>>>,
    organisation: Option<Arc<Entry<Organisation>>>,
    creator: Option<Arc<Entry<User>>>,
}

/// Whose the key is.
enum Holder {
    Nobody,
    User(Arc<Entry<User>>),
    ServiceAccount(Arc<Entry<ServiceAccount>>),
}

impl Chain {
    /// The chain of a key that was presented.
    ///
    /// # Errors
    /// An authentication fault when something that bounds the key is gone.
    pub(crate) fn of(directory: &Directory, found: Found) -> Result<Self, Fault> {
        let Found { key, secret } = found;
        let live = &key.object;
        let team = live
            .team
            .as_ref()
            .map(|id| {
                directory
                    .teams
                    .find(id.as_str())
                    .ok_or_else(|| gone("team"))
            })
            .transpose()?;
        let own_team = team.as_ref().map(|team| &team.id);
        let holder = match &live.owner {
            Owner::Team => Holder::Nobody,
            Owner::User(id) => {
                let user = directory.users.find(id.as_str());
                let user = user.ok_or_else(|| gone("user"))?;
                let has_place = team
                    .as_ref()
                    .is_none_or(|team| team.grants.member(user.id.as_str()).is_some());
                if !has_place {
                    return Err(gone("team member"));
                }
                Holder::User(user)
            }
            Owner::ServiceAccount(id) => {
                let account = directory.service_accounts.find(id.as_str());
                let account = account.filter(|account| Some(&account.object.team) == own_team);
                Holder::ServiceAccount(account.ok_or_else(|| gone("service account"))?)
            }
        };
        let project = live
            .project
            .as_ref()
            .map(|id| {
                let project = directory.projects.find(id.as_str());
                let project = project.filter(|project| Some(&project.object.team) == own_team);
                project.ok_or_else(|| gone("project"))
            })
            .transpose()?;
        let of_team = team
            .as_ref()
            .and_then(|team| team.object.organisation.as_ref());
        let organisation = of_team
            .or(live.organisation.as_ref())
            .map(|id| {
                let organisation = directory.organisations.find(id.as_str());
                organisation.ok_or_else(|| gone("organisation"))
            })
            .transpose()?;
        let creator = live
            .creator
            .as_ref()
            .map(|id| {
                let creator = directory.users.find(id.as_str());
                creator.ok_or_else(|| gone("creator"))
            })
            .transpose()?;
        Ok(Self {
            key,
            secret,
            holder,
            project,
            team,
            organisation,
            creator,
        })
    }

    /// The same key as it is now.
    ///
    /// # Errors
    /// An authentication fault when it, its secret or something that bounds it is gone.
    pub(crate) fn again(&self, directory: &Directory, now: u64) -> Result<Self, Fault> {
        let key = directory.keys.find(self.key.id.as_str());
        let key = key.ok_or_else(|| gone_key("was deleted"))?;
        let mut secrets = key.object.secrets.iter();
        let secret = secrets
            .find(|secret| secret.hash == self.secret.hash && secret.form == self.secret.form)
            .copied()
            .filter(|secret| secret.is_live(now))
            .ok_or_else(|| gone_key("was replaced by another one"))?;
        Self::of(directory, Found { key, secret })
    }

    /// Whether each part is as it was when the chain was made.
    pub(crate) fn is_current(&self) -> bool {
        fn is<K, C>(entry: Option<&Arc<Entry<K, C>>>) -> bool {
            entry.is_none_or(|entry| entry.is_current())
        }
        let holder = match &self.holder {
            Holder::Nobody => true,
            Holder::User(user) => user.is_current(),
            Holder::ServiceAccount(account) => account.is_current(),
        };
        self.key.is_current()
            && holder
            && is(self.project.as_ref())
            && is(self.team.as_ref())
            && is(self.organisation.as_ref())
            && is(self.creator.as_ref())
    }

    /// When it ends without anybody changing it, in milliseconds since 1970.
    pub(crate) fn end(&self) -> Option<u64> {
        let grants = narrowest(&self.links()).expires;
        let ends = [self.secret.until, self.key.object.grant.date, grants];
        ends.into_iter().flatten().min()
    }

    /// What the key may do at most, link by link. Its own end is no part of it: see
    /// [`Self::expired`].
    pub(crate) fn links(&self) -> Vec<Link<'_>> {
        let mut links = Vec::with_capacity(9);
        let mut add = |which, name, grant| links.push(Link { which, name, grant });
        add(Which::Key, self.key.id.as_str(), self.key.grants.own());
        match &self.holder {
            Holder::Nobody => {}
            Holder::User(user) => {
                add(Which::User, user.id.as_str(), user.grants.own());
                let place = self.team.as_ref();
                if let Some(place) = place.and_then(|team| team.grants.member(user.id.as_str())) {
                    add(Which::Member, user.id.as_str(), place);
                }
            }
            Holder::ServiceAccount(account) => {
                let grant = account.grants.own();
                add(Which::ServiceAccount, account.id.as_str(), grant);
            }
        }
        if let Some(project) = &self.project {
            add(Which::Project, project.id.as_str(), project.grants.own());
        }
        if let Some(team) = &self.team {
            add(Which::Team, team.id.as_str(), team.grants.own());
        }
        if let Some(organisation) = &self.organisation {
            let grant = organisation.grants.own();
            add(Which::Organisation, organisation.id.as_str(), grant);
        }
        if let Some(creator) = &self.creator {
            add(Which::Creator, creator.id.as_str(), creator.grants.own());
        }
        links
    }

    /// How many calls may run at once, of each who says it.
    pub(crate) fn parallel(&self, directory: &Directory) -> Vec<Limit> {
        let mut limits = Vec::new();
        let mut add = |which, id: &str, place: Option<&str>, spending: &Spending| {
            limits.extend(most_at_once(directory, spending).map(|most| Limit {
                whose: Whose::new(which, id, place),
                most,
            }));
        };
        let key = &self.key;
        add(Which::Key, key.id.as_str(), None, &key.object.spending.rest);
        match &self.holder {
            Holder::Nobody => {}
            Holder::User(user) => {
                add(Which::User, user.id.as_str(), None, &user.object.spending);
                if let Some(team) = &self.team {
                    let mut members = team.object.members.iter();
                    let member = members.find(|member| member.user == user.id);
                    if let Some(member) = member {
                        let (id, team) = (user.id.as_str(), Some(team.id.as_str()));
                        add(Which::Member, id, team, &member.spending);
                    }
                }
            }
            Holder::ServiceAccount(account) => {
                let spending = &account.object.spending;
                add(Which::ServiceAccount, account.id.as_str(), None, spending);
            }
        }
        if let Some(project) = &self.project {
            let spending = &project.object.spending;
            add(Which::Project, project.id.as_str(), None, spending);
        }
        if let Some(team) = &self.team {
            add(Which::Team, team.id.as_str(), None, &team.object.spending);
        }
        if let Some(organisation) = &self.organisation {
            let spending = &organisation.object.spending;
            add(
                Which::Organisation,
                organisation.id.as_str(),
                None,
                spending,
            );
        }
        if let Some(creator) = &self.creator {
            let spending = &creator.object.spending;
            add(Which::Creator, creator.id.as_str(), None, spending);
        }
        limits
    }

    /// The role of somebody that it stands for or was made by who may not call at all.
    pub(crate) fn role_without_calls(&self) -> Option<Role> {
        let holder = match &self.holder {
            Holder::User(user) => Some(user),
            Holder::Nobody | Holder::ServiceAccount(_) => None,
        };
        let mut roles = [holder, self.creator.as_ref()]
            .into_iter()
            .flatten()
            .map(|user| user.object.role);
        roles.find(|role| !may_call(*role))
    }

    /// The key's own end, as a grant, once it has come. Keys that differ in nothing but their end
    /// share a grant, so it is kept beside it.
    pub(crate) fn expired(&self, now: u64) -> Option<Compiled> {
        let end = self.key.object.grant.date.filter(|end| *end <= now)?;
        Some(Compiled::until(end))
    }
}

/// The most calls at once that an object says, else the budget object that holds the rest for it.
pub(crate) fn most_at_once(directory: &Directory, spending: &Spending) -> Option<u32> {
    let of_budget = || {
        let budget = directory.budgets.find(spending.budget_id.as_deref()?)?;
        budget.object.spending.max_parallel_requests
    };
    spending.max_parallel_requests.or_else(of_budget)
}

fn gone(what: &str) -> Fault {
    let message =
        format!("Authentication Error, the {what} of this key is gone; ask for another key.");
    Fault::downstream(FaultKind::Authentication, message).with_code("auth_error")
}

fn gone_key(how: &str) -> Fault {
    let message = format!("Authentication Error, the key of this call {how}.");
    Fault::downstream(FaultKind::Authentication, message).with_code("auth_error")
}
