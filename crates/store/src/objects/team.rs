use std::collections::BTreeMap;

use ironward_core::Id;
use ironward_policy::{Grant, Spending};
use serde::{Deserialize, Serialize};

use super::{Kind, Metadata, Object, Organisation, Origin, User};
use crate::ids;

/// People and programs that share models and a budget.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Team {
    /// A name for people.
    pub alias: Option<Box<str>>,
    /// The organisation that it belongs to.
    #[serde(with = "ids::optional")]
    pub organisation: Option<Id<Organisation>>,
    /// Who is in it, each once.
    pub members: Vec<Member>,
    /// What new members get.
    pub member_defaults: MemberDefaults,
    /// Management routes that ordinary members may use for keys of this team.
    pub member_permissions: Vec<Box<str>>,
    /// Names of its own for model groups.
    pub model_aliases: BTreeMap<Box<str>, Box<str>>,
    /// What its keys may do at most.
    pub grant: Grant,
    /// What its keys may spend together.
    pub spending: Spending,
    /// Free.
    pub metadata: Metadata,
    /// LiteLLM's fields that have no effect yet, as they were given.
    pub kept: Metadata,
    /// Who made it.
    pub origin: Origin,
}

/// A user in a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    #[serde(with = "ids::one")]
    pub user: Id<User>,
    /// Whether they administer the team.
    pub is_admin: bool,
    /// What they may do in it.
    pub grant: Grant,
    /// What they may spend in it.
    pub spending: Spending,
}

/// What new members of a team get.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MemberDefaults {
    /// Model groups; not set: all of the team's.
    pub models: Option<Vec<Box<str>>>,
    /// What each may spend.
    pub spending: Spending,
    /// How long their keys live, as written.
    pub key_duration: Option<Box<str>>,
}

impl Object for Team {
    const KIND: Kind = Kind::Team;
}
