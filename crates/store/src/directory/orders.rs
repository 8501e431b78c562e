//! The orders in which objects are held besides that of their ids, and what is found by them.

use std::sync::Arc;

use ironward_core::{Id, Money};

use super::ordered::{By, Ordered, Rank};
use super::{Directory, Entry, LiveKey};
use crate::objects::{Key, Owner, Project, ServiceAccount, Team, User};

/// Makes the orders of a kind and what keeps them, so that none can be forgotten.
macro_rules! orders {
    ($all:ident of $kind:ty, held as $held:ty: $($name:ident: $by:ident = $rank:expr;)*) => {
        $(
            pub(super) struct $by;

            impl By for $by {
                type Kind = $kind;
                type Held = $held;

                fn rank(object: &$held) -> Option<Rank<'_>> {
                    let rank: fn(&$held) -> Option<Rank<'_>> = $rank;
                    rank(object)
                }
            }
        )*

        pub(super) struct $all {
            $($name: Ordered<$by>,)*
        }

        impl $all {
            pub(super) const fn new() -> Self {
                Self { $($name: Ordered::new(),)* }
            }

            /// What an object was, and what it is now.
            pub(super) fn replace(
                &self,
                old: Option<&Arc<Entry<$kind, $held>>>,
                new: Option<&Arc<Entry<$kind, $held>>>,
            ) {
                $(self.$name.replace(old, new);)*
            }

            /// Adds many that are not there yet.
            pub(super) fn extend(&self, entries: &[Arc<Entry<$kind, $held>>]) {
                $(self.$name.extend(entries);)*
            }
        }
    };
}

orders! {
    KeyOrders of Key, held as LiveKey:
    created: KeyCreated = |key| Some(Rank::Number(key.created_at));
    updated: KeyUpdated = |key| Some(Rank::Number(key.updated_at));
    expires: KeyExpires = |key| Some(key.grant.date.into());
    budget: KeyBudget = |key| Some(key.spending.rest.max_budget.map(Money::nanos).into());
    alias: KeyAlias = |key| Some(key.alias.as_deref().into());
    user: KeyUser = |key| match &key.owner {
        Owner::User(user) => Some(Rank::Text(user.as_str())),
        Owner::ServiceAccount(_) | Owner::Team => None,
    };
    account: KeyAccount = |key| match &key.owner {
        Owner::ServiceAccount(account) => Some(Rank::Text(account.as_str())),
        Owner::User(_) | Owner::Team => None,
    };
    creator: KeyCreator = |key| of(key.creator.as_ref());
    team: KeyTeam = |key| of(key.team.as_ref());
    project: KeyProject = |key| of(key.project.as_ref());
    organisation: KeyOrganisation = |key| of(key.organisation.as_ref());
}

orders! {
    UserOrders of User, held as User:
    created: UserCreated = |user| Some(Rank::Number(user.origin.created_at));
    email: UserEmail = |user| Some(user.email.as_deref().into());
    alias: UserAlias = |user| Some(user.alias.as_deref().into());
    role: UserRole = |user| Some(Rank::Text(user.role.as_str()));
}

fn of<K>(id: Option<&Id<K>>) -> Option<Rank<'_>> {
    id.map(|id| Rank::Text(id.as_str()))
}

/// An order of keys; where two are equal, by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the order of its name")]
pub enum KeyOrder {
    Id,
    CreatedAt,
    UpdatedAt,
    Expires,
    MaxBudget,
    Alias,
}

/// An order of users; where two are equal, by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the order of its name")]
pub enum UserOrder {
    Id,
    CreatedAt,
    Email,
    Alias,
    Role,
}

