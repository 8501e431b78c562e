use ironward_core::Id;
use ironward_policy::{Period, SecretLife};
use ironward_secret::KeyId;
use ironward_store::Change;
use ironward_store::objects::Key;

use super::draft;
use super::fields::{KeyFields, life};
use super::find::{held, missing};
use super::generate::reveal;
use super::places::check_places;
use super::secret::NewSecret;
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::fields::Duration;
use crate::request::{Fields, Shape};
use crate::target::Target;

/// LiteLLM's `RegenerateKeyRequest`.
pub(crate) struct RegenerateKey {
    key: Option<Box<str>>,
    chosen: Option<Box<str>>,
    grace: Option<Duration>,
    fields: KeyFields,
}

impl Shape for RegenerateKey {
    fn read(fields: &mut Fields<'_>) -> Self {
        let master_key: Option<Box<str>> = fields.optional("new_master_key");
        if master_key.is_some() {
            fields.refuse(
                "new_master_key",
                "the master key is set in the configuration file",
            );
        }
        let _no_effect: Option<bool> = fields.optional("send_invite_email");
        let _unchanged: Option<super::fields::KeyType> = fields.optional("key_type");
        Self {
            key: fields.optional("key"),
            chosen: fields.optional("new_key"),
            grace: fields.optional("grace_period"),
            fields: KeyFields::read(fields),
        }
    }
}

/// `POST /key/regenerate`, `POST /key/{key}/regenerate`: a new secret for the same key. Whoever
/// names no key means the one that was presented.
pub(crate) async fn regenerate(call: &Call<'_>) -> Outcome {
    let request: RegenerateKey = call.body_or_empty()?;
    draft::check_fields(call, &request.fields)?;
    let name = call
        .name
        .as_deref()
        .or(request.key.as_deref())
        .or_else(|| call.actor.key());
    let name = name.ok_or_else(missing)?;
    let _turn = call.plane.turn().await;
    let held = held(call, name)?;
    let directory = call.plane.directory();
    let id = held.id.as_str();
    let mut key = held.key.clone();
    let life = request
        .fields
        .life
        .is_given()
        .then(|| life(&request.fields.life));
    if request.fields.grant.says_blocked() && held.key.grant.blocked {
        return Err(
            Refusal::bad_request("a blocked key is unblocked by /key/unblock")
                .with_param("blocked"),
        );
    }
    request.fields.apply(&mut key, call.now);
    // Who may rotate a key need not be who may put keys in another place.
    let place = |key: &Key| {
        (
            key.owner.clone(),
            key.team.clone(),
            key.project.clone(),
            key.organisation.clone(),
        )
    };
    if place(&key) != place(&held.key) && !call.actor.is_administrator() {
        return Err(Refusal::forbidden(
            "a key is moved by /key/update, not while it is rotated",
        ));
    }
    call.authorise(&Target::key(&directory, Some(id), &key))?;
    let mut changes = check_places(call, &mut key, false)?;
    call.authorise(&Target::key(&directory, Some(id), &key))?;
    if let Some(life) = life {
        key.grant.expires = draft::expiry(call, life)?;
    }
    // Whoever makes the secret knows it: from now on the key is bounded by their rights too.
    key.creator = draft::creator(call, &key).or(key.creator);
    draft::bound(call, &mut key, Some(&held.key))?;
    draft::check_grant(call, id, &key, Some(&held.key))?;
    draft::check_alias(call, Some(id), &key)?;
    let secret = match &request.chosen {
        Some(text) => NewSecret::chosen(call.plane, text, "new_key", call.now)?,
        None => {
            // The id of an imported key may be any text; what is printed in a key has a form.
            let printed =
                KeyId::parse(id).unwrap_or_else(|| KeyId::from_random(&call.plane.draw()));
            NewSecret::issue(call.plane, printed, call.now)
        }
    };
    let grace = request.grace.map(|grace| grace.0);
    replace_secrets(call, &mut key, grace, &secret)?;
    key.name = secret.name();
    key.origin.updated_at = call.now;
    key.origin.updated_by = call.actor.id().into();
    changes.push(Change::update(&held.id, held.version, &key));
    call.plane.write(&held.permit, &changes).await?;
    let id: Id<Key> = held.id.clone();
    Ok(reveal(call, &held.permit, &id, &key, &secret))
}

/// The old secret goes on for the overlap; never more than one beside the new one.
fn replace_secrets(
    call: &Call<'_>,
    key: &mut Key,
    grace: Option<Period>,
    secret: &NewSecret,
) -> Result<(), Refusal> {
    let lives: Vec<SecretLife> = key
        .secrets
        .iter()
        .map(|secret| SecretLife {
            made: secret.made,
            until: secret.until,
        })
        .collect();
    let policy = call.plane.settings.load().key_life;
    let ends = policy
        .overlap(&lives, grace, call.now)
        .map_err(|error| Refusal::bad_request(error.to_string()).with_param(error.field))?;
    let mut ends = ends.into_iter();
    key.secrets.retain_mut(|secret| {
        let end = ends.next().flatten();
        secret.until = end;
        end.is_some()
    });
    key.secrets.push(secret.kept.clone());
    Ok(())
}
