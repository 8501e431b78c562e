use ironward_core::{Id, Money};
use ironward_policy::access::Route;
use ironward_policy::{Grant, Period};
use ironward_store::objects::{Member, Owner, Team, User};
use ironward_store::{Change, KeysOf};
use serde_json::{Value, json};

use super::find::{Held, held};
use super::show::{membership, row};
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::fields::Duration;
use crate::limits::{Above, Limits};
use crate::person::{Named, least, unknown};
use crate::request::{Field, Fields, FromJson, Name, Place, Problems, Shape, choice};

/// LiteLLM's `Member`.
pub(super) struct MemberFields {
    role: Option<TeamRole>,
    pub(super) user: Named,
}

impl Shape for MemberFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            role: Some(fields.require("role")),
            user: Named::read(fields),
        }
    }
}

impl MemberFields {
    pub(super) fn is_admin(&self) -> bool {
        self.role.is_some_and(|role| role.is_admin)
    }
}

/// `admin` or `user`.
#[derive(Debug, Clone, Copy, Default)]
struct TeamRole {
    is_admin: bool,
}

impl FromJson for TeamRole {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let role = |is_admin| Self { is_admin };
        choice(
            &value,
            at,
            problems,
            &[("admin", role(true)), ("user", role(false))],
        )
    }

    fn schema() -> Value {
        json!({"enum": ["admin", "user"]})
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

/// What a member may do and spend in the team.
struct InTeam {
    max_budget: Field<Money>,
    budget_duration: Field<Duration>,
    models: Field<Vec<Box<str>>>,
    tpm_limit: Field<u64>,
    rpm_limit: Field<u64>,
}

impl Shape for InTeam {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            max_budget: fields.take("max_budget_in_team"),
            budget_duration: fields.take("budget_duration"),
            models: fields.take("allowed_models"),
            tpm_limit: fields.take("tpm_limit"),
            rpm_limit: fields.take("rpm_limit"),
        }
    }
}

impl InTeam {
    fn apply(self, member: &mut Member, now: u64) {
        let spending = &mut member.spending;
        self.max_budget.apply(&mut spending.max_budget);
        if self.budget_duration.is_given() {
            let period = self.budget_duration.value();
            spending.budget_reset_at = period.as_ref().map(|period| period.0.after(now));
            spending.budget_duration = period.map(|period| period.0.to_string().into());
        }
        self.tpm_limit.apply(&mut spending.tpm_limit);
        self.rpm_limit.apply(&mut spending.rpm_limit);
        match self.models {
            Field::Absent => {}
            Field::Value(models) if !models.is_empty() => member.grant.models = Some(models),
            Field::Null | Field::Value(_) => member.grant.models = None,
        }
    }
}

/// LiteLLM's `TeamMemberAddRequest`.
pub(crate) struct AddMembers {
    team: Box<str>,
    members: Several,
    in_team: InTeam,
}

impl Shape for AddMembers {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            team: fields.require("team_id"),
            members: fields.require("member"),
            in_team: InTeam::read(fields),
        }
    }
}

/// `POST /team/member_add`
pub(crate) async fn add_members(call: &Call<'_>) -> Outcome {
    let request: AddMembers = call.body()?;
    let _turn = call.plane.turn().await;
    let held = held(call, &request.team)?;
    let mut team = held.team.clone();
    let mut pattern = member(&team, Id::new(""), false, call.now);
    request.in_team.apply(&mut pattern, call.now);
    check_member(call, &held, &pattern)?;
    let (mut changes, mut added) = (Vec::new(), Vec::new());
    for fields in &request.members.0 {
        let user = person(call, &fields.user, &team, &mut changes)?;
        if team.members.iter().any(|member| member.user == user) {
            return Err(Refusal::new(
                axum::http::StatusCode::BAD_REQUEST,
                "team_member_already_in_team",
                "User already in team",
            )
            .with_param("member"));
        }
        let new = Member {
            user,
            is_admin: fields.is_admin(),
            ..pattern.clone()
        };
        added.push(new.clone());
        team.members.push(new);
    }
    call.stamp(&mut team.origin);
    changes.push(Change::update(&held.id, held.version, &team));
    call.plane.write(&held.permit, &changes).await?;
    let directory = call.plane.directory();
    let id = held.id.as_str();
    let users = added.iter().map(|member| {
        let user = directory.users.find(member.user.as_str());
        json!({
            "user_id": member.user.as_str(),
            "user_email": user.and_then(|user| user.object.email.clone()),
            "teams": crate::users::teams_of(&directory, member.user.as_str()),
        })
    });
    let users: Vec<Value> = users.collect();
    let memberships: Vec<Value> = added.iter().map(|member| membership(id, member)).collect();
    let mut shown = row(&directory, id, &team);
    shown
        .put("updated_users", users)
        .put("updated_team_memberships", memberships);
    Ok(held.permit.show(shown))
}

/// LiteLLM's `TeamMemberUpdateRequest`.
pub(crate) struct UpdateMember {
    team: Box<str>,
    user: Named,
    role: Option<TeamRole>,
    in_team: InTeam,
}

impl Shape for UpdateMember {
    fn read(fields: &mut Fields<'_>) -> Self {
        for name in ["temp_budget_increase", "temp_budget_expiry"] {
            let increase: Option<Value> = fields.optional(name);
            if increase.is_some() {
                fields.refuse(name, "there is none for members; set max_budget_in_team");
            }
        }
        Self {
            team: fields.require("team_id"),
            user: Named::read(fields),
            role: fields.optional("role"),
            in_team: InTeam::read(fields),
        }
    }
}

