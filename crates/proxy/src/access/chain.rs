use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ironward_core::{Fault, FaultKind, Id, Role};
use ironward_identity::{Unproven, Vouched};
use ironward_journal::Who;
use ironward_policy::{Compiled, Link, Spending, Which, narrowest};
use ironward_store::objects::{
    Account, Key, Organisation, Owner, Project, ServiceAccount, Team, User,
};
use ironward_store::{Directory, Entry, Found, LiveKey, LiveSecret};

use super::Access;
use super::running::{Limit, Whose};

/// What was presented, and everything that bounds it, each as it was when the chain was made. All of
/// it is there: what a part of is gone has no chain.
pub(crate) struct Chain {
    pub(super) proof: Proof,
    pub(super) holder: Holder,
    pub(super) project: Option<Arc<Entry<Project>>>,
    pub(crate) team: Option<Arc<Entry<Team>>>,
    pub(super) organisation: Option<Arc<Entry<Organisation>>>,
    creator: Option<Arc<Entry<User>>>,
}

/// What was presented.
pub(super) enum Proof {
    Key(Arc<Entry<Key, LiveKey>>, LiveSecret),
    /// A token or a certificate, of the holder's own.
    Vouched(Vouched<Account>),
}

/// Whose it is.
pub(super) enum Holder {
    Nobody,
    User(Arc<Entry<User>>),
    ServiceAccount(Arc<Entry<ServiceAccount>>),
}

impl Chain {
    /// The chain of a key that was presented.
    ///
    /// # Errors
    /// An authentication fault when something that bounds the key is gone.
    pub(crate) fn of_key(directory: &Directory, found: Found) -> Result<Self, Fault> {
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
        let own = live.organisation.as_ref();
        let organisation = organisation(directory, team.as_deref(), own, gone)?;
        let creator = live
            .creator
            .as_ref()
            .map(|id| {
                let creator = directory.users.find(id.as_str());
                creator.ok_or_else(|| gone("creator"))
            })
            .transpose()?;
        Ok(Self {
            proof: Proof::Key(key, secret),
            holder,
            project,
            team,
            organisation,
            creator,
        })
    }

    /// The chain of somebody who came without a key: a service account is bounded as its keys are,
    /// and a person as by a key that is of no team.
    ///
    /// # Errors
    /// An authentication fault when something that bounds them is gone.
    pub(crate) fn of_account(
        directory: &Directory,
        vouched: Vouched<Account>,
    ) -> Result<Self, Fault> {
        let (holder, team) = match &vouched.owner {
            Account::User(id) => {
                let user = directory.users.find(id.as_str());
                (Holder::User(user.ok_or_else(|| lost("user"))?), None)
            }
            Account::ServiceAccount(id) => {
                let account = directory.service_accounts.find(id.as_str());
                let account = account.ok_or_else(|| lost("service account"))?;
                let team = directory.teams.find(account.object.team.as_str());
                let team = team.ok_or_else(|| lost("team"))?;
                (Holder::ServiceAccount(account), Some(team))
            }
        };
        Ok(Self {
            proof: Proof::Vouched(vouched),
            holder,
            project: None,
            organisation: organisation(directory, team.as_deref(), None, lost)?,
            team,
            creator: None,
        })
    }

    /// That a request was let in by it at `now`, in milliseconds since 1970.
    pub(crate) fn note_use(&self, now: u64) {
        if let Proof::Key(key, _) = &self.proof {
            key.object.last_use.note(now);
        }
    }

    /// The same as it is now.
    ///
    /// # Errors
    /// An authentication fault when what was presented, or something that bounds it, is gone.
    pub(crate) fn again(&self, access: &Access, now: u64) -> Result<Self, Fault> {
        let directory = &access.directory;
        let (key, secret) = match &self.proof {
            Proof::Key(key, secret) => (key, secret),
            Proof::Vouched(vouched) => {
                let vouched = access.keyless.again(vouched, wall(now));
                let vouched = vouched.map_err(|unproven| ended(&unproven))?;
                return Self::of_account(directory, vouched);
            }
        };
        let key = directory.keys.find(key.id.as_str());
        let key = key.ok_or_else(|| gone_key("was deleted"))?;
        let mut secrets = key.object.secrets.iter();
        let secret = secrets
            .find(|one| one.hash == secret.hash && one.form == secret.form)
            .copied()
            .filter(|secret| secret.is_live(now))
            .ok_or_else(|| gone_key("was replaced by another one"))?;
        Self::of_key(directory, Found { key, secret })
    }

    /// The key that was presented.
    pub(crate) fn key(&self) -> Option<&Entry<Key, LiveKey>> {
        match &self.proof {
            Proof::Key(key, _) => Some(key),
            Proof::Vouched(_) => None,
        }
    }

    /// The name under which it appears in records.
    pub(crate) fn alias(&self) -> Option<&str> {
        if let Some(key) = self.key() {
            return Some(key.object.alias.as_deref().unwrap_or(key.id.as_str()));
        }
        match &self.holder {
            Holder::Nobody => None,
            Holder::User(user) => Some(user.object.alias.as_deref().unwrap_or(user.id.as_str())),
            Holder::ServiceAccount(account) => Some(&account.object.alias),
        }
    }

    /// The id of the person or the program whose call it is.
    pub(crate) fn account_id(&self) -> Option<&str> {
        match &self.holder {
            Holder::Nobody => None,
            Holder::User(user) => Some(user.id.as_str()),
            Holder::ServiceAccount(account) => Some(account.id.as_str()),
        }
    }

