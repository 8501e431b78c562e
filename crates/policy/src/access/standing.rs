use ironward_core::Role;

use super::{Effect, Route};

/// What somebody can be to the target of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ownership {
    /// It is their own user, or the service account's own account.
    Myself,
    /// It is their own key, and of no team that they have left.
    KeyOwner,
    /// It is their own key, of no team, and of no organisation but their own.
    PersonalKey,
    /// It belongs to a team that they are in, to no other person, and the team lets its members use
    /// this route.
    TeamPermits,
    /// It is their team, or belongs to it.
    TeamMember,
    /// It is a team that they administer, or belongs to it.
    TeamAdmin,
    /// It is an organisation that they administer, or belongs to it. A user who belongs to several
    /// is changed only by somebody who administers them all.
    OrganisationAdmin,
    /// It is a model that their grants allow.
    MayUse,
}

impl Ownership {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Myself,
        Self::KeyOwner,
        Self::PersonalKey,
        Self::TeamPermits,
        Self::TeamMember,
        Self::TeamAdmin,
        Self::OrganisationAdmin,
        Self::MayUse,
    ];

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// All that somebody is to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing(u8);

impl Standing {
    /// Nothing.
    pub const STRANGER: Self = Self(0);

    /// This too.
    #[must_use]
    pub const fn and(self, ownership: Ownership) -> Self {
        Self(self.0 | ownership.bit())
    }

    /// Whether this is among it.
    #[must_use]
    pub const fn has(self, ownership: Ownership) -> bool {
        self.0 & ownership.bit() != 0
    }
}

/// Who asks, as the directory knows them now.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// Their role in the whole gateway.
    pub role: Role,
    /// The key that was presented.
    pub key: Option<&'a str>,
    /// The person.
    pub user: Option<&'a str>,
    /// The program.
    pub service_account: Option<&'a str>,
    /// Their teams.
    pub teams: &'a [Seat<'a>],
    /// Their organisations.
    pub organisations: &'a [Place<'a>],
}

impl<'a> Actor<'a> {
    /// Whoever holds a key that stands for no person: a team's, a service account's, and also one
    /// that somebody else made for a person (or whose secret they made anew), as it proves nothing
    /// about who holds it. It may look at itself and change nothing.
    #[must_use]
    pub const fn unattended(key: &'a str, service_account: Option<&'a str>) -> Self {
        Self {
            role: Role::InternalUserViewer,
            key: Some(key),
            user: None,
            service_account,
            teams: &[],
            organisations: &[],
        }
    }
}

/// A person's place in a team.
#[derive(Debug, Clone, Copy)]
pub struct Seat<'a> {
    /// Which team.
    pub team: &'a str,
    /// Whether they administer it.
    pub is_admin: bool,
    /// The paths of the routes that the team lets its members use (`team_member_permissions`).
    pub permissions: &'a [Box<str>],
}

/// A person's place in an organisation.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Which organisation.
    pub organisation: &'a str,
    /// Whether they administer it.
    pub is_admin: bool,
}

/// What a route is about: an object that exists, or the one that is to be made. A change that moves
/// an object is authorised for both the old and the new place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Target<'a> {
    /// A key's id.
    pub key: Option<&'a str>,
    /// The user that it is, or that owns it, and their role in the whole gateway.
    pub user: Option<(&'a str, Role)>,
    /// The service account that it is, or that owns it.
    pub service_account: Option<&'a str>,
    /// The team that it is, or that it belongs to, be it through a project or a service account.
    pub team: Option<&'a str>,
    /// The organisations that it is or belongs to, be it through its team.
    pub organisations: &'a [&'a str],
    /// For a model: whether the grants of who asks allow it.
    pub is_usable: bool,
}

/// All that `actor` is to `target`, as far as `route` is concerned.
pub(super) fn standing(actor: &Actor<'_>, route: Route, target: &Target<'_>) -> Standing {
    let mut standing = Standing::STRANGER;
    for ownership in Ownership::ALL {
        if is(actor, ownership, route, target) {
            standing = standing.and(ownership);
        }
    }
    standing
}

fn is(actor: &Actor<'_>, ownership: Ownership, route: Route, target: &Target<'_>) -> bool {
    let user = target.user.map(|(user, _)| user);
    let same = |mine: Option<&str>, its: Option<&str>| mine.is_some() && mine == its;
    let is_mine = same(actor.user, user) && target.service_account.is_none();
    let is_my_program = same(actor.service_account, target.service_account);
    let seat = actor
        .teams
        .iter()
        .find(|seat| Some(seat.team) == target.team);
    match ownership {
        Ownership::Myself => is_mine || is_my_program,
        Ownership::KeyOwner => {
            let has_left = actor.user.is_some() && target.team.is_some() && seat.is_none();
            (same(actor.key, target.key) || is_my_program || is_mine) && !has_left
        }
        Ownership::PersonalKey => {
            let mut organisations = target.organisations.iter();
            let is_in = |organisation: &&str| {
                let mut mine = actor.organisations.iter();
                mine.any(|place| place.organisation == *organisation)
            };
            is_mine && target.team.is_none() && organisations.all(is_in)
        }
        Ownership::TeamPermits => {
            let permits = |path: &str| {
                let mut permissions = seat.iter().flat_map(|seat| seat.permissions);
                permissions.any(|permission| **permission == *path)
            };
            (user.is_none() || is_mine) && route.paths().any(permits)
        }
        Ownership::TeamMember => seat.is_some(),
        Ownership::TeamAdmin => seat.is_some_and(|seat| seat.is_admin) && !is_above(actor, target),
        Ownership::OrganisationAdmin => {
            administers(actor, route, target) && !is_above(actor, target)
        }
        Ownership::MayUse => target.is_usable,
    }
}

fn administers(actor: &Actor<'_>, route: Route, target: &Target<'_>) -> bool {
    let is_mine = |organisation: &&str| {
        let mut mine = actor.organisations.iter();
        mine.any(|place| place.is_admin && place.organisation == *organisation)
    };
    let mut its = target.organisations.iter();
    match route.row().effect {
        Effect::Changes => !target.organisations.is_empty() && its.all(is_mine),
        Effect::Reads | Effect::Lists(_) => its.any(is_mine),
    }
}

/// Whether the target is, or belongs to, another person whose role no team and no organisation
/// gives: to change their key or their user would be a way to what they may.
fn is_above(actor: &Actor<'_>, target: &Target<'_>) -> bool {
    target.user.is_some_and(|(user, role)| {
        let is_given_here = match role {
            Role::OrgAdmin | Role::TeamAdmin | Role::InternalUser | Role::InternalUserViewer => {
                true
            }
            Role::ProxyAdmin | Role::ProxyAdminViewer | Role::Auditor | Role::Operator => false,
        };
        actor.user != Some(user) && !is_given_here
    })
}