/// `POST /team/member_update`
pub(crate) async fn update_member(call: &Call<'_>) -> Outcome {
    let request: UpdateMember = call.body()?;
    let _turn = call.plane.turn().await;
    let held = held(call, &request.team)?;
    let mut team = held.team.clone();
    let user = request.user.id_in(&call.plane.directory());
    let mut members = team.members.iter_mut();
    let member = members
        .find(|member| Some(&member.user) == user.as_ref())
        .ok_or_else(no_member)?;
    request.in_team.apply(member, call.now);
    if let Some(role) = request.role {
        member.is_admin = role.is_admin;
    }
    let member = member.clone();
    check_member(call, &held, &member)?;
    call.stamp(&mut team.origin);
    let change = Change::update(&held.id, held.version, &team);
    call.plane.write(&held.permit, &[change]).await?;
    let user = call.plane.directory().users.find(member.user.as_str());
    Ok(held.permit.answer(json!({
        "team_id": held.id.as_str(),
        "user_id": member.user.as_str(),
        "user_email": user.and_then(|user| user.object.email.clone()),
        "role": if member.is_admin { "admin" } else { "user" },
        "max_budget_in_team": member.spending.max_budget.map(Money::to_dollars),
        "budget_duration": member.spending.budget_duration,
        "tpm_limit": member.spending.tpm_limit,
        "rpm_limit": member.spending.rpm_limit,
        "allowed_models": member.grant.models,
    })))
}

/// LiteLLM's `TeamMemberDeleteRequest`.
pub(crate) struct RemoveMember {
    team: Box<str>,
    user: Named,
}

impl Shape for RemoveMember {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            team: fields.require("team_id"),
            user: Named::read(fields),
        }
    }
}

/// `POST /team/member_delete`: with the keys that the member has in the team.
pub(crate) async fn remove_member(call: &Call<'_>) -> Outcome {
    let request: RemoveMember = call.body()?;
    let _turn = call.plane.turn().await;
    let held = held(call, &request.team)?;
    let mut team = held.team.clone();
    let directory = call.plane.directory();
    let user = request.user.id_in(&directory).ok_or_else(no_member)?;
    let before = team.members.len();
    team.members.retain(|member| member.user != user);
    if team.members.len() == before {
        return Err(no_member());
    }
    call.stamp(&mut team.origin);
    let mut keys = directory.keys_of(KeysOf::Team(held.id.as_str()));
    keys.retain(|key| matches!(&key.object.owner, Owner::User(owner) if *owner == user));
    let mut changes: Vec<Change> = keys
        .iter()
        .map(|key| Change::delete(&key.id, key.version))
        .collect();
    changes.push(Change::update(&held.id, held.version, &team));
    call.plane.write(&held.permit, &changes).await?;
    Ok(held.permit.show(row(&directory, held.id.as_str(), &team)))
}

/// A member with the team's defaults, from `now` on, in milliseconds since 1970.
pub(crate) fn member(team: &Team, user: Id<User>, is_admin: bool, now: u64) -> Member {
    let defaults = &team.member_defaults;
    let mut spending = defaults.spending.clone();
    let period = spending.budget_duration.as_deref();
    let period = period.and_then(|period| period.parse::<Period>().ok());
    spending.budget_reset_at = period.map(|period| period.after(now));
    Member {
        user,
        is_admin,
        grant: Grant {
            models: defaults.models.clone(),
            ..Grant::default()
        },
        spending,
    }
}

/// The person who is meant. An administrator's request makes one who is not there, as LiteLLM does;
/// anybody else adds people of the team's organisation, and learns nothing of others.
pub(super) fn person(
    call: &Call<'_>,
    named: &Named,
    team: &Team,
    changes: &mut Vec<Change>,
) -> Result<Id<User>, Refusal> {
    let directory = call.plane.directory();
    if let Some(found) = named.find(&directory) {
        let is_near = team.organisation.as_ref().is_none_or(|organisation| {
            let mut places = found.object.organisations.iter();
            places.any(|place| place.organisation == *organisation)
        });
        if is_near || call.actor.is_administrator() {
            return Ok(found.id.clone());
        }
        return Err(unknown());
    }
    if named.is_taken(&directory) || !call.actor.is_administrator() {
        return Err(unknown());
    }
    let id = match &named.id {
        Some(id) => Id::new(id.as_str()),
        None => call.plane.new_id(),
    };
    let email = named.email.clone().map(Name::into_text);
    changes.push(Change::create(&id, &least(email, call.origin())));
    Ok(id)
}

/// Whether the actor may give somebody this place in the team. A team's administrator gives no more
/// than their own place allows them; neither do they raise what was set for themselves.
fn check_member(call: &Call<'_>, held: &Held, member: &Member) -> Result<(), Refusal> {
    let directory = call.plane.directory();
    let new = Limits {
        grant: &member.grant,
        spending: &member.spending,
    };
    new.check(&directory)?;
    let above = Above {
        team: Some(held.id.as_str()),
        ..super::change::above(&held.team)
    };
    new.check_grant_given(call, above)?;
    let place = super::find::target(&directory, held.id.as_str());
    if call.authorise_as(Route::TeamNew, &place).is_ok() {
        return Ok(());
    }
    let is_own = |member: &&Member| Some(member.user.as_str()) == call.actor.user();
    let own = held.team.members.iter().find(is_own);
    if let Some(bound) = own {
        let old = Limits {
            grant: &bound.grant,
            spending: &bound.spending,
        };
        if let Some(field) = new.raised_from(&directory, old)? {
            let message = format!("{field}: may not allow more than your own place in the team");
            return Err(Refusal::forbidden(message).with_param(field));
        }
    }
    Ok(())
}

fn no_member() -> Refusal {
    Refusal::bad_request("User is not a member of this team").with_param("user_id")
}
