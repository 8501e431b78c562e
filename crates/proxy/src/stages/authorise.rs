use std::sync::Arc;

use ironward_core::{Fault, FaultKind, Principal, Role};

use super::authenticate::Caller;
use crate::Snapshot;
use crate::snapshot::Group;

/// Proof that this caller may call this model group.
pub(crate) struct Authorised {
    principal: Arc<Principal>,
    group: Arc<Group>,
    /// What the group's `*`s stand for in the name asked for.
    stars: Vec<Box<str>>,
}

impl Authorised {
    pub(crate) fn into_parts(self) -> (Arc<Principal>, Arc<Group>, Vec<Box<str>>) {
        (self.principal, self.group, self.stars)
    }
}

/// Caller x Call -> the model group that it may call. A name that the caller may not use and a name
/// that does not exist are answered alike.
pub(crate) fn authorise(
    snapshot: &Snapshot,
    caller: &Caller,
    model: &str,
    path: &str,
) -> Result<Authorised, Fault> {
    let principal = Arc::clone(caller.principal());
    let (group, stars) = allowed(principal.role)
        .then(|| find(snapshot, model))
        .flatten()
        .ok_or_else(|| unknown(model, path))?;
    Ok(Authorised {
        principal,
        group,
        stars,
    })
}

/// The names that the caller may ask for.
pub(crate) struct Visible<'s>(pub(crate) Vec<&'s str>);

impl<'s> Visible<'s> {
    pub(crate) fn to(snapshot: &'s Snapshot, caller: &Caller) -> Self {
        if allowed(caller.principal().role) {
            Self(snapshot.model_names())
        } else {
            Self(Vec::new())
        }
    }
}

/// Only the admin key and the master key exist yet.
fn allowed(role: Role) -> bool {
    role == Role::ProxyAdmin
}

fn find(snapshot: &Snapshot, model: &str) -> Option<(Arc<Group>, Vec<Box<str>>)> {
    let name = snapshot
        .aliases
        .get(model)
        .map_or(model, |alias| &alias.group);
    if let Some(group) = snapshot.groups.get(name) {
        return Some((Arc::clone(group), Vec::new()));
    }
    snapshot.wildcards.iter().find_map(|(pattern, group)| {
        let stars = pattern.matches(name)?.into_iter().map(Into::into).collect();
        Some((Arc::clone(group), stars))
    })
}

/// LiteLLM's words; the name is the caller's own, shortened and without control characters.
fn unknown(model: &str, path: &str) -> Fault {
    let model: String = model
        .chars()
        .take(128)
        .flat_map(char::escape_default)
        .collect();
    Fault::downstream(
        FaultKind::UnknownModel,
        format!(
            "{path}: Invalid model name passed in model={model}. Call `/v1/models` to view available models for your key."
        ),
    )
    .with_param("model")
}
