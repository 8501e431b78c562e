use ironward_policy::Spending;
use serde::{Deserialize, Serialize};

use super::{Kind, Object, Origin};

/// A name for a set of model groups, to grant them together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccessGroup {
    /// The model groups, with `*` for any text.
    pub models: Vec<Box<str>>,
    /// What it is for.
    pub description: Option<Box<str>>,
    /// Who made it.
    pub origin: Origin,
}

impl Object for AccessGroup {
    const KIND: Kind = Kind::AccessGroup;
}

/// A label on calls that may have a budget of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tag {
    /// What it is for.
    pub description: Option<Box<str>>,
    /// The model groups or deployments that calls with this tag go to; empty: any.
    pub models: Vec<Box<str>>,
    /// What may be spent on calls with it.
    pub spending: Spending,
    /// Who made it.
    pub origin: Origin,
}

impl Object for Tag {
    const KIND: Kind = Kind::Tag;
}
