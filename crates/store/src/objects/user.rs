use ironward_core::{Id, Role};
use ironward_policy::{Grant, Spending};
use serde::{Deserialize, Serialize};

use super::{Claim, Kind, Metadata, Object, Organisation, Origin};
use crate::ids;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Their address, unique without regard to case.
    pub email: Option<Box<str>>,
    /// A name for people.
    pub alias: Option<Box<str>>,
    /// What they may do on the management plane.
    #[serde(with = "crate::role")]
    pub role: Role,
    /// The organisations that they belong to.
    pub organisations: Vec<Membership>,
    /// What they and their keys may do at most.
    pub grant: Grant,
    /// What they may spend.
    pub spending: Spending,
    /// Their subject at the identity provider.
    pub sso_user_id: Option<Box<str>>,
    /// The tokens and certificates that prove them without a key: all claims of one entry hold.
    #[serde(default)]
    pub identities: Vec<Vec<Claim>>,
    /// Free.
    pub metadata: Metadata,
    /// LiteLLM's fields that have no effect yet, as they were given.
    #[serde(default)]
    pub kept: Metadata,
    /// Who made it.
    pub origin: Origin,
}

/// A user in an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Which.
    #[serde(with = "ids::one")]
    pub organisation: Id<Organisation>,
    /// `org_admin`, `internal_user` or `internal_user_viewer`.
    #[serde(with = "crate::role")]
    pub role: Role,
    /// What they may spend in it.
    #[serde(default)]
    pub spending: Spending,
}

impl Object for User {
    const KIND: Kind = Kind::User;
}
