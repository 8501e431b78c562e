//! Whose budgets and limits a call takes from.

use std::sync::Arc;

use ironward_core::Money;
use ironward_ledger::{Kind, Scope};
use ironward_policy::Spending;
use ironward_store::Entry;
use ironward_store::objects::{Customer, Metadata, Tag};

use super::chain::{Chain, Holder, Proof};

/// Somebody, or something, that a call's cost is counted for.
pub(crate) struct Spender<'a> {
    kind: Kind,
    id: &'a str,
    /// The team, for a person's place in it.
    team: Option<&'a str>,
    pub(crate) spending: &'a Spending,
    /// Whether its budgets count, and not its limits alone.
    pub(crate) pays: bool,
    /// When the period of its budget ends, where that is kept beside the rest.
    pub(crate) reset_at: Option<u64>,
}

/// What the store says that was spent: how much, and when it said so.
pub(crate) type Stored = (Money, u64);

impl<'a> Spender<'a> {
    const fn new(kind: Kind, id: &'a str, spending: &'a Spending) -> Self {
        Self {
            kind,
            id,
            team: None,
            spending,
            pays: true,
            reset_at: spending.budget_reset_at,
        }
    }

    pub(crate) fn of_customer(customer: &'a Entry<Customer>) -> Self {
        Self::new(
            Kind::EndUser,
            customer.id.as_str(),
            &customer.object.spending,
        )
    }

    pub(crate) fn of_tag(tag: &'a Entry<Tag>) -> Self {
        Self::new(Kind::Tag, tag.id.as_str(), &tag.object.spending)
    }

    pub(crate) fn scope(&self) -> Scope {
        let scope = Scope::new(self.kind, self.id);
        match self.team {
            Some(team) => scope.of(Scope::new(Kind::Team, team)),
            None => scope,
        }
    }
}

impl Chain {
    /// Everybody whose budgets and limits the calls of this chain take from. As in LiteLLM, a person
    /// pays out of their own budget only where no team does; their limits bound every call. Who made
    /// a key for somebody else does not pay for it.
    pub(crate) fn spenders<'c>(&'c self, mut each: impl FnMut(Spender<'c>)) {
        if let Proof::Key(key, _) = &self.proof {
            let spending = &key.object.spending;
            each(Spender {
                reset_at: spending.date,
                ..Spender::new(Kind::Key, key.id.as_str(), &spending.rest)
            });
        }
        match &self.holder {
            Holder::Nobody => {}
            Holder::User(user) => {
                each(Spender {
                    pays: self.team.is_none(),
                    ..Spender::new(Kind::User, user.id.as_str(), &user.object.spending)
                });
                if let Some(team) = &self.team {
                    let mut members = team.object.members.iter();
                    if let Some(member) = members.find(|member| member.user == user.id) {
                        each(Spender {
                            team: Some(team.id.as_str()),
                            ..Spender::new(Kind::Member, user.id.as_str(), &member.spending)
                        });
                    }
                }
            }
            Holder::ServiceAccount(account) => {
                let spending = &account.object.spending;
                each(Spender::new(
                    Kind::ServiceAccount,
                    account.id.as_str(),
                    spending,
                ));
            }
        }
        if let Some(project) = &self.project {
            let spending = &project.object.spending;
            each(Spender::new(Kind::Project, project.id.as_str(), spending));
        }
        if let Some(team) = &self.team {
            each(Spender::new(
                Kind::Team,
                team.id.as_str(),
                &team.object.spending,
            ));
        }
        if let Some(organisation) = &self.organisation {
            let spending = &organisation.object.spending;
            let id = organisation.id.as_str();
            each(Spender::new(Kind::Organisation, id, spending));
        }
    }

    /// Whether anything is counted for it.
    pub(crate) fn is_counted(&self) -> bool {
        let mut is_counted = false;
        self.spenders(|spender| is_counted |= spender.spending.is_counted());
        is_counted
    }

    /// Under which name it is remembered: no two that are others at the same time have the same one.
    pub(crate) fn place(&self) -> (Kind, &str) {
        match (&self.proof, &self.holder) {
            (Proof::Key(key, _), _) => (Kind::Key, key.id.as_str()),
            (Proof::Vouched(_), Holder::User(user)) => (Kind::User, user.id.as_str()),
            (Proof::Vouched(_), Holder::ServiceAccount(account)) => {
                (Kind::ServiceAccount, account.id.as_str())
            }
            (Proof::Vouched(_), Holder::Nobody) => (Kind::User, ""),
        }
    }

    /// Whether both are made of the same versions of everything that is counted.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        fn same<K, C>(one: Option<&Arc<Entry<K, C>>>, other: Option<&Arc<Entry<K, C>>>) -> bool {
            match (one, other) {
                (None, None) => true,
                (Some(one), Some(other)) => Arc::ptr_eq(one, other),
                _ => false,
            }
        }
        let proof = match (&self.proof, &other.proof) {
            (Proof::Key(one, _), Proof::Key(other, _)) => Arc::ptr_eq(one, other),
            (Proof::Vouched(_), Proof::Vouched(_)) => true,
            _ => false,
        };
        let holder = match (&self.holder, &other.holder) {
            (Holder::Nobody, Holder::Nobody) => true,
            (Holder::User(one), Holder::User(other)) => Arc::ptr_eq(one, other),
            (Holder::ServiceAccount(one), Holder::ServiceAccount(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        proof
            && holder
            && same(self.project.as_ref(), other.project.as_ref())
            && same(self.team.as_ref(), other.team.as_ref())
            && same(self.organisation.as_ref(), other.organisation.as_ref())
    }

    /// The labels that its key puts on calls.
    pub(crate) fn tags(&self) -> &[Box<str>] {
        self.key().map_or(&[], |key| &key.object.tags)
    }

    /// What the store says that the key has spent, or the team, or whoever it is that is counted.
    pub(crate) fn stored(&self, kind: Kind) -> Stored {
        let spent = |kept: &Metadata, at| (spend_of(kept), at);
        match (kind, &self.holder) {
            (Kind::Key, _) => self.key().map_or((Money::ZERO, 0), |key| {
                let key = key.object.whole();
                spent(&key.kept, key.origin.updated_at)
            }),
            (Kind::User, Holder::User(user)) => {
                spent(&user.object.kept, user.object.origin.updated_at)
            }
            (Kind::ServiceAccount, Holder::ServiceAccount(account)) => {
                spent(&account.object.kept, account.object.origin.updated_at)
            }
            (Kind::Project, _) => self.project.as_ref().map_or((Money::ZERO, 0), |project| {
                spent(&project.object.kept, project.object.origin.updated_at)
            }),
            (Kind::Team, _) => self.team.as_ref().map_or((Money::ZERO, 0), |team| {
                spent(&team.object.kept, team.object.origin.updated_at)
            }),
            (Kind::Organisation, _) => {
                let organisation = self.organisation.as_ref();
                organisation.map_or((Money::ZERO, 0), |organisation| {
                    let object = &organisation.object;
                    spent(&object.kept, object.origin.updated_at)
                })
            }
            _ => (Money::ZERO, 0),
        }
    }
}

/// The number that imports and administrators have written.
pub(crate) fn spend_of(kept: &Metadata) -> Money {
    let spend = kept.get("spend").and_then(serde_json::Value::as_f64);
    spend
        .and_then(|dollars| Money::from_dollars(dollars).ok())
        .unwrap_or_default()
}
