use std::sync::Arc;

use ironward_core::{Id, Money, Role};
use ironward_policy::access::{Route, may_give};
use ironward_store::objects::{Membership, User};
use ironward_store::{Change, Entry};
use serde_json::{Value, json};

use super::fields::{missing, target};
use super::show::membership;
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::permit::Permit;
use crate::person::{Named, least, unknown};
use crate::request::{Field, Fields, FromJson, Name, Place, Problems, Shape, choice};
use crate::users;

/// LiteLLM's `OrgMember`.
struct MemberFields {
    role: PlaceRole,
    user: Named,
}

impl Shape for MemberFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            role: fields.require("role"),
            user: Named::read(fields),
        }
    }
}

/// A role within an organisation.
#[derive(Debug, Clone, Copy)]
struct PlaceRole(Role);

impl Default for PlaceRole {
    fn default() -> Self {
        Self(Role::InternalUserViewer)
    }
}

const ROLES: [Role; 3] = [Role::OrgAdmin, Role::InternalUser, Role::InternalUserViewer];

impl FromJson for PlaceRole {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let words = ROLES.map(|role| (role.as_str(), Self(role)));
        choice(&value, at, problems, &words)
    }

    fn schema() -> Value {
        json!({"enum": ROLES.map(Role::as_str)})
    }
}

/// One or several.
#[derive(Default)]
struct Several(Vec<MemberFields>);

impl FromJson for Several {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        match value {
            list @ Value::Array(_) => Vec::from_json(list, at, problems).map(Self),
            one => MemberFields::from_json(one, at, problems).map(|one| Self(vec![one])),
        }
    }

    fn schema() -> Value {
        json!({"anyOf": [MemberFields::schema(), Vec::<MemberFields>::schema()]})
    }
}

/// LiteLLM's `OrganizationMemberAddRequest`.
pub(crate) struct AddMembers {
    organisation: Box<str>,
    members: Several,
    max_budget: Option<Money>,
}

impl Shape for AddMembers {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            organisation: fields.require("organization_id"),
            members: fields.require("member"),
            max_budget: fields.optional("max_budget_in_organization"),
        }
    }
}

/// `POST /organization/member_add`
pub(crate) async fn add_members(call: &Call<'_>) -> Outcome {
    let request: AddMembers = call.body()?;
    let _turn = call.plane.turn().await;
    let organisation = &request.organisation;
    let permit = held(call, organisation)?;
    let (mut changes, mut users, mut memberships) = (Vec::new(), Vec::new(), Vec::new());
    let mut added: Vec<Id<User>> = Vec::new();
    for fields in &request.members.0 {
        check_role(call, fields.role.0, organisation)?;
        let found = person(call, &fields.user)?;
        let (id, mut user) = match &found {
            Some(found) => (found.id.clone(), found.object.clone()),
            None => new_person(call, &fields.user),
        };
        let mut places = user.organisations.iter();
        if places.any(|place| place.organisation.as_str() == &**organisation) || added.contains(&id)
        {
            let message = "User already in organization";
            return Err(Refusal::bad_request(message).with_param("member"));
        }
        let mut place = Membership {
            organisation: Id::new(organisation),
            role: fields.role.0,
            spending: Default::default(),
        };
        place.spending.max_budget = request.max_budget;
        memberships.push(membership(&id, &user, &place));
        user.organisations.push(place);
        call.stamp(&mut user.origin);
        changes.push(match &found {
            Some(found) => Change::update(&found.id, found.version, &user),
            None => Change::create(&id, &user),
        });
        users.push((id.clone(), user));
        added.push(id);
    }
    call.plane.write(&permit, &changes).await?;
    let directory = call.plane.directory();
    let shown = users
        .iter()
        .map(|(id, user)| users::row(&directory, id.as_str(), user).into_value());
    let shown: Vec<Value> = shown.collect();
    Ok(permit.answer(json!({
        "organization_id": organisation,
        "updated_users": shown,
        "updated_organization_memberships": memberships,
    })))
}

/// LiteLLM's `OrganizationMemberUpdateRequest`.
pub(crate) struct UpdateMember {
    organisation: Box<str>,
    user: Named,
    role: Option<PlaceRole>,
    max_budget: Field<Money>,
}

impl Shape for UpdateMember {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            organisation: fields.require("organization_id"),
            user: Named::read(fields),
            role: fields.optional("role"),
            max_budget: fields.take("max_budget_in_organization"),
        }
    }
}

