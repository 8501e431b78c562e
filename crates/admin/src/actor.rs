//! Who acts on the admin plane, as the directory knows them now.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use ironward_core::{FaultKind, Role};
use ironward_identity::{self as identity, Unproven};
use ironward_journal::Who;
use ironward_policy::access::{self, Place, Route, Seat};
use ironward_policy::{Asked, Verdict, check};
use ironward_secret::{KeyForm, KeyHash};
use ironward_store::objects::{Account, Key, Owner, SecretForm, Team};
use ironward_store::{Directory, Entry, Found};
use ironward_wire::presented_key;

use crate::chain::Chain;
use crate::fault::Refusal;
use crate::login::Login;
use crate::plane::{Plane, Settings};
use crate::request::shortened;

/// Somebody who has proven who they are.
pub(crate) struct Actor {
    /// Under which name objects remember them.
    id: Box<str>,
    role: Role,
    /// The key that was presented, unless it is kept outside the store or there was none.
    key: Option<Box<str>>,
    user: Option<Box<str>>,
    service_account: Option<Box<str>>,
    seats: Vec<(Box<str>, bool, Vec<Box<str>>)>,
    places: Vec<(Box<str>, bool)>,
    /// What bounds them; nobody bounds the keys outside the store.
    chain: Option<Chain>,
    /// Whom they act for, by their own word: it is recorded and decides nothing.
    changed_by: Option<Box<str>>,
}

/// In what a request stands, besides its key.
#[derive(Clone, Copy)]
pub(crate) struct Circumstances {
    pub(crate) route: Option<Route>,
    pub(crate) source: Option<IpAddr>,
}

impl Actor {
    /// Finds out who brings this key or token or, without either, this session. Every key that is not
    /// let in costs the same and is answered alike, until too many came from that address.
    ///
    /// # Errors
    /// 401, or 429 after too many of them; 403 where the key is good but not for this route, place
    /// or time; 503 while nobody can tell whether it was revoked.
    pub(crate) fn authenticate(
        plane: &Plane,
        headers: &HeaderMap,
        circumstances: Circumstances,
    ) -> Result<Self, Refusal> {
        let settings = plane.settings.load();
        let presented = presented_key(headers, settings.key_header.as_ref());
        let outcome = match presented.map_err(|_| Refusal::unauthenticated())? {
            Some(presented) => Self::prove(plane, (&settings, presented), headers, circumstances),
            None if Login::is_session(headers) => Self::by_session(plane, headers, circumstances),
            None => return Err(Refusal::unauthenticated()),
        };
        outcome.map_err(|refusal| plane.count_wrong_key(refusal, circumstances.source))
    }

    fn prove(
        plane: &Plane,
        (settings, presented): (&Settings, &[u8]),
        headers: &HeaderMap,
        circumstances: Circumstances,
    ) -> Result<Self, Refusal> {
        let mut actor = if plane.keyless.is_token(presented) {
            Self::by_token(plane, presented, circumstances)?
        } else {
            Self::by_key(plane, (settings, presented), circumstances)?
        };
        actor.changed_by = changed_by(headers);
        Ok(actor)
    }

    fn by_key(
        plane: &Plane,
        (settings, presented): (&Settings, &[u8]),
        circumstances: Circumstances,
    ) -> Result<Self, Refusal> {
        let hash = plane.hasher.hash(presented);
        if let Some(principal) = settings.administrators.get(&hash) {
            return Ok(Self::nobody(principal.alias.clone(), principal.role));
        }
        let found = find(plane, presented, &hash);
        if plane.is_stale() {
            return Err(stale());
        }
        let found = found.ok_or_else(Refusal::unauthenticated)?;
        Self::of(plane, &found, circumstances)
    }

    /// The person or the service account that a token stands for. One that is not taken is answered
    /// as any wrong key; the log says why.
    fn by_token(
        plane: &Plane,
        token: &[u8],
        circumstances: Circumstances,
    ) -> Result<Self, Refusal> {
        if plane.is_stale() {
            return Err(stale());
        }
        let vouched = plane.keyless.of_token(token, plane.clock.wall());
        let vouched = vouched.map_err(|unproven| {
            let reason = &unproven;
            ironward_telemetry::TokenRefused { reason }.emit();
            match &unproven {
                Unproven::Refused(identity::Refusal::NoKeys(_)) => Refusal::unavailable(
                    "the gateway has no keys of this token's issuer now; try again soon",
                ),
                _ => Refusal::unauthenticated(),
            }
        })?;
        let directory = plane.directory();
        let chain = Chain::of_account(&directory, &vouched.owner);
        let chain = chain.map_err(|_| Refusal::unauthenticated())?;
        check_standing(plane, &chain, circumstances)?;
        let id = vouched.owner.as_str();
        let mut actor = Self::nobody(id.into(), Role::InternalUserViewer);
        actor.chain = Some(chain);
        match &vouched.owner {
            Account::User(user) => actor.stand_for(&directory, user.as_str()),
            Account::ServiceAccount(_) => actor.service_account = Some(id.into()),
        }
        Ok(actor)
    }

