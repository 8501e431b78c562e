//! What every key has to satisfy, be it new or changed.

use ironward_core::Id;
use ironward_policy::{InvalidGrant, KeyLife, Life, Spending, Unset, Wider, narrowest, subset};
use ironward_store::KeysOf;
use ironward_store::objects::{Key, Origin, Owner, User};

use super::fields::{FOR_ADMINISTRATORS, KeyFields, SPEND};
use crate::call::Call;
use crate::chain::Chain;
use crate::fault::Refusal;
use crate::fields::looser;

/// A key before anything is known of it.
pub(super) fn empty(call: &Call<'_>) -> Key {
    Key {
        origin: Origin {
            created_at: call.now,
            created_by: call.actor.id().into(),
            updated_at: call.now,
            updated_by: call.actor.id().into(),
        },
        ..Key::default()
    }
}

/// Fields that only administrators may set.
///
/// # Errors
/// 403.
pub(super) fn check_fields(call: &Call<'_>, fields: &KeyFields) -> Result<(), Refusal> {
    if call.actor.is_administrator() {
        return Ok(());
    }
    let spend = fields
        .spend
        .get()
        .is_some_and(|spend| *spend != ironward_core::Money::ZERO);
    let given = fields
        .kept
        .first_given(&FOR_ADMINISTRATORS)
        .or_else(|| spend.then_some(SPEND));
    match given {
        None => Ok(()),
        Some(name) => {
            let message = format!("Only proxy admin can set '{name}'");
            Err(Refusal::forbidden(message).with_param(name))
        }
    }
}

/// Whether the key gives away no more than the actor has. `before` is the key that is changed,
/// where somebody else made it: its limits are theirs to loosen.
///
/// # Errors
/// 400 where the grant means nothing, 403 where it is wider.
pub(super) fn check_grant(
    call: &Call<'_>,
    id: &str,
    key: &Key,
    before: Option<&Key>,
) -> Result<(), Refusal> {
    let directory = call.plane.directory();
    let chain = Chain::of(&directory, id, key).map_err(|error| invalid(&error))?;
    let Some(child) = chain.own() else {
        return Err(Refusal::internal());
    };
    if call.actor.is_administrator() {
        return Ok(());
    }
    let wider = |error: Wider| Refusal::forbidden(error.to_string());
    if let Some(own) = call.actor.chain() {
        // What goes on to bound the key need not be repeated in it; what only bounds the actor's
        // own key does.
        let (shared, own_only): (Vec<_>, Vec<_>) =
            own.links().into_iter().partition(|link| chain.has(link));
        subset(child, &shared, Unset::Bounded).map_err(wider)?;
        subset(child, &own_only, Unset::Unbounded).map_err(wider)?;
    }
    if let Some(own) = call.actor.key().and_then(|own| directory.keys.find(own)) {
        check_spending(&key.spending, &own.object.whole().spending)?;
    }
    if let Some(before) = before
        && *before.origin.created_by != *call.actor.id()
    {
        // Nor does a key get out of what bounds it by being moved.
        let old = Chain::of(&directory, id, before).map_err(|error| invalid(&error))?;
        let lost: Vec<_> = old
            .links()
            .into_iter()
            .filter(|link| !chain.has(link))
            .collect();
        subset(child, &lost, Unset::Unbounded).map_err(wider)?;
        check_spending(&key.spending, &before.spending)?;
    }
    Ok(())
}

/// Holds a key within what every key is bounded by, whoever asks; a new one that does not say gets
/// the bounds.
///
/// # Errors
/// 400 where it is given more.
pub(super) fn bound(call: &Call<'_>, key: &mut Key, before: Option<&Key>) -> Result<(), Refusal> {
    let bounds = call.plane.settings.load().key_bounds;
    let nothing = Spending::default();
    let old = before.map_or(&nothing, |before| &before.spending);
    if before.is_none() {
        bounds.fill(&mut key.spending, call.now);
    }
    match bounds.exceeded_by(&key.spending, old, call.now) {
        None => Ok(()),
        Some(field) => {
            let message = format!(
                "{field}: is above what keys may have here \
                 (litellm_settings.upperbound_key_generate_params); ask for less"
            );
            Err(Refusal::bad_request(message).with_param(field))
        }
    }
}

fn check_spending(child: &Spending, parent: &Spending) -> Result<(), Refusal> {
    match looser(child, parent) {
        None => Ok(()),
        Some(field) => {
            let message = format!("{field}: may not allow more than what it is made with");
            Err(Refusal::forbidden(message).with_param(field))
        }
    }
}

fn invalid(error: &InvalidGrant) -> Refusal {
    let field = match error.field {
        "routes" => "allowed_routes",
        "access_groups" => "access_group_ids",
        field => field,
    };
    Refusal::bad_request(format!("{field}: an item {}", error.why)).with_param(field)
}

/// When the key ends. One that does not say it, made with a key that ends, does not outlive it.
///
/// # Errors
/// 400 where it asks for longer than keys may live here.
pub(super) fn expiry(call: &Call<'_>, life: Life) -> Result<Option<u64>, Refusal> {
    let policy: KeyLife = call.plane.settings.load().key_life;
    let end = policy
        .expiry(life, call.now)
        .map_err(|error| Refusal::bad_request(error.to_string()).with_param(error.field))?;
    let own = call
        .actor
        .chain()
        .filter(|_| !call.actor.is_administrator());
    let own = own.and_then(|chain| narrowest(&chain.links()).expires);
    Ok(match (life, end, own) {
        (Life::Default, Some(end), Some(own)) => Some(end.min(own)),
        (Life::Default, None, own) => own,
        (_, end, _) => end,
    })
}

/// Whether no other key has this alias.
///
/// # Errors
/// 400, in LiteLLM's words.
pub(super) fn check_alias(call: &Call<'_>, id: Option<&str>, key: &Key) -> Result<(), Refusal> {
    let Some(alias) = &key.alias else {
        return Ok(());
    };
    let named = call.plane.directory().keys_of(KeysOf::Alias(alias));
    if named.iter().any(|other| id != Some(other.id.as_str())) {
        return Err(Refusal::bad_request(
            "Key with this alias already exists. Unique key aliases across all keys are required.",
        )
        .with_param("key_alias"));
    }
    Ok(())
}

/// The user whose rights bound a key from now on, where the actor is neither its owner nor an
/// administrator.
pub(super) fn creator(call: &Call<'_>, key: &Key) -> Option<Id<User>> {
    let user = call
        .actor
        .user()
        .filter(|_| !call.actor.is_administrator())?;
    let is_own = matches!(&key.owner, Owner::User(owner) if owner.as_str() == user);
    (!is_own).then(|| Id::new(user))
}
