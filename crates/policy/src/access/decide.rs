use std::fmt;

use ironward_core::Role;

use super::standing::standing;
use super::{Actor, Effect, Ownership, Route, Standing, Target};

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// What they ask for.
    Granted,
    /// Ask for a list, in which stands what [`authorise`] grants by this route.
    EachBy(Route),
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// Nobody of their role may, whatever the target: it can be said before the target is looked
    /// up.
    Role {
        /// Which route.
        route: Route,
        /// Their role.
        role: Role,
    },
    /// They are not to the target what they would have to be. An answer that tells this from a
    /// target that does not exist gives away which ids there are.
    Ownership {
        /// Which route.
        route: Route,
        /// Their role.
        role: Role,
    },
}

/// Whether `actor` may use `route` on `target`. There is no other way to be allowed something on the
/// management plane.
///
/// For a list, ask without a target first; then for each item, by the route that the permission
/// names.
///
/// # Errors
/// When they may not.
pub fn authorise(
    actor: &Actor<'_>,
    route: Route,
    target: Option<&Target<'_>>,
) -> Result<Permission, Denial> {
    let role = actor.role;
    if let (Effect::Lists(item), None) = (route.row().effect, target) {
        return if may_ever(role, item) {
            Ok(Permission::EachBy(item))
        } else {
            Err(Denial::Role { route, role })
        };
    }
    let standing = target.map_or(Standing::STRANGER, |target| {
        standing(actor, route.judge(), target)
    });
    decide(role, route, standing).map(|()| Permission::Granted)
}

/// Whether a role may use a route on one object, being to it what `standing` says: the table,
/// read.
///
/// # Errors
/// When it may not.
pub fn decide(role: Role, route: Route, standing: Standing) -> Result<(), Denial> {
    let judge = route.judge();
    if !may_ever(role, judge) {
        return Err(Denial::Role { route, role });
    }
    let row = judge.row();
    let mut owners = row.owners.iter();
    if row.always.contains(&role) || owners.any(|ownership| standing.has(*ownership)) {
        return Ok(());
    }
    Err(Denial::Ownership { route, role })
}

/// Whether there is any object on which the role may use the route.
fn may_ever(role: Role, route: Route) -> bool {
    let row = route.row();
    row.always.contains(&role) || (!row.owners.is_empty() && owns(role, row.effect))
}

/// Whether a role gets anything from what it owns.
const fn owns(role: Role, effect: Effect) -> bool {
    match role {
        Role::ProxyAdmin | Role::OrgAdmin | Role::TeamAdmin | Role::InternalUser => true,
        Role::InternalUserViewer => !matches!(effect, Effect::Changes),
        Role::ProxyAdminViewer | Role::Auditor | Role::Operator => false,
    }
}

/// Whether somebody of this role may call models at all. An auditor reads records and an operator
/// looks after the gateway; a viewer may not change anything, and calls like anybody else.
#[must_use]
pub const fn may_call(role: Role) -> bool {
    match role {
        Role::Auditor | Role::Operator => false,
        Role::ProxyAdmin
        | Role::ProxyAdminViewer
        | Role::OrgAdmin
        | Role::TeamAdmin
        | Role::InternalUser
        | Role::InternalUserViewer => true,
    }
}

/// Whether `actor`, who may make or change a user, may give them a role: in an organisation, or,
/// with `None`, in the whole gateway.
///
/// Only the gateway's administrators hand out what reaches beyond an organisation; an
/// organisation's hand out ordinary roles, and their own within it.
#[must_use]
pub fn may_give(actor: &Actor<'_>, role: Role, organisation: Option<&str>) -> bool {
    let administers = |organisation: &str| {
        let mut mine = actor.organisations.iter();
        mine.any(|place| place.is_admin && place.organisation == organisation)
    };
    if actor.role == Role::ProxyAdmin {
        return true;
    }
    if !owns(actor.role, Effect::Changes) {
        return false;
    }
    let is_ordinary = matches!(role, Role::InternalUser | Role::InternalUserViewer);
    match organisation {
        None => is_ordinary && actor.organisations.iter().any(|place| place.is_admin),
        Some(organisation) => (is_ordinary || role == Role::OrgAdmin) && administers(organisation),
    }
}

impl Ownership {
    /// For people: what somebody is to the target.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Myself => "oneself",
            Self::KeyOwner => "own key",
            Self::PersonalKey => "own key outside teams",
            Self::TeamPermits => "member, team permits",
            Self::TeamMember => "team member",
            Self::TeamAdmin => "team admin",
            Self::OrganisationAdmin => "organisation admin",
            Self::MayUse => "may use the model",
        }
    }
}

impl fmt::Display for Denial {
    /// For the caller; the first in LiteLLM's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role { route, role } => write!(
                f,
                "Only proxy admin can be used to generate, delete, update info for new \
                 keys/users/teams. Route={}. Your role={}",
                route.row().path,
                role.as_str()
            ),
            Self::Ownership { route, role } => write!(
                f,
                "Not allowed on this object. Route={}. Your role={}",
                route.row().path,
                role.as_str()
            ),
        }
    }
}

impl std::error::Error for Denial {}