    /// The ids of everybody whose call it is.
    pub(crate) fn who(&self) -> Who<'_> {
        let (user, service_account) = match &self.holder {
            Holder::Nobody => (None, None),
            Holder::User(user) => (Some(user.id.as_str()), None),
            Holder::ServiceAccount(account) => (None, Some(account.id.as_str())),
        };
        Who {
            name: self.subject(),
            key: self.key().map(|key| key.id.as_str()),
            user,
            service_account,
            team: self.team.as_ref().map(|team| team.id.as_str()),
            organisation: self.organisation.as_ref().map(|one| one.id.as_str()),
            ..Who::default()
        }
    }

    /// Who they are to whoever vouched for them.
    pub(crate) fn subject(&self) -> Option<&str> {
        match &self.proof {
            Proof::Key(..) => None,
            Proof::Vouched(vouched) => Some(vouched.subject()),
        }
    }

    /// Whether each part is as it was when the chain was made.
    pub(crate) fn is_current(&self, access: &Access) -> bool {
        fn is<K, C>(entry: Option<&Arc<Entry<K, C>>>) -> bool {
            entry.is_none_or(|entry| entry.is_current())
        }
        let holder = match &self.holder {
            Holder::Nobody => true,
            Holder::User(user) => user.is_current(),
            Holder::ServiceAccount(account) => account.is_current(),
        };
        let proof = match &self.proof {
            Proof::Key(key, _) => key.is_current(),
            Proof::Vouched(vouched) => access.keyless.is_current(vouched),
        };
        proof
            && holder
            && is(self.project.as_ref())
            && is(self.team.as_ref())
            && is(self.organisation.as_ref())
            && is(self.creator.as_ref())
    }

    /// When it ends without anybody changing it, in milliseconds since 1970.
    pub(crate) fn end(&self) -> Option<u64> {
        let grants = narrowest(&self.links()).expires;
        let ends = match &self.proof {
            Proof::Key(key, secret) => [secret.until, key.object.grant.date, grants],
            Proof::Vouched(vouched) => [Some(milliseconds(vouched.until())), None, grants],
        };
        ends.into_iter().flatten().min()
    }

    /// What it may do at most, link by link. A key's own end is no part of it: see
    /// [`Self::expired`].
    pub(crate) fn links(&self) -> Vec<Link<'_>> {
        let mut links = Vec::with_capacity(9);
        let mut add = |which, name, grant| links.push(Link { which, name, grant });
        if let Proof::Key(key, _) = &self.proof {
            add(Which::Key, key.id.as_str(), key.grants.own());
        }
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
        if let Proof::Key(key, _) = &self.proof {
            add(Which::Key, key.id.as_str(), None, &key.object.spending.rest);
        }
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

    /// The roles of those whom it belongs to and was made by.
    pub(crate) fn roles(&self) -> impl Iterator<Item = (Which, &str, Role)> {
        let holder = match &self.holder {
            Holder::User(user) => Some((Which::User, user)),
            Holder::Nobody | Holder::ServiceAccount(_) => None,
        };
        let creator = self.creator.as_ref().map(|user| (Which::Creator, user));
        let people = holder.into_iter().chain(creator);
        people.map(|(which, user)| (which, user.id.as_str(), user.object.role))
    }

    /// The key's own end, as a grant, once it has come. Keys that differ in nothing but their end
    /// share a grant, so it is kept beside it.
    pub(crate) fn expired(&self, now: u64) -> Option<(&Id<Key>, Compiled)> {
        let Proof::Key(key, _) = &self.proof else {
            return None;
        };
        let end = key.object.grant.date.filter(|end| *end <= now)?;
        Some((&key.id, Compiled::until(end)))
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

/// Milliseconds since 1970, as time.
pub(crate) fn wall(now: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(now)
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// The organisation of the team, or the key's own where no team says it.
fn organisation(
    directory: &Directory,
    team: Option<&Entry<Team>>,
    own: Option<&Id<Organisation>>,
    gone: fn(&str) -> Fault,
) -> Result<Option<Arc<Entry<Organisation>>>, Fault> {
    let of_team = team.and_then(|team| team.object.organisation.as_ref());
    let Some(id) = of_team.or(own) else {
        return Ok(None);
    };
    let organisation = directory.organisations.find(id.as_str());
    organisation.map(Some).ok_or_else(|| gone("organisation"))
}

fn gone(what: &str) -> Fault {
    let message =
        format!("Authentication Error, the {what} of this key is gone; ask for another key.");
    Fault::downstream(FaultKind::Authentication, message).with_code("auth_error")
}

fn lost(what: &str) -> Fault {
    let message =
        format!("Authentication Error, the {what} that this identity stands for is gone.");
    Fault::downstream(FaultKind::Authentication, message).with_code("auth_error")
}

fn gone_key(how: &str) -> Fault {
    let message = format!("Authentication Error, the key of this call {how}.");
    Fault::downstream(FaultKind::Authentication, message).with_code("auth_error")
}

/// The end of a call that somebody made without a key.
fn ended(unproven: &Unproven) -> Fault {
    let message = match unproven {
        Unproven::Over => {
            "Authentication Error, the token or certificate of this call has expired."
        }
        _ => {
            "Authentication Error, the token or certificate of this call is not accepted any more."
        }
    };
    let fault = Fault::downstream(FaultKind::Authentication, message).with_code("auth_error");
    fault.with_cause(unproven)
}
