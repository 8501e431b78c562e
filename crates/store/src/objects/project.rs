use ironward_core::Id;
use ironward_policy::{Grant, Spending};
use serde::{Deserialize, Serialize};

use super::{Kind, Metadata, Object, Origin, Team};
use crate::ids;

/// A part of a team's work with a budget of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// A name for people.
    pub alias: Box<str>,
    /// The team that it belongs to.
    #[serde(with = "ids::one")]
    pub team: Id<Team>,
    /// What its keys may do at most.
    pub grant: Grant,
    /// What its keys may spend together.
    pub spending: Spending,
    /// Free.
    pub metadata: Metadata,
    /// LiteLLM's fields that have no effect yet, as they were given.
    #[serde(default)]
    pub kept: Metadata,
    /// Who made it.
    pub origin: Origin,
}

impl Object for Project {
    const KIND: Kind = Kind::Project;
}
