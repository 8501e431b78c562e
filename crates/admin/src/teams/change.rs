use ironward_core::Id;
use ironward_policy::access::Route;
use ironward_store::objects::Team;
use ironward_store::{Change, Directory};
use serde_json::{Value, json};

use super::fields::TeamFields;
use super::find::{Held, held, place, target};
use super::show::row;
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::limits::{Above, Limits};
use crate::request::{Fields, Shape};

/// LiteLLM's `UpdateTeamRequest`.
pub(crate) struct UpdateTeam {
    id: Box<str>,
    fields: TeamFields,
}

impl Shape for UpdateTeam {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("team_id"),
            fields: TeamFields::read(fields),
        }
    }
}

/// `POST /team/update`
pub(crate) async fn update(call: &Call<'_>) -> Outcome {
    let UpdateTeam { id, fields } = call.body()?;
    change(call, &id, fields).await
}

/// The same; the team is in the path.
pub(crate) struct PatchTeam {
    id: Option<Box<str>>,
    fields: TeamFields,
}

impl Shape for PatchTeam {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.optional("team_id"),
            fields: TeamFields::read(fields),
        }
    }
}

/// `PATCH /team/{team}`
pub(crate) async fn patch(call: &Call<'_>) -> Outcome {
    let PatchTeam { id, fields } = call.body()?;
    let name = call.name.as_deref().unwrap_or_default();
    if id.is_some_and(|id| *id != *name) {
        let message = "the body names another team than the path";
        return Err(Refusal::bad_request(message).with_param("team_id"));
    }
    change(call, name, fields).await
}

async fn change(call: &Call<'_>, id: &str, fields: TeamFields) -> Outcome {
    let _turn = call.plane.turn().await;
    let held = held(call, id)?;
    let mut team = held.team.clone();
    fields.apply(call, &mut team)?;
    let directory = call.plane.directory();
    if team.organisation != held.team.organisation {
        // A team that leaves its organisation leaves what bounds it: that is making a team.
        call.authorise_as(Route::TeamNew, &target(&directory, id))?;
        call.authorise_as(Route::TeamNew, &place(&team))?;
    }
    check_organisation(&directory, &team)?;
    check_limits(call, &held, &team)?;
    let shown = save(call, &held, team).await?;
    Ok(held.permit.answer(json!({"team_id": id, "data": shown})))
}

/// Whether the actor may give the team these limits: lower ones, or those of a team that they could
/// make.
pub(super) fn check_limits(call: &Call<'_>, held: &Held, team: &Team) -> Result<(), Refusal> {
    let directory = call.plane.directory();
    limits(team).check(&directory)?;
    let is_moved = team.organisation != held.team.organisation;
    let raised = limits(team).raised_from(&directory, limits(&held.team))?;
    if call.actor.is_administrator() || (raised.is_none() && !is_moved) {
        return Ok(());
    }
    if let Some(field) = raised {
        let place = target(&directory, held.id.as_str());
        call.authorise_as(Route::TeamNew, &place).map_err(|_| {
            let message = format!(
                "{field}: a team's administrators may lower its limits; only those of its \
                 organization or the proxy raise them"
            );
            Refusal::forbidden(message).with_param(field)
        })?;
    }
    limits(team).check_given(call, above(team))
}

pub(super) async fn save(call: &Call<'_>, held: &Held, mut team: Team) -> Result<Value, Refusal> {
    call.stamp(&mut team.origin);
    let change = Change::update(&held.id, held.version, &team);
    call.plane.write(&held.permit, &[change]).await?;
    let directory = call.plane.directory();
    Ok(row(&directory, held.id.as_str(), &team).into_value())
}

pub(super) const fn limits(team: &Team) -> Limits<'_> {
    Limits {
        grant: &team.grant,
        spending: &team.spending,
    }
}

pub(super) fn above(team: &Team) -> Above<'_> {
    Above {
        organisation: team.organisation.as_ref().map(Id::as_str),
        team: None,
    }
}

/// Whether the organisation is there and allows as much. As LiteLLM, also for administrators: what
/// is written should be what holds.
///
/// # Errors
/// 400.
pub(super) fn check_organisation(directory: &Directory, team: &Team) -> Result<(), Refusal> {
    let Some(id) = &team.organisation else {
        return Ok(());
    };
    let Some(organisation) = directory.organisations.find(id.as_str()) else {
        let message = format!("Organization doesn't exist. Organization={id}");
        return Err(Refusal::bad_request(message).with_param("organization_id"));
    };
    // What the team leaves open is the organisation's to bound.
    fn is_above<T: PartialOrd>(given: Option<T>, most: Option<T>) -> bool {
        matches!((given, most), (Some(given), Some(most)) if given > most)
    }
    let (given, most) = (&team.spending, &organisation.object.spending);
    let checks = [
        ("max_budget", is_above(given.max_budget, most.max_budget)),
        ("tpm_limit", is_above(given.tpm_limit, most.tpm_limit)),
        ("rpm_limit", is_above(given.rpm_limit, most.rpm_limit)),
    ];
    let field = checks.into_iter().find(|(_, is_above)| *is_above);
    if let Some((field, _)) = field {
        let message = format!("{field}: is above the organization's");
        return Err(Refusal::bad_request(message).with_param(field));
    }
    Ok(())
}
