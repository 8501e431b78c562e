use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use ironward_core::{Fault, FaultKind, Principal, Retry, Role};
use ironward_identity::{Refusal, Unproven, Workload};
use ironward_policy::access::may_call;
use ironward_policy::{Asked, Link, Verdict, Which, check};
use ironward_secret::KeyForm;
use ironward_store::Found;
use ironward_store::objects::SecretForm;
use ironward_telemetry::Named;
use ironward_wire::{no_key, presented_key};

use crate::access::{Access, Chain, wall};
use crate::{Snapshot, refusal};

/// Proof that the request brought a key or a token that is let in, from where, and when.
#[derive(Clone)]
pub(crate) struct Caller {
    who: Who,
    pub(crate) source: Option<IpAddr>,
}

#[derive(Clone)]
enum Who {
    /// The admin key or the configured master key: nothing bounds it.
    Root(Arc<Principal>),
    /// A virtual key, or an account that came without one.
    Bounded(Arc<Chain>),
}

/// What a request is authenticated for.
#[derive(Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) headers: &'a HeaderMap,
    /// The address that it comes from, where it is known.
    pub(crate) source: Option<IpAddr>,
    /// Whose certificate the connection began with.
    pub(crate) workload: Option<&'a Arc<Workload>>,
    /// Every path template of the matched route.
    pub(crate) route: &'static [&'static str],
    /// Milliseconds since 1970.
    pub(crate) now: u64,
}

impl Caller {
    /// What bounds them.
    pub(crate) fn chain(&self) -> Option<&Arc<Chain>> {
        match &self.who {
            Who::Root(_) => None,
            Who::Bounded(chain) => Some(chain),
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
        let chain = chain.again(access, now)?;
        check_standing(&chain, self.source, route, now)?;
        Ok(Self {
            who: Who::Bounded(Arc::new(chain)),
            source: self.source,
        })
    }

    /// Who they are in the journal.
    pub(crate) fn recorded(&self) -> ironward_journal::Who<'_> {
        match &self.who {
            Who::Root(principal) => ironward_journal::Who {
                name: Some(&principal.alias),
                ..ironward_journal::Who::default()
            },
            Who::Bounded(chain) => chain.who(),
        }
    }

    /// Who they are in logs and metrics.
    pub(crate) fn named(&self) -> Named<'_> {
        match &self.who {
            Who::Root(principal) => Named {
                alias: &principal.alias,
                key: None,
                account: None,
                subject: None,
                team: None,
                team_alias: None,
            },
            Who::Bounded(chain) => Named {
                alias: chain.alias().unwrap_or_default(),
                key: chain.key().map(|key| key.id.as_str()),
                account: chain.account_id(),
                subject: chain.subject(),
                team: chain.team.as_ref().map(|team| team.id.as_str()),
                team_alias: chain
                    .team
                    .as_ref()
                    .and_then(|team| team.object.alias.as_deref()),
            },
        }
    }
}

/// bearer -> Caller: a key, a token or, where neither is there, a certificate that is let in, of which nothing is blocked, expired or gone, on
/// a route, at a time and from an address that its whole chain allows. What is not let in is answered
/// alike whatever it is, and a key costs the same.
pub(crate) fn authenticate(
    access: &Access,
    snapshot: &Snapshot,
    arrival: Arrival<'_>,
) -> Result<Caller, Fault> {
    let presented = presented_key(arrival.headers, snapshot.keys.header.as_ref())?;
    let chain = match presented {
        None => by_certificate(access, arrival)?,
        Some(token) if access.keyless.is_token(token) => by_token(access, token, arrival)?,
        Some(key) => match by_key(access, snapshot, key, arrival)? {
            Proven::Root(principal) => {
                return Ok(Caller {
                    who: Who::Root(principal),
                    source: arrival.source,
                });
            }
            Proven::Bounded(chain) => chain,
        },
    };
    check_standing(&chain, arrival.source, arrival.route, arrival.now)?;
    // A key that was refused was not used: whoever tries a blocked one does not keep it in use.
    chain.note_use(arrival.now);
    Ok(Caller {
        who: Who::Bounded(Arc::new(chain)),
        source: arrival.source,
    })
}

/// Whose a key is.
enum Proven {
    Root(Arc<Principal>),
    Bounded(Chain),
}

fn by_key(
    access: &Access,
    snapshot: &Snapshot,
    presented: &[u8],
    arrival: Arrival<'_>,
) -> Result<Proven, Fault> {
    let form = KeyForm::of(presented);
    if form == KeyForm::Malformed {
        return Err(wrong_key(access, arrival));
    }
    let hash = snapshot.keys.hasher.hash(presented);
    if let Some(principal) = snapshot.keys.principals.get(&hash) {
        return Ok(Proven::Root(Arc::clone(principal)));
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
    Chain::of_key(directory, found).map(Proven::Bounded)
}

/// Whom a token stands for. One that is not taken is answered as any wrong key; the log says why.
fn by_token(access: &Access, token: &[u8], arrival: Arrival<'_>) -> Result<Chain, Fault> {
    if access.is_stale() {
        return Err(stale());
    }
    let vouched = access.keyless.of_token(token, wall(arrival.now));
    let vouched = vouched.map_err(|unproven| match unproven {
        Unproven::Refused(Refusal::NoKeys(_)) => no_issuer_keys().with_cause(unproven),
        _ => wrong_key(access, arrival).with_cause(unproven),
    })?;
    Chain::of_account(&access.directory, vouched)
}

/// Whom the certificate stands for that the connection began with. Nobody's is no wrong key: TLS has
/// verified it, and the client may need it for other reasons.
fn by_certificate(access: &Access, arrival: Arrival<'_>) -> Result<Chain, Fault> {
    let workload = arrival.workload.ok_or_else(no_key)?;
    if access.is_stale() {
        return Err(stale());
    }
    let vouched = access
        .keyless
        .of_certificate(workload, wall(arrival.now))
        .map_err(|unproven| no_key().with_cause(unproven))?;
    Chain::of_account(&access.directory, vouched)
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
    links.extend(ended.as_ref().map(|(key, grant)| Link {
        which: Which::Key,
        name: key.as_str(),
        grant,
    }));
    if let Verdict::Refused(refusal) = check(&links, &asked) {
        return Err(refusal::fault(&refusal));
    }
    match chain.roles().find(|(_, _, role)| !may_call(*role)) {
        None => Ok(()),
        Some((_, _, role)) => Err(no_calls(role)),
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

/// Nobody can tell whether the token is good: it may be.
fn no_issuer_keys() -> Fault {
    Fault::gateway(
        FaultKind::Unavailable,
        "the gateway has no keys of this token's issuer now; try again soon",
    )
}

#[cfg(test)]
mod tests;
