use std::sync::Arc;

use ironward_core::Id;
use ironward_store::objects::{Key, SecretForm};
use ironward_store::{Entry, KeysOf, LiveKey};

use crate::call::Call;
use crate::fault::Refusal;
use crate::permit::Permit;
use crate::plane::Plane;
use crate::target::Target;

/// A key that was found and may be used as the route does.
pub(super) struct Held {
    pub(super) id: Id<Key>,
    pub(super) version: u64,
    pub(super) key: Key,
    pub(super) permit: Permit,
}

/// The key that a request names: by its id, its plaintext, or LiteLLM's hash of it.
pub(super) fn find(plane: &Plane, name: &str) -> Option<Arc<Entry<Key, LiveKey>>> {
    let directory = plane.directory();
    let by_secret = |form, hash| directory.key_by_secret(form, &hash).map(|found| found.key);
    let hasher = &plane.hasher;
    directory
        .keys
        .find(name)
        .or_else(|| by_secret(SecretForm::Presented, hasher.hash(name.as_bytes())))
        .or_else(|| {
            by_secret(
                SecretForm::LitellmHash,
                hasher.hash_as_litellm(name.as_bytes()),
            )
        })
        .or_else(|| by_secret(SecretForm::LitellmHash, hasher.hash(name.as_bytes())))
}

/// Finds a key and asks whether the actor may.
///
/// # Errors
/// 404, also where it is there and none of theirs.
pub(super) fn held(call: &Call<'_>, name: &str) -> Result<Held, Refusal> {
    let found = find(call.plane, name).ok_or_else(missing)?;
    let key = found.object.whole();
    let target = Target::key(&call.plane.directory(), Some(found.id.as_str()), &key);
    let permit = call.authorise_found(&target, missing)?;
    Ok(Held {
        id: found.id.clone(),
        version: found.version,
        key,
        permit,
    })
}

/// Finds a key by its alias.
///
/// # Errors
/// As [`held`]; 400 where several that the actor may use have it.
pub(super) fn held_by_alias(call: &Call<'_>, alias: &str) -> Result<Held, Refusal> {
    let named = call.plane.directory().keys_of(KeysOf::Alias(alias));
    let mut found = named
        .iter()
        .filter_map(|entry| held(call, entry.id.as_str()).ok());
    match (found.next(), found.next()) {
        (Some(held), None) => Ok(held),
        (Some(_), Some(_)) => Err(Refusal::bad_request(
            "several keys have this alias; name the key by its id",
        )
        .with_param("key_alias")),
        (None, _) => Err(missing()),
    }
}

pub(super) fn missing() -> Refusal {
    Refusal::not_found("Key not found in database").with_param("key")
}
