use ironward_policy::{Grant, Spending};
use serde::{Deserialize, Serialize};

use super::{Kind, Metadata, Object, Origin};

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Organisation {
    /// A name for people.
    pub alias: Box<str>,
    /// What everybody in it may do at most.
    pub grant: Grant,
    /// What everybody in it may spend together.
    pub spending: Spending,
    /// Free.
    pub metadata: Metadata,
    /// LiteLLM's fields that have no effect yet, as they were given.
    #[serde(default)]
    pub kept: Metadata,
    /// Who made it.
    pub origin: Origin,
}

impl Object for Organisation {
    const KIND: Kind = Kind::Organisation;
}
