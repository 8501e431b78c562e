/// What somebody may do on the management plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything. The admin key and the config's master key have it.
    ProxyAdmin,
    /// Sees everything, changes nothing.
    ProxyAdminViewer,
    /// Administers an organisation: its teams, members and keys.
    OrgAdmin,
    /// Administers a team: its members and keys.
    TeamAdmin,
    /// Has keys of their own and sees what these did.
    InternalUser,
    /// Sees their own keys and spend, changes nothing.
    InternalUserViewer,
    /// Reads the journal and reports, nothing else.
    Auditor,
    /// Sees health and breakers; no secrets, no content.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 8] = [
        Self::ProxyAdmin,
        Self::ProxyAdminViewer,
        Self::OrgAdmin,
        Self::TeamAdmin,
        Self::InternalUser,
        Self::InternalUserViewer,
        Self::Auditor,
        Self::Operator,
    ];

    /// Its name in the API: LiteLLM's where LiteLLM has the role.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProxyAdmin => "proxy_admin",
            Self::ProxyAdminViewer => "proxy_admin_viewer",
            Self::OrgAdmin => "org_admin",
            Self::TeamAdmin => "team_admin",
            Self::InternalUser => "internal_user",
            Self::InternalUserViewer => "internal_user_viewer",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// Who is calling, once proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The name under which the key appears in records: never the key nor a part of it.
    pub alias: Box<str>,
    /// Its role.
    pub role: Role,
}
