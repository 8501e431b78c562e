use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use ironward_core::{Fault, FaultKind, Principal, Retry, Role};
use ironward_policy::{Asked, Link, Verdict, Which, check};
use ironward_secret::KeyForm;
use ironward_store::Found;
use ironward_store::objects::SecretForm;
use ironward_wire::presented_key;

use crate::access::{Access, Chain};
use crate::{Snapshot, refusal};

/// Proof that the request brought a key that is let in, from where, and when.
#[derive(Clone)]
pub(crate) struct Caller {
    who: Who,
    pub(crate) source: Option<IpAddr>,
}

#[derive(Clone)]
enum Who {
    /// The admin key or the configured master key: nothing bounds it.
    Root(Arc<Principal>),
    /// A virtual key.
    Key(Arc<Chain>),
}

/// What a request is authenticated for.
#[derive(Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) headers: &'a HeaderMap,
    /// The address that it comes from, where it is known.
    pub(crate) source: Option<IpAddr>,
    /// Every path template of the matched route.
    pub(crate) route: &'static [&'static str],
    /// Milliseconds since 1970.
    pub(crate) now: u64,
}

impl Caller {
    /// The chain of a virtual key.
    pub(crate) fn chain(&self) -> Option<&Arc<Chain>> {
        match &self.who {
            Who::Root(_) => None,
            Who::Key(chain) => Some(chain),
        }
    }

    /// The same caller as they are at `now`, for a call that runs since earlier.
    ///
    /// # Errors
    /// Why they are not let in any more.
    pub(crate) fn again(
        &self,
        access: &Access,
        chain: &Chain,
        route: &'static [&'static str],
        now: u64,
    ) -> Result<Self, Fault> {
        let chain = chain.again(&access.directory, now)?;
        check_standing(&chain, self.source, route, now)?;
        Ok(Self {
            who: Who::Key(Arc::new(chain)),
            source: self.source,
        })
    }

    /// The name under which the key appears in records.
    pub(crate) fn alias(&self) -> &str {
        match &self.who {
            Who::Root(principal) => &principal.alias,
            Who::Key(chain) => {
                let alias = chain.key.object.alias.as_deref();
                alias.unwrap_or(chain.key.id.as_str())
            }
        }
    }

    /// The id of a virtual key.
    pub(crate) fn key_id(&self) -> Option<&str> {
        self.chain().map(|chain| chain.key.id.as_str())
    }

    /// The id of the team that pays.
    pub(crate) fn team_id(&self) -> Option<&str> {
        let team = self.chain()?.team.as_ref()?;
        Some(team.id.as_str())
    }
}

/// bearer -> Caller: a key that is let in, of which nothing is blocked, expired or gone, on a route,
/// at a time and from an address that its whole chain allows. A key that is not let in costs the
/// same and is answered alike whatever it is.
pub(crate) fn authenticate(
    access: &Access,
    snapshot: &Snapshot,
    arrival: Arrival<'_>,
) -> Result<Caller, Fault> {
    let presented = presented_key(arrival.headers, snapshot.keys.header.as_ref())?;
    let form = KeyForm::of(presented);
    if form == KeyForm::Malformed {
        return Err(wrong_key(access, arrival));
    }
    let hash = snapshot.keys.hasher.hash(presented);
    if let Some(principal) = snapshot.keys.principals.get(&hash) {
        return Ok(Caller {
            who: Who::Root(Arc::clone(principal)),
            source: arrival.source,
        });
    }
    if access.is_stale() {
        return Err(stale());
    }
    // One installation has one pepper, so that the hash is usually made already.
    let hash = if Arc::ptr_eq(&snapshot.keys.hasher, &access.hasher) {
        hash
    } else {
        access.hasher.hash(presented)
    };
    let directory = &access.directory;
    let imported = || {
        if form != KeyForm::Foreign || !directory.has_imported_keys() {
            return None;
        }
        let hash = access.hasher.hash_as_litellm(presented);
        directory.key_by_secret(SecretForm::LitellmHash, &hash)
    };
    let found = directory
        .key_by_secret(SecretForm::Presented, &hash)
        .or_else(imported)
        .filter(|found: &Found| found.secret.is_live(arrival.now))
        .ok_or_else(|| wrong_key(access, arrival))?;
    let chain = Chain::of(directory, found)?;
    check_standing(&chain, arrival.source, arrival.route, arrival.now)?;
    Ok(Caller {
        who: Who::Key(Arc::new(chain)),
        source: arrival.source,
    })
}

/// What can be refused before the body is read.
fn check_standing(
    chain: &Chain,
    source: Option<IpAddr>,
    route: &'static [&'static str],
    now: u64,
) -> Result<(), Fault> {
    let asked = Asked {
        now,
        source,
        route,
        ..Asked::default()
    };
    let ended = chain.expired(now);
    let mut links = chain.links();
    links.extend(ended.as_ref().map(|grant| Link {
        which: Which::Key,
        name: chain.key.id.as_str(),
        grant,
    }));
    if let Verdict::Refused(refusal) = check(&links, &asked) {
        return Err(refusal::fault(&refusal));
    }
    match chain.role_without_calls() {
        None => Ok(()),
        Some(role) => Err(no_calls(role)),
    }
}

/// A role that looks after the gateway and does not use it.
fn no_calls(role: Role) -> Fault {
    let role = role.as_str();
    let message = format!(
        "user not allowed to call models. Role={role}; ask for a key of a user with another role"
    );
    Fault::downstream(FaultKind::PermissionDenied, message).with_code("auth_error")
}

/// The one answer to every key that is not let in, until there were too many from that address.
fn wrong_key(access: &Access, arrival: Arrival<'_>) -> Fault {
    let record = |source| access.failures.record(source, arrival.now);
    if let Some(pause) = arrival.source.and_then(record) {
        let mut fault = Fault::downstream(
            FaultKind::RateLimited,
            "too many wrong keys came from this address; correct the key, or wait",
        );
        fault.retry = Retry::Again(Some(pause));
        return fault;
    }
    Fault::downstream(
        FaultKind::Authentication,
        "Authentication Error, Invalid proxy server token passed.",
    )
    .with_param("key")
    .with_code("token_not_found_in_db")
}

fn stale() -> Fault {
    Fault::gateway(
        FaultKind::Unavailable,
        "the gateway has lost its database and cannot tell which keys are still good; try again soon",
    )
    .with_code("no_db_connection")
}

#[cfg(test)]
mod tests;
