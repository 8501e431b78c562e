use ironward_policy::{Grant, Spending};
use serde::{Deserialize, Serialize};

use super::{Kind, Metadata, Object, Origin};

/// An end user: whom the application serves that calls.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Customer {
    /// A name for people.
    pub alias: Option<Box<str>>,
    /// What calls on its behalf may do.
    pub grant: Grant,
    /// What may be spent on its behalf.
    pub spending: Spending,
    /// The model group that serves it when a call names none that it may use.
    pub default_model: Option<Box<str>>,
    /// LiteLLM's fields that have no effect yet, as they were given.
    #[serde(default)]
    pub kept: Metadata,
    /// Who made it.
    pub origin: Origin,
}

impl Object for Customer {
    const KIND: Kind = Kind::Customer;
}
