use ironward_core::Id;
use ironward_policy::{Grant, Spending};
use serde::{Deserialize, Serialize};

use super::{Kind, Metadata, Object, Origin, Team, User};
use crate::ids;

/// The identity of an agent or another program. It owns its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceAccount {
    /// A name for people.
    pub alias: Box<str>,
    /// The team that it belongs to.
    #[serde(with = "ids::one")]
    pub team: Id<Team>,
    /// What it may do at most.
    pub grant: Grant,
    /// What it may spend.
    pub spending: Spending,
    /// The tokens and certificates that prove it without a key: all claims of one entry hold.
    pub identities: Vec<Vec<Claim>>,
    /// Free.
    pub metadata: Metadata,
    /// LiteLLM's fields that have no effect yet, as they were given.
    #[serde(default)]
    pub kept: Metadata,
    /// Who made it.
    pub origin: Origin,
}

/// Who can be proven without a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Account {
    /// A person.
    User(Id<User>),
    /// A program.
    ServiceAccount(Id<ServiceAccount>),
}

impl Account {
    /// Its id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::User(id) => id.as_str(),
            Self::ServiceAccount(id) => id.as_str(),
        }
    }
}

/// A claim that a token has to hold: `iss`, `sub`, ..., or `spiffe` for a certificate's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its name; a nested one with dots.
    pub name: Box<str>,
    /// Its exact value.
    pub value: Box<str>,
}

impl Object for ServiceAccount {
    const KIND: Kind = Kind::ServiceAccount;
}
