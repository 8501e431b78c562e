use serde::de::DeserializeOwned;

use super::{
    AccessGroup, Budget, Credential, Customer, Key, Kind, Object, Organisation, Project,
    SealedValue, ServiceAccount, StoredDeployment, Tag, Team, User,
};

/// An object of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the type of its name")]
pub enum Content {
    Organisation(Box<Organisation>),
    Team(Box<Team>),
    Project(Box<Project>),
    User(Box<User>),
    ServiceAccount(Box<ServiceAccount>),
    Customer(Box<Customer>),
    Budget(Box<Budget>),
    Key(Box<Key>),
    Credential(Box<Credential>),
    Deployment(Box<StoredDeployment>),
    AccessGroup(Box<AccessGroup>),
    Tag(Box<Tag>),
}

/// A value that one object of its kind may have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unique {
    /// What it is, as the database and errors call it.
    pub(crate) space: &'static str,
    pub(crate) value: Vec<u8>,
}

impl Content {
    /// Reads a body; `None` when it is not one of this kind.
    #[must_use]
    pub fn read(kind: Kind, body: &[u8]) -> Option<Self> {
        fn parse<T: DeserializeOwned>(body: &[u8]) -> Option<Box<T>> {
            serde_json::from_slice(body).ok().map(Box::new)
        }
        match kind {
            Kind::Organisation => parse(body).map(Self::Organisation),
            Kind::Team => parse(body).map(Self::Team),
            Kind::Project => parse(body).map(Self::Project),
            Kind::User => parse(body).map(Self::User),
            Kind::ServiceAccount => parse(body).map(Self::ServiceAccount),
            Kind::Customer => parse(body).map(Self::Customer),
            Kind::Budget => parse(body).map(Self::Budget),
            Kind::Key => parse(body).map(Self::Key),
            Kind::Credential => parse(body).map(Self::Credential),
            Kind::Deployment => parse(body).map(Self::Deployment),
            Kind::AccessGroup => parse(body).map(Self::AccessGroup),
            Kind::Tag => parse(body).map(Self::Tag),
        }
    }

    /// Its JSON.
    pub(crate) fn body(&self) -> Vec<u8> {
        let body = match self {
            Self::Organisation(object) => serde_json::to_vec(object),
            Self::Team(object) => serde_json::to_vec(object),
            Self::Project(object) => serde_json::to_vec(object),
            Self::User(object) => serde_json::to_vec(object),
            Self::ServiceAccount(object) => serde_json::to_vec(object),
            Self::Customer(object) => serde_json::to_vec(object),
            Self::Budget(object) => serde_json::to_vec(object),
            Self::Key(object) => serde_json::to_vec(object),
            Self::Credential(object) => serde_json::to_vec(object),
            Self::Deployment(object) => serde_json::to_vec(object),
            Self::AccessGroup(object) => serde_json::to_vec(object),
            Self::Tag(object) => serde_json::to_vec(object),
        };
        body.unwrap_or_default()
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Organisation(_) => Organisation::KIND,
            Self::Team(_) => Team::KIND,
            Self::Project(_) => Project::KIND,
            Self::User(_) => User::KIND,
            Self::ServiceAccount(_) => ServiceAccount::KIND,
            Self::Customer(_) => Customer::KIND,
            Self::Budget(_) => Budget::KIND,
            Self::Key(_) => Key::KIND,
            Self::Credential(_) => Credential::KIND,
            Self::Deployment(_) => StoredDeployment::KIND,
            Self::AccessGroup(_) => AccessGroup::KIND,
            Self::Tag(_) => Tag::KIND,
        }
    }

    /// The values that no other object may have, sorted, each once.
    pub(crate) fn unique(&self) -> Vec<Unique> {
        let mut values: Vec<_> = match self {
            Self::Key(key) => key
                .secrets
                .iter()
                .map(|secret| Unique {
                    space: "key secret",
                    value: secret.hash.to_ascii_lowercase().into_bytes(),
                })
                .collect(),
            Self::User(user) => {
                let email = user.email.iter().map(|email| Unique {
                    space: "user email",
                    value: email.to_lowercase().into_bytes(),
                });
                let sso = user.sso_user_id.iter().map(|id| Unique {
                    space: "user sso id",
                    value: id.as_bytes().to_vec(),
                });
                email.chain(sso).collect()
            }
            _ => Vec::new(),
        };
        values.sort_unstable();
        values.dedup();
        values
    }

    /// The sealed values in it.
    pub(crate) fn sealed(&self) -> impl Iterator<Item = &SealedValue> {
        let sealed = match self {
            Self::Credential(credential) => Some(&credential.sealed),
            Self::Deployment(deployment) => Some(&deployment.sealed),
            _ => None,
        };
        sealed.into_iter().flat_map(|sealed| sealed.values())
    }
}
