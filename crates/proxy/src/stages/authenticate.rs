use std::sync::Arc;

use http::HeaderMap;
use ironward_core::{Fault, FaultKind, Principal};
use ironward_wire::presented_key;

use crate::Snapshot;

/// Proof that the request brought a key that is let in.
pub(crate) struct Caller {
    principal: Arc<Principal>,
}

impl Caller {
    pub(crate) fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }
}

/// bearer -> Caller. A refusal costs the same and says the same for every key that is not let in.
pub(crate) fn authenticate(snapshot: &Snapshot, headers: &HeaderMap) -> Result<Caller, Fault> {
    let presented = presented_key(headers, snapshot.keys.header.as_ref())?;
    let hash = snapshot.keys.hasher.hash(presented);
    match snapshot.keys.principals.get(&hash) {
        Some(principal) => Ok(Caller {
            principal: Arc::clone(principal),
        }),
        None => Err(Fault::downstream(
            FaultKind::Authentication,
            "Authentication Error, Invalid proxy server token passed.",
        )
        .with_param("key")
        .with_code("token_not_found_in_db")),
    }
}

#[cfg(test)]
mod tests;
