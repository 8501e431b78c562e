use ironward_core::Id;
use ironward_policy::RouteGroup;
use ironward_secret::KeyId;
use ironward_store::Change;
use ironward_store::objects::{Key, Owner, ServiceAccount};
use serde_json::Value;

use super::draft;
use super::fields::{KEY_TYPE, KeyFields, KeyType, life};
use super::places::check_places;
use super::secret::NewSecret;
use super::show::row;
use crate::answer::{Answer, Row};
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::making;
use crate::permit::Permit;
use crate::request::{Fields, Shape};
use crate::target::Target;

/// LiteLLM's `GenerateKeyRequest`.
pub(crate) struct GenerateKey {
    pub(super) fields: KeyFields,
    chosen: Option<Box<str>>,
    key_type: Option<KeyType>,
}

impl Shape for GenerateKey {
    fn read(fields: &mut Fields<'_>) -> Self {
        let read = Self {
            fields: KeyFields::read(fields),
            chosen: fields.optional("key"),
            key_type: fields.optional(KEY_TYPE),
        };
        // No mail is sent from here.
        let _no_effect: Option<bool> = fields.optional("send_invite_email");
        read
    }
}

/// The request, with what the configuration gives to it.
pub(super) fn read(call: &Call<'_>) -> Result<GenerateKey, Refusal> {
    let settings = call.plane.settings.load();
    call.filled_body(|given| {
        // LiteLLM's `null` is no end of its own where keys have one.
        if settings.key_bounds.duration.is_some() && given.get("duration") == Some(&Value::Null) {
            given.remove("duration");
        }
        making::fill(given, &settings.key_defaults);
    })
}

/// `POST /key/generate`
pub(crate) async fn generate(call: &Call<'_>) -> Outcome {
    let request = read(call)?;
    draft::check_fields(call, &request.fields)?;
    let mut key = draft::empty(call);
    // As LiteLLM: a person who names no owner is the owner.
    if let Some(user) = call.actor.user() {
        key.owner = Owner::User(Id::new(user));
    }
    make(call, request, key, None).await
}

/// Makes a key out of `key`, which nobody has seen yet, and with it the account that owns it, if
/// there is none yet.
pub(super) async fn make(
    call: &Call<'_>,
    request: GenerateKey,
    mut key: Key,
    new_account: Option<(Id<ServiceAccount>, ServiceAccount)>,
) -> Outcome {
    let _turn = call.plane.turn().await;
    let life = life(&request.fields.life);
    request.fields.apply(&mut key, call.now);
    call.authorise(&Target::key(&call.plane.directory(), None, &key))?;
    if let Some(KeyType(kind, name)) = request.key_type {
        key.kept.insert(KEY_TYPE.to_owned(), name.into());
        let group = kind.routes().filter(|_| key.grant.routes.is_none());
        if let Some(group) = group {
            key.grant.routes = Some(vec![RouteGroup::as_str(group).into()]);
        }
    }
    let is_new_account = new_account.is_some();
    let mut changes = check_places(call, &mut key, is_new_account)?;
    if let Some((id, account)) = &new_account {
        changes.push(Change::create(id, account));
    }
    // A place that came with a project or a service account is asked for too.
    let permit = call.authorise(&Target::key(&call.plane.directory(), None, &key))?;
    draft::bound(call, &mut key, None)?;
    key.creator = draft::creator(call, &key);
    key.grant.expires = draft::expiry(call, life)?;
    let id = KeyId::from_random(&call.plane.draw());
    draft::check_grant(call, id.as_str(), &key, None)?;
    draft::check_alias(call, None, &key)?;
    let secret = match &request.chosen {
        Some(text) => NewSecret::chosen(call.plane, text, "key", call.now)?,
        None => NewSecret::issue(call.plane, id, call.now),
    };
    key.name = secret.name();
    key.secrets = vec![secret.kept.clone()];
    let id = Id::new(id.as_str());
    changes.push(Change::create(&id, &key));
    call.plane.write(&permit, &changes).await?;
    Ok(reveal(call, &permit, &id, &key, &secret))
}

/// The answer that shows a new secret, once.
pub(super) fn reveal(
    call: &Call<'_>,
    permit: &Permit,
    id: &Id<Key>,
    key: &Key,
    secret: &NewSecret,
) -> Answer {
    let mut row: Row = row(&call.plane.directory(), id.as_str(), key, call.now);
    row.put("key", &*secret.plaintext);
    permit.show(row)
}
