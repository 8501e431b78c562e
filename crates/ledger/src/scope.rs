use std::fmt;
use std::sync::Arc;

/// Whose spend is counted together. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    kind: Kind,
    id: Arc<str>,
    of: Option<Arc<Self>>,
}

/// What a scope is one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Everything that passes this gateway.
    Gateway,
    /// An organisation.
    Organisation,
    /// A team.
    Team,
    /// A project.
    Project,
    /// Somebody's place in a team: of it.
    Member,
    /// A person.
    User,
    /// A service account.
    ServiceAccount,
    /// A virtual key, by its id.
    Key,
    /// Whom the caller names as the one it serves.
    EndUser,
    /// A tag that the caller puts on a call.
    Tag,
    /// A model group, of a key or team.
    Model,
    /// A provider.
    Provider,
    /// A deployment.
    Deployment,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Organisation => "organisation",
            Self::Team => "team",
            Self::Project => "project",
            Self::Member => "member",
            Self::User => "user",
            Self::ServiceAccount => "service account",
            Self::Key => "key",
            Self::EndUser => "end user",
            Self::Tag => "tag",
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Deployment => "deployment",
        }
    }

    /// LiteLLM's word for it, as its messages and headers have it.
    const fn litellm(self) -> &'static str {
        match self {
            Self::Organisation => "organization",
            Self::Member => "team_member",
            Self::ServiceAccount => "agent",
            Self::Key => "api_key",
            Self::EndUser => "end_user",
            other => other.name(),
        }
    }
}

impl Scope {
    /// A scope that stands for itself.
    #[must_use]
    pub fn new(kind: Kind, id: &str) -> Self {
        Self {
            kind,
            id: id.into(),
            of: None,
        }
    }

    /// The whole gateway.
    #[must_use]
    pub fn gateway() -> Self {
        Self::new(Kind::Gateway, "")
    }

    /// This within another one: a member of a team, a model of a key.
    #[must_use]
    pub fn of(self, other: Self) -> Self {
        Self {
            of: Some(Arc::new(other)),
            ..self
        }
    }

    /// What it is one of.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Which one.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it is within.
    #[must_use]
    pub fn within(&self) -> Option<&Self> {
        self.of.as_deref()
    }

    /// LiteLLM's word for scopes like this one: `api_key`, `team_member`, `model_per_key`.
    #[must_use]
    pub fn descriptor(&self) -> &'static str {
        match (self.kind, self.within().map(Self::kind)) {
            (Kind::Model, Some(Kind::Key)) => "model_per_key",
            (Kind::Model, Some(Kind::Team)) => "model_per_team",
            (Kind::Model, Some(Kind::Project)) => "model_per_project",
            (Kind::Model, Some(Kind::Organisation)) => "model_per_organization",
            (Kind::Tag, Some(Kind::Key)) => "tag_per_key",
            (kind, _) => kind.litellm(),
        }
    }

    /// Whether whoever calls chooses the id, so that there is no end of them.
    pub(crate) fn is_chosen(&self) -> bool {
        matches!(self.kind, Kind::EndUser | Kind::Tag) || self.within().is_some_and(Self::is_chosen)
    }
}

impl fmt::Display for Scope {
    /// `team research`, `model gpt-4o of key 7h2k`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        if !self.id.is_empty() {
            write!(f, " {}", self.id)?;
        }
        match self.within() {
            Some(other) => write!(f, " of {other}"),
            None => Ok(()),
        }
    }
}

#[cfg(not(loom))]
#[cfg(test)]
mod tests {
    use super::{Kind, Scope};

    #[test]
    fn it_is_told_from_every_other() {
        let key = Scope::new(Kind::Key, "7h2k");
        let model = Scope::new(Kind::Model, "gpt-4o").of(key.clone());
        assert_eq!(model.to_string(), "model gpt-4o of key 7h2k");
        assert_eq!(model.descriptor(), "model_per_key");
        assert_eq!(model.within(), Some(&key));
        assert_ne!(model, Scope::new(Kind::Model, "gpt-4o"));
        assert_ne!(key, Scope::new(Kind::Team, "7h2k"));
        assert_eq!(Scope::gateway().to_string(), "gateway");
        assert_eq!(
            Scope::new(Kind::Organisation, "o").descriptor(),
            "organization"
        );
    }

    #[test]
    fn only_callers_name_without_end() {
        let tag = Scope::new(Kind::Tag, "x");
        assert!(tag.clone().of(Scope::new(Kind::Key, "k")).is_chosen());
        assert!(Scope::new(Kind::Model, "m").of(tag).is_chosen());
        assert!(!Scope::new(Kind::Key, "k").is_chosen());
    }
}
