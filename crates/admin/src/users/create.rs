use ironward_core::{Id, Money, Role};
use ironward_policy::access::Route;
use ironward_store::Change;
use ironward_store::objects::{Account, Member, Membership, Organisation, Team, User};
use serde_json::{Value, json};

use super::fields::{UserFields, check_role};
use super::find::target;
use super::show::put;
use crate::answer::Row;
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::identities;
use crate::keys::FirstKey;
use crate::limits::{Above, Limits};
use crate::making;
use crate::person::least;
use crate::request::{Fields, FromJson, Name, Place, Problems, Shape};
use crate::teams;

/// LiteLLM's `NewUserRequest`.
pub(crate) struct NewUser {
    id: Option<Name>,
    email: Option<Name>,
    fields: UserFields,
    teams: Vec<NewSeat>,
    organisations: Vec<Name>,
    key: Option<FirstKey>,
}

impl Shape for NewUser {
    fn read(fields: &mut Fields<'_>) -> Self {
        let _no_effect: Option<bool> = fields.optional("send_invite_email");
        let mut teams: Vec<NewSeat> = fields.optional("teams").unwrap_or_default();
        let team: Option<Box<str>> = fields.optional("team_id");
        teams.extend(team.map(NewSeat::in_team));
        let key = FirstKey::read(fields);
        let is_key_made: Option<bool> = fields.optional("auto_create_key");
        Self {
            id: fields.optional("user_id"),
            email: fields.optional("user_email"),
            fields: UserFields::read(fields),
            teams,
            organisations: fields.optional("organizations").unwrap_or_default(),
            key: is_key_made.unwrap_or(true).then_some(key),
        }
    }
}

/// A team that the user joins: its id, or LiteLLM's `NewUserRequestTeam`.
struct NewSeat {
    team: Box<str>,
    max_budget: Option<Money>,
    is_admin: bool,
}

struct SeatFields {
    team: Box<str>,
    max_budget: Option<Money>,
    role: Option<Box<str>>,
}

impl Shape for SeatFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        let role: Option<Box<str>> = fields.optional("user_role");
        if role
            .as_deref()
            .is_some_and(|role| role != "user" && role != "admin")
        {
            fields.wrong(
                "user_role",
                "literal_error",
                "Input should be 'user' or 'admin'",
            );
        }
        Self {
            team: fields.require("team_id"),
            max_budget: fields.optional("max_budget_in_team"),
            role,
        }
    }
}

impl NewSeat {
    const fn in_team(team: Box<str>) -> Self {
        Self {
            team,
            max_budget: None,
            is_admin: false,
        }
    }
}

impl FromJson for NewSeat {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        if let Value::String(team) = value {
            return Some(Self::in_team(team.into()));
        }
        let fields = SeatFields::from_json(value, at, problems)?;
        Some(Self {
            team: fields.team,
            max_budget: fields.max_budget,
            is_admin: fields.role.as_deref() == Some("admin"),
        })
    }

    fn schema() -> Value {
        json!({"anyOf": [{"type": "string"}, SeatFields::schema()]})
    }
}

/// `POST /user/new`
pub(crate) async fn create(call: &Call<'_>) -> Outcome {
    let settings = call.plane.settings.load_full();
    let request: NewUser = call.filled_body(|given| {
        // As LiteLLM: what is for people in general is not for administrators.
        if given.get("user_role") != Some(&json!(Role::ProxyAdmin.as_str())) {
            making::fill(given, &settings.user_defaults);
        }
    })?;
    let _turn = call.plane.turn().await;
    let id: Id<User> = match &request.id {
        Some(id) => Id::new(id.as_str()),
        None => call.plane.new_id(),
    };
    let mut user = least(request.email.map(Name::into_text), call.origin());
    request.fields.apply(call, &mut user)?;
    user.organisations = memberships(&request.organisations, user.role);
    let permit = call.authorise(&target(id.as_str(), &user))?;
    check_role(call, user.role)?;
    check_new(call, &id, &user)?;
    let mut changes = vec![Change::create(&id, &user)];
    for seat in merged(request.teams) {
        changes.push(join(call, &user, &id, &seat)?);
    }
    let mut shown = match request.key {
        Some(key) => {
            let (change, shown) = key.make(call, &id, only(&user.organisations))?;
            changes.push(change);
            shown
        }
        None => {
            let mut shown = Row::default();
            shown.put("key", "");
            shown
        }
    };
    call.plane.write(&permit, &changes).await?;
    put(&call.plane.directory(), id.as_str(), &user, &mut shown);
    Ok(permit.show(shown))
}

