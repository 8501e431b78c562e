use std::sync::Arc;

use ironward_core::Id;
use ironward_store::Entry;
use ironward_store::objects::User;

use crate::call::Call;
use crate::fault::Refusal;
use crate::permit::Permit;
use crate::target::Target;

/// A user who was found and may be used as the route does.
pub(super) struct Held {
    pub(super) id: Id<User>,
    pub(super) version: u64,
    pub(super) user: User,
    pub(super) permit: Permit,
}

/// Asks whether the actor may.
///
/// # Errors
/// 404, also where the user is there and none of theirs.
pub(super) fn held(call: &Call<'_>, found: Option<Arc<Entry<User>>>) -> Result<Held, Refusal> {
    let found = found.ok_or_else(missing)?;
    let permit = call.authorise_found(&target(found.id.as_str(), &found.object), missing)?;
    Ok(Held {
        id: found.id.clone(),
        version: found.version,
        user: found.object.clone(),
        permit,
    })
}

/// A user, be it one that is to be made.
pub(crate) fn target(id: &str, user: &User) -> Target {
    let places = user.organisations.iter();
    Target {
        user: Some((id.into(), user.role)),
        organisations: places
            .map(|place| place.organisation.as_str().into())
            .collect(),
        ..Target::default()
    }
}

pub(super) fn missing() -> Refusal {
    Refusal::not_found("User not found in database").with_param("user_id")
}
