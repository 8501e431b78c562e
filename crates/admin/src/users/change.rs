use ironward_store::Change;
use ironward_store::objects::{Account, User};
use serde_json::{Value, json};

use super::create::check_unique;
use super::fields::UserFields;
use super::find::{Held, held, target};
use super::show::row;
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::identities;
use crate::limits::{Above, Limits};
use crate::request::{Field, Fields, Name, Shape};

/// LiteLLM's `UpdateUserRequest`. An address beside an id is a new address.
pub(crate) struct UpdateUser {
    id: Option<Box<str>>,
    email: Field<Name>,
    fields: UserFields,
}

impl Shape for UpdateUser {
    fn read(fields: &mut Fields<'_>) -> Self {
        let read = Self {
            id: fields.optional("user_id"),
            email: fields.take("user_email"),
            fields: UserFields::read(fields),
        };
        if read.id.is_none() && read.email.get().is_none() {
            fields.refuse("user_id", "name the user: user_id or user_email");
        }
        read
    }
}

impl UpdateUser {
    pub(super) fn names(&self) -> (Option<Box<str>>, Option<Box<str>>) {
        let email = self.email.get().map(|email| email.as_str().into());
        (self.id.clone(), email)
    }
}

/// `POST /user/update`
pub(crate) async fn update(call: &Call<'_>) -> Outcome {
    let request: UpdateUser = call.body()?;
    let _turn = call.plane.turn().await;
    let (held, data) = change(call, request).await?;
    let id = held.id.as_str();
    Ok(held.permit.answer(json!({"user_id": id, "data": data})))
}

/// Changes one user and gives them as they are now. The caller has the turn.
pub(super) async fn change(call: &Call<'_>, request: UpdateUser) -> Result<(Held, Value), Refusal> {
    let directory = call.plane.directory();
    let (held, email) = match request.id {
        Some(id) => (held(call, directory.users.find(&id))?, request.email),
        None => {
            let named = request.email.get();
            let found = named.and_then(|email| directory.user_by_email(email.as_str()));
            (held(call, found)?, Field::Absent)
        }
    };
    let mut user = held.user.clone();
    email.map(Name::into_text).apply(&mut user.email);
    request.fields.apply(call, &mut user)?;
    call.authorise(&target(held.id.as_str(), &user))?;
    check_unique(call, &held.id, &user)?;
    let account = Account::User(held.id.clone());
    identities::check(call, &account, &user.identities, &held.user.identities)?;
    check_limits(call, &held, &user)?;
    call.stamp(&mut user.origin);
    let change = Change::update(&held.id, held.version, &user);
    call.plane.write(&held.permit, &[change]).await?;
    let directory = call.plane.directory();
    let shown = row(&directory, held.id.as_str(), &user).into_value();
    Ok((held, shown))
}

/// Whether the actor may give the user these limits: lower ones, or, to somebody else, no more than
/// their own.
fn check_limits(call: &Call<'_>, held: &Held, user: &User) -> Result<(), Refusal> {
    let directory = call.plane.directory();
    let (new, old) = (limits(user), limits(&held.user));
    new.check(&directory)?;
    let raised = new.raised_from(&directory, old)?;
    match raised.filter(|_| !call.actor.is_administrator()) {
        None => Ok(()),
        Some(field) if call.actor.user() == Some(held.id.as_str()) => {
            let message = format!("{field}: nobody raises what bounds themselves");
            Err(Refusal::forbidden(message).with_param(field))
        }
        Some(_) => new.check_given(call, Above::default()),
    }
}

const fn limits(user: &User) -> Limits<'_> {
    Limits {
        grant: &user.grant,
        spending: &user.spending,
    }
}
