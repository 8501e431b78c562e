use ironward_core::Id;
use ironward_store::Change;
use ironward_store::objects::Organisation;
use serde_json::Value;

use super::fields::{OrganisationFields, missing, row, target};
use crate::call::{Call, Outcome};
use crate::cascade::Cascade;
use crate::fault::Refusal;
use crate::limits::Limits;
use crate::request::{Fields, Name, Shape};

/// LiteLLM's `NewOrganizationRequest`.
pub(crate) struct NewOrganisation {
    id: Option<Name>,
    fields: OrganisationFields,
}

impl Shape for NewOrganisation {
    fn read(fields: &mut Fields<'_>) -> Self {
        let read = Self {
            id: fields.optional("organization_id"),
            fields: OrganisationFields::read(fields),
        };
        if read.fields.alias.get().is_none() {
            fields.wrong("organization_alias", "missing", "Field required");
        }
        read
    }
}

/// `POST /organization/new`
pub(crate) async fn create(call: &Call<'_>) -> Outcome {
    let request: NewOrganisation = call.body()?;
    let id: Id<Organisation> = match &request.id {
        Some(id) => Id::new(id.as_str()),
        None => call.plane.new_id(),
    };
    let permit = call.authorise(&target(id.as_str()))?;
    let _turn = call.plane.turn().await;
    let directory = call.plane.directory();
    if directory.organisations.find(id.as_str()).is_some() {
        let message = "Organization with this organization_id already exists";
        return Err(Refusal::bad_request(message).with_param("organization_id"));
    }
    let mut organisation = Organisation {
        origin: call.origin(),
        ..Organisation::default()
    };
    request.fields.apply(call, &mut organisation)?;
    check(call, &organisation)?;
    let change = Change::create(&id, &organisation);
    call.plane.write(&permit, &[change]).await?;
    Ok(permit.show(row(&directory, id.as_str(), &organisation)))
}

/// LiteLLM's `LiteLLM_OrganizationTableUpdate`.
pub(crate) struct UpdateOrganisation {
    id: Box<str>,
    fields: OrganisationFields,
}

impl Shape for UpdateOrganisation {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("organization_id"),
            fields: OrganisationFields::read(fields),
        }
    }
}

/// `PATCH /organization/update`
pub(crate) async fn update(call: &Call<'_>) -> Outcome {
    let request: UpdateOrganisation = call.body()?;
    let permit = call.authorise_found(&target(&request.id), missing)?;
    let _turn = call.plane.turn().await;
    let directory = call.plane.directory();
    let found = directory.organisations.find(&request.id);
    let found = found.ok_or_else(missing)?;
    let mut organisation = found.object.clone();
    request.fields.apply(call, &mut organisation)?;
    check(call, &organisation)?;
    call.stamp(&mut organisation.origin);
    let change = Change::update(&found.id, found.version, &organisation);
    call.plane.write(&permit, &[change]).await?;
    Ok(permit.show(row(&directory, &request.id, &organisation)))
}

fn check(call: &Call<'_>, organisation: &Organisation) -> Result<(), Refusal> {
    let limits = Limits {
        grant: &organisation.grant,
        spending: &organisation.spending,
    };
    limits.check(&call.plane.directory())
}

/// LiteLLM's `DeleteOrganizationRequest`.
pub(crate) struct DeleteOrganisations {
    ids: Vec<Box<str>>,
}

impl Shape for DeleteOrganisations {
    fn read(fields: &mut Fields<'_>) -> Self {
        let mut ids: Vec<Box<str>> = fields.require("organization_ids");
        if ids.is_empty() {
            fields.refuse("organization_ids", "name the organizations that are meant");
        }
        ids.sort_unstable();
        ids.dedup();
        Self { ids }
    }
}

/// `DELETE /organization/delete`: all of them or none, with their teams, keys and memberships.
pub(crate) async fn delete(call: &Call<'_>) -> Outcome {
    let request: DeleteOrganisations = call.body()?;
    let _turn = call.plane.turn().await;
    let directory = call.plane.directory();
    let mut cascade = Cascade::default();
    let (mut rows, mut permitted) = (Vec::new(), None);
    for id in &request.ids {
        permitted = Some(call.authorise_found(&target(id), missing)?);
        let found = directory.organisations.find(id).ok_or_else(missing)?;
        cascade.organisation(&directory, id);
        rows.push(row(&directory, id, &found.object).into_value());
    }
    let permit = permitted.ok_or_else(missing)?;
    let changes = cascade.changes(call, &directory);
    call.plane.write(&permit, &changes).await?;
    Ok(permit.answer(Value::Array(rows)))
}