/// `PATCH /organization/member_update`
pub(crate) async fn update_member(call: &Call<'_>) -> Outcome {
    let request: UpdateMember = call.body()?;
    let _turn = call.plane.turn().await;
    let permit = held(call, &request.organisation)?;
    let found = member(call, &request.organisation, &request.user)?;
    let mut user = found.object.clone();
    let mut places = user.organisations.iter_mut();
    let place = places
        .find(|place| place.organisation.as_str() == &*request.organisation)
        .ok_or_else(no_member)?;
    if let Some(PlaceRole(role)) = request.role {
        check_role(call, role, &request.organisation)?;
        place.role = role;
    }
    let before = place.spending.clone();
    request.max_budget.apply(&mut place.spending.max_budget);
    let is_own = call.actor.user() == Some(found.id.as_str());
    if is_own && !call.actor.is_administrator() && place.spending.raised_from(&before).is_some() {
        let message = "max_budget_in_organization: nobody raises what bounds themselves";
        return Err(Refusal::forbidden(message).with_param("max_budget_in_organization"));
    }
    let place = place.clone();
    call.stamp(&mut user.origin);
    let change = Change::update(&found.id, found.version, &user);
    call.plane.write(&permit, &[change]).await?;
    Ok(permit.answer(membership(&found.id, &user, &place)))
}

/// LiteLLM's `OrganizationMemberDeleteRequest`.
pub(crate) struct RemoveMember {
    organisation: Box<str>,
    user: Named,
}

impl Shape for RemoveMember {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            organisation: fields.require("organization_id"),
            user: Named::read(fields),
        }
    }
}

/// `DELETE /organization/member_delete`
pub(crate) async fn remove_member(call: &Call<'_>) -> Outcome {
    let request: RemoveMember = call.body()?;
    let _turn = call.plane.turn().await;
    let permit = held(call, &request.organisation)?;
    let found = member(call, &request.organisation, &request.user)?;
    let mut user = found.object.clone();
    let is_left = |place: &Membership| place.organisation.as_str() == &*request.organisation;
    let left = user
        .organisations
        .iter()
        .find(|place| is_left(place))
        .cloned();
    let left = left.ok_or_else(no_member)?;
    user.organisations.retain(|place| !is_left(place));
    call.stamp(&mut user.origin);
    let change = Change::update(&found.id, found.version, &user);
    call.plane.write(&permit, &[change]).await?;
    Ok(permit.answer(membership(&found.id, &user, &left)))
}

fn held(call: &Call<'_>, organisation: &str) -> Result<Permit, Refusal> {
    let permit = call.authorise_found(&target(organisation), missing)?;
    let directory = call.plane.directory();
    let found = directory.organisations.find(organisation);
    found.map(|_| permit).ok_or_else(missing)
}

/// Whether the actor may give a role in the organisation.
fn check_role(call: &Call<'_>, role: Role, organisation: &str) -> Result<(), Refusal> {
    let may = call
        .actor
        .with(|actor| may_give(actor, role, Some(organisation)));
    if may {
        return Ok(());
    }
    let message = format!("you may not give the role {}", role.as_str());
    Err(Refusal::forbidden(message).with_param("role"))
}

/// The person who is meant. Whoever joins an organisation can be changed by its administrators, so
/// these bring in nobody whom they could not see before. An administrator's request makes one who
/// is not there, as LiteLLM does.
fn person(call: &Call<'_>, named: &Named) -> Result<Option<Arc<Entry<User>>>, Refusal> {
    let directory = call.plane.directory();
    let found = named.find(&directory);
    if call.actor.is_administrator() {
        let is_half = found.is_none() && named.is_taken(&directory);
        return if is_half { Err(unknown()) } else { Ok(found) };
    }
    let found = found.ok_or_else(unknown)?;
    let target = users::target(found.id.as_str(), &found.object);
    call.authorise_as(Route::UserUpdate, &target)
        .map_err(|_| unknown())?;
    Ok(Some(found))
}

fn new_person(call: &Call<'_>, named: &Named) -> (Id<User>, User) {
    let id = match &named.id {
        Some(id) => Id::new(id.as_str()),
        None => call.plane.new_id(),
    };
    let email = named.email.clone().map(Name::into_text);
    (id, least(email, call.origin()))
}

fn member(call: &Call<'_>, organisation: &str, named: &Named) -> Result<Arc<Entry<User>>, Refusal> {
    let found = named.find(&call.plane.directory());
    let is_in = |user: &Arc<Entry<User>>| {
        let mut places = user.object.organisations.iter();
        places.any(|place| place.organisation.as_str() == organisation)
    };
    found.filter(is_in).ok_or_else(no_member)
}

fn no_member() -> Refusal {
    Refusal::not_found("User is not a member of this organization").with_param("user_id")
}