fn memberships(organisations: &[Name], role: Role) -> Vec<Membership> {
    let mut ids: Vec<&str> = organisations.iter().map(Name::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    let role = match role {
        Role::InternalUserViewer => role,
        _ => Role::InternalUser,
    };
    let place = |id| Membership {
        organisation: Id::new(id),
        role,
        spending: Default::default(),
    };
    ids.into_iter().map(place).collect()
}

/// The organisation that a key of the user belongs to, where there is no choice.
fn only(places: &[Membership]) -> Option<Id<Organisation>> {
    match places {
        [place] => Some(place.organisation.clone()),
        _ => None,
    }
}

fn check_new(call: &Call<'_>, id: &Id<User>, user: &User) -> Result<(), Refusal> {
    let directory = call.plane.directory();
    for place in &user.organisations {
        let id = place.organisation.as_str();
        if directory.organisations.find(id).is_none() {
            let message = format!("Organization doesn't exist. Organization={id}");
            return Err(Refusal::bad_request(message).with_param("organizations"));
        }
    }
    if directory.users.find(id.as_str()).is_some() {
        return Err(
            Refusal::conflict("User with this user_id already exists").with_param("user_id")
        );
    }
    check_unique(call, id, user)?;
    identities::check(call, &Account::User(id.clone()), &user.identities, &[])?;
    let limits = Limits {
        grant: &user.grant,
        spending: &user.spending,
    };
    limits.check_given(call, Above::default())
}

/// Whether nobody else has the address or the subject at the identity provider.
///
/// # Errors
/// 409.
pub(super) fn check_unique(call: &Call<'_>, id: &Id<User>, user: &User) -> Result<(), Refusal> {
    let directory = call.plane.directory();
    let by_email = user
        .email
        .as_ref()
        .and_then(|email| directory.user_by_email(email));
    if by_email.is_some_and(|other| other.id != *id) {
        return Err(
            Refusal::conflict("User with this user_email already exists").with_param("user_email"),
        );
    }
    let by_sso_id = user
        .sso_user_id
        .as_ref()
        .and_then(|subject| directory.user_by_sso_id(subject));
    if by_sso_id.is_some_and(|other| other.id != *id) {
        return Err(
            Refusal::conflict("User with this sso_user_id already exists")
                .with_param("sso_user_id"),
        );
    }
    Ok(())
}

/// Each team once: the last word counts.
fn merged(seats: Vec<NewSeat>) -> Vec<NewSeat> {
    let mut merged: Vec<NewSeat> = Vec::new();
    for seat in seats {
        merged.retain(|other| other.team != seat.team);
        merged.push(seat);
    }
    merged
}

/// Puts the new user into a team: that is a right of its own.
fn join(call: &Call<'_>, user: &User, id: &Id<User>, seat: &NewSeat) -> Result<Change, Refusal> {
    let directory = call.plane.directory();
    let target = teams::target(&directory, &seat.team);
    call.authorise_as(Route::TeamMemberAdd, &target)?;
    let missing = || Refusal::bad_request("Team doesn't exist").with_param("teams");
    let found = directory.teams.find(&seat.team).ok_or_else(missing)?;
    let mut team: Team = found.object.clone();
    let is_near = team.organisation.as_ref().is_none_or(|organisation| {
        let mut places = user.organisations.iter();
        places.any(|place| place.organisation == *organisation)
    });
    if !is_near && !call.actor.is_administrator() {
        let message = "the team belongs to an organization that the user is not in";
        return Err(Refusal::bad_request(message).with_param("teams"));
    }
    let mut member: Member = teams::member(&team, id.clone(), seat.is_admin, call.now);
    member.spending.max_budget = seat.max_budget.or(member.spending.max_budget);
    team.members.retain(|other| other.user != *id);
    team.members.push(member);
    call.stamp(&mut team.origin);
    Ok(Change::update(&found.id, found.version, &team))
}
