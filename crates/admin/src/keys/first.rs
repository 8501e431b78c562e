use std::collections::BTreeMap;

use ironward_core::Id;
use ironward_policy::access::Route;
use ironward_secret::KeyId;
use ironward_store::Change;
use ironward_store::objects::{Key, Organisation, Owner, User};

use super::draft;
use super::fields::{LifeField, life};
use super::secret::NewSecret;
use super::show::row;
use crate::answer::Row;
use crate::call::Call;
use crate::fault::Refusal;
use crate::request::{Field, Fields, Name, Shape};
use crate::target::Target;

/// What `/user/new` says of the key that comes with the user.
pub(crate) struct FirstKey {
    alias: Option<Name>,
    life: Field<LifeField>,
    aliases: Field<BTreeMap<Box<str>, Box<str>>>,
}

impl Shape for FirstKey {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            alias: fields.optional("key_alias"),
            life: fields.take("duration"),
            aliases: fields.take("aliases"),
        }
    }
}

impl FirstKey {
    /// The key, which the user's own limits bound, and the answer that shows it once.
    ///
    /// # Errors
    /// 403 where the actor may not make it, 400 where it cannot be made.
    pub(crate) fn make(
        self,
        call: &Call<'_>,
        user: &Id<User>,
        organisation: Option<Id<Organisation>>,
    ) -> Result<(Change, Row), Refusal> {
        let directory = call.plane.directory();
        let mut key: Key = draft::empty(call);
        key.owner = Owner::User(user.clone());
        key.organisation = organisation;
        key.alias = self.alias.map(Name::into_text);
        self.aliases.apply_or_default(&mut key.aliases);
        call.authorise_as(Route::KeyGenerate, &Target::key(&directory, None, &key))?;
        key.creator = draft::creator(call, &key);
        draft::bound(call, &mut key, None)?;
        key.grant.expires = draft::expiry(call, life(&self.life))?;
        draft::check_alias(call, None, &key)?;
        let id = KeyId::from_random(&call.plane.draw());
        let secret = NewSecret::issue(call.plane, id, call.now);
        key.name = secret.name();
        key.secrets = vec![secret.kept.clone()];
        let id: Id<Key> = Id::new(id.as_str());
        let mut shown = row(&directory, id.as_str(), &key, call.now);
        shown.put("key", &*secret.plaintext);
        Ok((Change::create(&id, &key), shown))
    }
}
