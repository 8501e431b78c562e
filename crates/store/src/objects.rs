//! The objects that carry authority, one file a kind. Field names are LiteLLM's where LiteLLM has
//! the field, so that an object reads like the request that made it.

mod budget;
mod content;
mod credential;
mod customer;
mod deployment;
mod groups;
mod key;
mod organisation;
mod project;
mod sealed;
mod service_account;
mod team;
mod user;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use budget::Budget;
pub use content::Content;
pub(crate) use content::Unique;
pub use credential::{Credential, SealedValue};
pub use customer::Customer;
pub use deployment::StoredDeployment;
pub use groups::{AccessGroup, Tag};
pub use key::{Key, KeySecret, Owner, SecretForm};
pub use organisation::Organisation;
pub use project::Project;
pub use sealed::ValuePlace;
pub use service_account::{Account, Claim, ServiceAccount};
pub use team::{Member, MemberDefaults, Team};
pub use user::{Membership, User};

/// An object of the store.
pub trait Object: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its kind, as the database and the MAC name it. Never change one.
    const KIND: Kind;
}

/// The kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// [`Organisation`]
    Organisation,
    /// [`Team`]
    Team,
    /// [`Project`]
    Project,
    /// [`User`]
    User,
    /// [`ServiceAccount`]
    ServiceAccount,
    /// [`Customer`]
    Customer,
    /// [`Budget`]
    Budget,
    /// [`Key`]
    Key,
    /// [`Credential`]
    Credential,
    /// [`StoredDeployment`]
    Deployment,
    /// [`AccessGroup`]
    AccessGroup,
    /// [`Tag`]
    Tag,
}

impl Kind {
    /// Every kind, in the order in which objects may refer to each other.
    pub const ALL: [Self; 12] = [
        Self::Budget,
        Self::AccessGroup,
        Self::Tag,
        Self::Organisation,
        Self::Team,
        Self::Project,
        Self::User,
        Self::ServiceAccount,
        Self::Customer,
        Self::Credential,
        Self::Deployment,
        Self::Key,
    ];

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The word for it in the database, in logs and in errors.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Team => "team",
            Self::Project => "project",
            Self::User => "user",
            Self::ServiceAccount => "service_account",
            Self::Customer => "customer",
            Self::Budget => "budget",
            Self::Key => "key",
            Self::Credential => "credential",
            Self::Deployment => "deployment",
            Self::AccessGroup => "access_group",
            Self::Tag => "tag",
        }
    }
}

/// When and by whom an object was made and changed last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// Milliseconds since 1970.
    pub created_at: u64,
    /// The id of the user, service account or key; `admin_key` for the first admin key.
    pub created_by: Box<str>,
    /// Milliseconds since 1970.
    pub updated_at: u64,
    /// As `created_by`.
    pub updated_by: Box<str>,
}

/// What administrators and LiteLLM's clients attach to an object. It has no effect of its own.
pub type Metadata = serde_json::Map<String, serde_json::Value>;