    /// The person who has logged in.
    fn by_session(
        plane: &Plane,
        headers: &HeaderMap,
        circumstances: Circumstances,
    ) -> Result<Self, Refusal> {
        let login = plane.login.as_ref();
        let login = login.ok_or_else(Refusal::unauthenticated)?;
        if plane.is_stale() {
            return Err(stale());
        }
        let directory = plane.directory();
        let session = login.session(
            (headers, &plane.hasher),
            &directory,
            (circumstances.route, plane.clock.now()),
        )?;
        let chain = Chain::of_account(&directory, &Account::User(session.user.clone()));
        let chain = chain.map_err(|_| Refusal::unauthenticated())?;
        check_standing(plane, &chain, circumstances)?;
        let user = session.user.as_str();
        let mut actor = Self::nobody(user.into(), Role::InternalUserViewer);
        actor.chain = Some(chain);
        actor.stand_for(&directory, user);
        actor.changed_by = changed_by(headers);
        Ok(actor)
    }

    fn of(plane: &Plane, found: &Found, circumstances: Circumstances) -> Result<Self, Refusal> {
        let now = plane.now();
        if found.secret.until.is_some_and(|until| until <= now) {
            return Err(Refusal::unauthenticated());
        }
        let directory = plane.directory();
        let (id, key) = (found.key.id.as_str(), found.key.object.whole());
        let chain = Chain::of(&directory, id, &key).map_err(|_| Refusal::unauthenticated())?;
        check_standing(plane, &chain, circumstances)?;
        found.key.object.last_use.note(now);
        Ok(Self::holder(&directory, id, &key, chain))
    }

    /// Whom a key stands for: the person that it belongs to, if nobody else has made it; else only
    /// itself.
    fn holder(directory: &Directory, id: &str, key: &Key, chain: Chain) -> Self {
        let mut actor = Self::nobody(id.into(), Role::InternalUserViewer);
        actor.key = Some(id.into());
        actor.chain = Some(chain);
        match &key.owner {
            Owner::User(user) if key.creator.is_none() => {
                actor.stand_for(directory, user.as_str());
            }
            Owner::ServiceAccount(account) => {
                actor.id = account.as_str().into();
                actor.service_account = Some(account.as_str().into());
            }
            Owner::User(_) | Owner::Team => {}
        }
        actor
    }

    /// Makes them this person, with all that the person may do.
    fn stand_for(&mut self, directory: &Directory, user: &str) {
        let Some(user) = directory.users.find(user) else {
            return;
        };
        self.id = user.id.as_str().into();
        self.role = user.object.role;
        self.user = Some(user.id.as_str().into());
        let places = user.object.organisations.iter().map(|place| {
            let is_admin = place.role == Role::OrgAdmin;
            (place.organisation.as_str().into(), is_admin)
        });
        self.places = places.collect();
        self.seats = seats(directory, user.id.as_str());
    }

    fn nobody(id: Box<str>, role: Role) -> Self {
        Self {
            id,
            role,
            key: None,
            user: None,
            service_account: None,
            seats: Vec::new(),
            places: Vec::new(),
            chain: None,
            changed_by: None,
        }
    }

    /// The name under which objects remember them.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The key that was presented; `None` for those that are kept outside the store, and for who came
    /// without one.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The person.
    pub(crate) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The teams that they are in.
    pub(crate) fn teams(&self) -> impl Iterator<Item = &str> {
        self.seats.iter().map(|(team, _, _)| &**team)
    }

    /// The teams that they administer, and those that let their members use this route.
    pub(crate) fn teams_for(&self, route: Route) -> impl Iterator<Item = &str> {
        let permits = move |permissions: &[Box<str>]| {
            let mut paths = route.paths();
            paths.any(|path| permissions.iter().any(|permission| **permission == *path))
        };
        let seats = self.seats.iter();
        let seats =
            seats.filter(move |(_, is_admin, permissions)| *is_admin || permits(permissions));
        seats.map(|(team, _, _)| &**team)
    }

    /// The program.
    pub(crate) fn service_account(&self) -> Option<&str> {
        self.service_account.as_deref()
    }

    /// The organisations that they administer.
    pub(crate) fn administered(&self) -> impl Iterator<Item = &str> {
        let places = self.places.iter().filter(|(_, is_admin)| *is_admin);
        places.map(|(organisation, _)| &**organisation)
    }

    /// The teams that they are in, and those of the organisations that they administer.
    pub(crate) fn teams_in_reach(&self, directory: &Directory) -> Vec<Arc<Entry<Team>>> {
        let own = self.teams().filter_map(|team| directory.teams.find(team));
        let places = self.administered();
        let others = places.flat_map(|id| directory.teams_of_organisation(id));
        own.chain(others).collect()
    }

    /// Whether they may do everything.
    pub(crate) fn is_administrator(&self) -> bool {
        self.role == Role::ProxyAdmin
    }

