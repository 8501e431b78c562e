use std::collections::BTreeMap;

use ironward_core::Id;
use ironward_policy::{Grant, Spending};
use serde::{Deserialize, Serialize};

use super::{Kind, Metadata, Object, Organisation, Origin, Project, ServiceAccount, Team, User};
use crate::ids;

/// A virtual key: what a client presents. Its id outlives its secrets. The default one is nobody's,
/// and nobody can present it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The secrets that it is proven by; at most two are live at once.
    pub secrets: Vec<KeySecret>,
    /// A name for people.
    pub alias: Option<Box<str>>,
    /// How it is shown: `sk-...abcd`.
    pub name: Box<str>,
    /// Whose it is.
    pub owner: Owner,
    /// The team that pays.
    #[serde(with = "ids::optional")]
    pub team: Option<Id<Team>>,
    /// The project that pays.
    #[serde(with = "ids::optional")]
    pub project: Option<Id<Project>>,
    /// The organisation, where the key has no team that says it.
    #[serde(with = "ids::optional")]
    pub organisation: Option<Id<Organisation>>,
    /// The user whose rights bound it, where somebody other than its owner made it.
    #[serde(with = "ids::optional")]
    pub creator: Option<Id<User>>,
    /// What it may do at most.
    pub grant: Grant,
    /// What it may spend.
    pub spending: Spending,
    /// Names of its own for model groups.
    pub aliases: BTreeMap<Box<str>, Box<str>>,
    /// Labels on its calls.
    pub tags: Vec<Box<str>>,
    /// How often it is rotated by itself, as written.
    pub rotation_interval: Option<Box<str>>,
    /// Free.
    pub metadata: Metadata,
    /// LiteLLM's fields that have no effect yet, as they were given.
    pub kept: Metadata,
    /// Who made it.
    pub origin: Origin,
}

/// One secret of a key, as a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySecret {
    /// What was hashed.
    pub form: SecretForm,
    /// HMAC-SHA-256 under the installation's pepper, in hex.
    pub hash: Box<str>,
    /// When it was made, in milliseconds since 1970.
    pub made: u64,
    /// When it stops being accepted, in milliseconds since 1970: the end of a rotation's overlap.
    pub until: Option<u64>,
}

/// What a stored hash is the hash of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretForm {
    /// The presented key.
    Presented,
    /// The hex SHA-256 of the presented key: all that LiteLLM keeps of its keys.
    LitellmHash,
}

/// Whose a key is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// Its team's, or nobody's.
    #[default]
    Team,
    /// A person's.
    #[serde(with = "ids::one")]
    User(Id<User>),
    /// A program's.
    #[serde(with = "ids::one")]
    ServiceAccount(Id<ServiceAccount>),
}

impl Object for Key {
    const KIND: Kind = Kind::Key;
}
