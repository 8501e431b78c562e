use ironward_core::Money;
use ironward_policy::access::Route;
use ironward_store::objects::{Member, Team};
use ironward_store::{Directory, KeysOf};
use serde_json::{Value, json};

use super::fields::KEPT;
use super::find::held;
use crate::answer::{Row, time};
use crate::call::{Call, Outcome};
use crate::fields::{GrantFields, Kept, Spend, SpendingFields};
use crate::request::{Fields, Shape};
use crate::target::Target;

/// A team as LiteLLM shows one.
pub(crate) fn row(directory: &Directory, id: &str, team: &Team) -> Row {
    let mut row = Row::default();
    row.put("team_id", id).put("team_alias", &team.alias);
    let organisation = team.organisation.as_ref().map(|id| id.as_str());
    row.put("organization_id", organisation);
    // LiteLLM's older lists of members, which it leaves empty.
    row.put("admins", [(); 0]).put("members", [(); 0]);
    let members = team.members.iter().map(|member| {
        let user = directory.users.find(member.user.as_str());
        json!({
            "role": if member.is_admin { "admin" } else { "user" },
            "user_id": member.user.as_str(),
            "user_email": user.and_then(|user| user.object.email.clone()),
        })
    });
    let members: Vec<Value> = members.collect();
    row.put("members_with_roles", members);
    row.put("team_member_permissions", &team.member_permissions);
    row.put("model_aliases", &team.model_aliases);
    row.put("metadata", &team.metadata);
    GrantFields::show(&team.grant, &team.kept, &mut row);
    SpendingFields::show(&team.spending, &mut row);
    Spend::show(&team.kept, &mut row);
    let defaults = &team.member_defaults;
    row.put(
        "default_team_member_models",
        defaults.models.as_deref().unwrap_or_default(),
    );
    let budget = defaults.spending.max_budget.map(Money::to_dollars);
    row.put("team_member_budget", budget);
    row.put(
        "team_member_budget_duration",
        &defaults.spending.budget_duration,
    );
    row.put("team_member_rpm_limit", defaults.spending.rpm_limit);
    row.put("team_member_tpm_limit", defaults.spending.tpm_limit);
    row.put("team_member_key_duration", &defaults.key_duration);
    Kept::show(&team.kept, &KEPT, &mut row);
    row.put("created_at", time(team.origin.created_at))
        .put("created_by", &team.origin.created_by);
    row.put("updated_at", time(team.origin.updated_at))
        .put("updated_by", &team.origin.updated_by);
    row
}

/// A member's place, as LiteLLM's `LiteLLM_TeamMembership`.
pub(super) fn membership(team: &str, member: &Member) -> Value {
    let spending = &member.spending;
    json!({
        "user_id": member.user.as_str(),
        "team_id": team,
        "budget_id": spending.budget_id,
        "spend": 0.0,
        "total_spend": 0.0,
        "litellm_budget_table": {
            "max_budget": spending.max_budget.map(Money::to_dollars),
            "budget_duration": spending.budget_duration,
            "budget_reset_at": spending.budget_reset_at.map(time),
            "tpm_limit": spending.tpm_limit,
            "rpm_limit": spending.rpm_limit,
            "allowed_models": member.grant.models,
        },
    })
}

pub(crate) struct ShowTeam {
    id: Box<str>,
}

impl Shape for ShowTeam {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("team_id"),
        }
    }
}

/// `GET /team/info`: the team, and those of its keys that the actor may see.
pub(crate) fn show(call: &Call<'_>) -> Outcome {
    let request: ShowTeam = call.query()?;
    let held = held(call, &request.id)?;
    let directory = call.plane.directory();
    let id = held.id.as_str();
    let keys = directory.keys_of(KeysOf::Team(id));
    let keys = keys.iter().filter_map(|entry| {
        let key = entry.object.whole();
        let target = Target::key(&directory, Some(entry.id.as_str()), &key);
        call.shows(Some(Route::KeyRead), &target)
            .then(|| crate::keys::row(&directory, entry.id.as_str(), &key, call.now).into_value())
    });
    let keys: Vec<Value> = keys.collect();
    let members = held.team.members.iter();
    let memberships: Vec<Value> = members.map(|member| membership(id, member)).collect();
    Ok(held.permit.answer(json!({
        "team_id": id,
        "team_info": row(&directory, id, &held.team).into_value(),
        "keys": keys,
        "team_memberships": memberships,
    })))
}