    /// What bounds them; nothing for keys that are kept outside the store.
    pub(crate) const fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// Whom they say that they act for.
    pub(crate) fn changed_by(&self) -> Option<&str> {
        self.changed_by.as_deref()
    }

    pub(crate) fn with<T>(&self, ask: impl FnOnce(&access::Actor<'_>) -> T) -> T {
        let teams: Vec<Seat<'_>> = self
            .seats
            .iter()
            .map(|(team, is_admin, permissions)| Seat {
                team,
                is_admin: *is_admin,
                permissions,
            })
            .collect();
        let organisations: Vec<Place<'_>> = self
            .places
            .iter()
            .map(|(organisation, is_admin)| Place {
                organisation,
                is_admin: *is_admin,
            })
            .collect();
        ask(&access::Actor {
            role: self.role,
            key: self.key.as_deref(),
            user: self.user.as_deref(),
            service_account: self.service_account.as_deref(),
            teams: &teams,
            organisations: &organisations,
        })
    }
}

impl Actor {
    /// Who they are, as a record says it. `source`: where the request came from.
    pub(crate) fn who<'a>(&'a self, source: Option<&'a str>) -> Who<'a> {
        Who {
            name: Some(&self.id),
            role: Some(self.role.as_str()),
            key: self.key.as_deref(),
            user: self.user.as_deref(),
            service_account: self.service_account.as_deref(),
            on_behalf_of: self.changed_by.as_deref(),
            source,
            ..Who::default()
        }
    }
}

/// Whether what bounds them lets them use this route, from here and now.
fn check_standing(
    plane: &Plane,
    chain: &Chain,
    circumstances: Circumstances,
) -> Result<(), Refusal> {
    let route = circumstances.route.iter();
    let paths: Vec<&str> = route.flat_map(|route| route.paths()).collect();
    let asked = Asked {
        now: plane.now(),
        source: circumstances.source,
        route: &paths,
        ..Asked::default()
    };
    match check(&chain.links(), &asked) {
        Verdict::Allowed => Ok(()),
        Verdict::Refused(refusal) => Err(match refusal.kind {
            FaultKind::PermissionDenied if circumstances.route.is_some() => {
                Refusal::forbidden(refusal.say)
            }
            _ => Refusal::unauthenticated(),
        }),
    }
}

fn stale() -> Refusal {
    Refusal::unavailable("this node is cut off from the store and cannot tell which keys are good")
}

/// The user whom a key lets do everything at `now`, in milliseconds since 1970, from any address; `None`:
/// it lets nobody.
#[must_use]
pub fn administrator_of(directory: &Directory, id: &str, now: u64) -> Option<Box<str>> {
    let found = directory.keys.find(id)?;
    let mut secrets = found.object.secrets.iter();
    if !secrets.any(|secret| secret.is_live(now)) {
        return None;
    }
    let key = found.object.whole();
    let chain = Chain::of(directory, id, &key).ok()?;
    if !may_administer(&chain, now) {
        return None;
    }
    let holder = Actor::holder(directory, id, &key, chain);
    holder.user.filter(|_| holder.role == Role::ProxyAdmin)
}

/// Whether a chain lets an administrator do everything at `now`, in milliseconds since 1970, from any
/// address.
pub(crate) fn may_administer(chain: &Chain, now: u64) -> bool {
    let routes = [Route::KeyGenerate, Route::UserNew, Route::KeyUpdate];
    routes.into_iter().all(|route| {
        let paths: Vec<&str> = route.paths().collect();
        let asked = Asked {
            now,
            route: &paths,
            ..Asked::default()
        };
        check(&chain.links(), &asked) == Verdict::Allowed
    })
}

/// The key with this secret. Both forms are looked for, whatever it looks like: a key that is not
/// there costs what one that is there does.
fn find(plane: &Plane, presented: &[u8], hash: &KeyHash) -> Option<Found> {
    let directory = plane.directory();
    let own = directory.key_by_secret(SecretForm::Presented, hash);
    let imported = plane.hasher.hash_as_litellm(presented);
    let imported = directory.key_by_secret(SecretForm::LitellmHash, &imported);
    let is_malformed = KeyForm::of(presented) == KeyForm::Malformed;
    own.or(imported).filter(|_| !is_malformed)
}

/// A person's places in teams.
fn seats(directory: &Directory, user: &str) -> Vec<(Box<str>, bool, Vec<Box<str>>)> {
    let teams = directory.teams_of_user(user);
    teams
        .iter()
        .filter_map(|team| {
            let mut members = team.object.members.iter();
            let member = members.find(|member| member.user.as_str() == user)?;
            let permissions = team.object.member_permissions.clone();
            Some((team.id.as_str().into(), member.is_admin, permissions))
        })
        .collect()
}

/// LiteLLM's header for whom an administrator acts for, of bounded length and on one line.
fn changed_by(headers: &HeaderMap) -> Option<Box<str>> {
    let value = headers.get("litellm-changed-by")?;
    let text = String::from_utf8_lossy(value.as_bytes());
    Some(shortened(&text).into())
}
