use ironward_policy::access::Route;
use ironward_store::objects::User;
use ironward_store::{Directory, KeysOf};
use serde_json::{Value, json};

use super::fields::KEPT;
use super::find::held;
use crate::answer::{Row, time};
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::fields::{GrantFields, Kept, Spend, SpendingFields};
use crate::identities::shown;
use crate::request::{Fields, Shape};
use crate::target::Target;
use crate::{keys, teams};

/// A user as LiteLLM shows one.
pub(crate) fn row(directory: &Directory, id: &str, user: &User) -> Row {
    let mut row = Row::default();
    put(directory, id, user, &mut row);
    row
}

/// Writes a user into an answer that may hold their key.
pub(super) fn put(directory: &Directory, id: &str, user: &User, row: &mut Row) {
    row.put("user_id", id).put("user_alias", &user.alias);
    row.put("user_email", &user.email)
        .put("user_role", user.role.as_str());
    row.put("sso_user_id", &user.sso_user_id);
    if !user.identities.is_empty() {
        row.put("identities", shown(&user.identities));
    }
    row.put("teams", teams_of(directory, id));
    let places = user.organisations.iter().map(|place| {
        json!({
            "user_id": id,
            "organization_id": place.organisation.as_str(),
            "user_role": place.role.as_str(),
        })
    });
    let places: Vec<Value> = places.collect();
    row.put("organization_memberships", places);
    GrantFields::show(&user.grant, &user.kept, row);
    SpendingFields::show(&user.spending, row);
    Spend::show(&user.kept, row);
    row.put("metadata", &user.metadata);
    Kept::show(&user.kept, &KEPT, row);
    row.put("created_at", time(user.origin.created_at))
        .put("created_by", &user.origin.created_by);
    row.put("updated_at", time(user.origin.updated_at))
        .put("updated_by", &user.origin.updated_by);
}

/// The ids of the teams that a user is in.
pub(crate) fn teams_of(directory: &Directory, id: &str) -> Vec<Box<str>> {
    let teams = directory.teams_of_user(id);
    teams.iter().map(|team| team.id.as_str().into()).collect()
}

pub(crate) struct ShowUser {
    id: Option<Box<str>>,
}

impl Shape for ShowUser {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.optional("user_id"),
        }
    }
}

impl ShowUser {
    /// The one in the query, or the one who asks.
    fn id<'a>(&'a self, call: &'a Call<'_>) -> Result<&'a str, Refusal> {
        let id = self.id.as_deref().or_else(|| call.actor.user());
        id.ok_or_else(|| Refusal::bad_request("name the user: user_id").with_param("user_id"))
    }
}

/// `GET /user/info`: the user, and those of their keys and teams that the actor may see.
pub(crate) fn show(call: &Call<'_>) -> Outcome {
    let request: ShowUser = call.query()?;
    let directory = call.plane.directory();
    let held = held(call, directory.users.find(request.id(call)?))?;
    let id = held.id.as_str();
    let keys = directory.keys_of(KeysOf::User(id));
    let keys = keys.iter().filter_map(|entry| {
        let key = entry.object.whole();
        let target = Target::key(&directory, Some(entry.id.as_str()), &key);
        let shown = || keys::row(&directory, entry.id.as_str(), &key, call.now).into_value();
        call.shows(Some(Route::KeyRead), &target).then(shown)
    });
    let keys: Vec<Value> = keys.collect();
    let teams = teams_of(&directory, id);
    let teams = teams.iter().filter_map(|team| {
        let target = teams::target(&directory, team);
        let found = directory.teams.find(team)?;
        let shown = || teams::row(&directory, team, &found.object).into_value();
        call.shows(Some(Route::TeamRead), &target).then(shown)
    });
    let teams: Vec<Value> = teams.collect();
    Ok(held.permit.answer(json!({
        "user_id": id,
        "user_info": row(&directory, id, &held.user).into_value(),
        "keys": keys,
        "teams": teams,
    })))
}

/// `GET /v2/user/info`: the user alone.
pub(crate) fn show_flat(call: &Call<'_>) -> Outcome {
    let request: ShowUser = call.query()?;
    let directory = call.plane.directory();
    let held = held(call, directory.users.find(request.id(call)?))?;
    Ok(held
        .permit
        .show(row(&directory, held.id.as_str(), &held.user)))
}