/// What some keys have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeysOf<'a> {
    /// Their name for people.
    Alias(&'a str),
    /// The user who owns them.
    User(&'a str),
    /// The service account that owns them.
    ServiceAccount(&'a str),
    /// The user whose rights bound them.
    Creator(&'a str),
    /// The team that they name.
    Team(&'a str),
    /// The project that they name.
    Project(&'a str),
    /// The organisation that they name.
    Organisation(&'a str),
}

type HeldKey = Arc<Entry<Key, LiveKey>>;

impl Directory {
    /// The keys that have this in common, in the order of their ids.
    #[must_use]
    pub fn keys_of(&self, what: KeysOf<'_>) -> Vec<HeldKey> {
        let orders = &self.key_orders;
        let found = match what {
            KeysOf::Alias(alias) => orders.alias.of(Rank::Text(alias)),
            KeysOf::User(user) => orders.user.of(Rank::Text(user)),
            KeysOf::ServiceAccount(account) => orders.account.of(Rank::Text(account)),
            KeysOf::Creator(user) => orders.creator.of(Rank::Text(user)),
            KeysOf::Team(team) => orders.team.of(Rank::Text(team)),
            KeysOf::Project(project) => orders.project.of(Rank::Text(project)),
            KeysOf::Organisation(id) => orders.organisation.of(Rank::Text(id)),
        };
        self.keys.walk(found.len());
        found
    }

    /// How many keys a user owns.
    #[must_use]
    pub fn count_keys_of_user(&self, user: &str) -> usize {
        self.key_orders.user.count_of(Rank::Text(user))
    }

    /// As many keys as `count` after the first `skip`, from the least or from the greatest on; and
    /// how many there are in all.
    #[must_use]
    pub fn page_of_keys(
        &self,
        order: KeyOrder,
        (skip, count): (usize, usize),
        descending: bool,
    ) -> (Vec<HeldKey>, usize) {
        let orders = &self.key_orders;
        let page = match order {
            KeyOrder::Id => return self.keys.page((skip, count), descending),
            KeyOrder::CreatedAt => orders.created.page(skip, count, descending),
            KeyOrder::UpdatedAt => orders.updated.page(skip, count, descending),
            KeyOrder::Expires => orders.expires.page(skip, count, descending),
            KeyOrder::MaxBudget => orders.budget.page(skip, count, descending),
            KeyOrder::Alias => orders.alias.page(skip, count, descending),
        };
        self.keys.walk(page.0.len());
        page
    }

    /// The same of the aliases of keys: in their order, each once, by a key that has it.
    #[must_use]
    pub fn page_of_key_aliases(&self, (skip, count): (usize, usize)) -> (Vec<HeldKey>, usize) {
        let page = self.key_orders.alias.page_of_texts(skip, count);
        self.keys.walk(page.0.len());
        page
    }

    /// The same of users.
    #[must_use]
    pub fn page_of_users(
        &self,
        order: UserOrder,
        (skip, count): (usize, usize),
        descending: bool,
    ) -> (Vec<Arc<Entry<User>>>, usize) {
        let orders = &self.user_orders;
        let page = match order {
            UserOrder::Id => return self.users.page((skip, count), descending),
            UserOrder::CreatedAt => orders.created.page(skip, count, descending),
            UserOrder::Email => orders.email.page(skip, count, descending),
            UserOrder::Alias => orders.alias.page(skip, count, descending),
            UserOrder::Role => orders.role.page(skip, count, descending),
        };
        self.users.walk(page.0.len());
        page
    }

    /// The teams that a user is a member of, in the order of their ids.
    #[must_use]
    pub fn teams_of_user(&self, user: &str) -> Vec<Arc<Entry<Team>>> {
        self.teams.those(&self.teams_of_user.of(user))
    }

    /// The teams of an organisation, in the order of their ids.
    #[must_use]
    pub fn teams_of_organisation(&self, id: &str) -> Vec<Arc<Entry<Team>>> {
        self.teams.those(&self.teams_of_organisation.of(id))
    }

    /// The users who have a place in an organisation, in the order of their ids.
    #[must_use]
    pub fn users_of_organisation(&self, id: &str) -> Vec<Arc<Entry<User>>> {
        self.users.those(&self.users_of_organisation.of(id))
    }

    /// The projects of a team, in the order of their ids.
    #[must_use]
    pub fn projects_of_team(&self, team: &str) -> Vec<Arc<Entry<Project>>> {
        self.projects.those(&self.projects_of_team.of(team))
    }

    /// The service accounts of a team, in the order of their ids.
    #[must_use]
    pub fn service_accounts_of_team(&self, team: &str) -> Vec<Arc<Entry<ServiceAccount>>> {
        let found = self.service_accounts_of_team.of(team);
        self.service_accounts.those(&found)
    }
}

#[cfg(test)]
mod tests;
