use ironward_core::Id;
use ironward_policy::access::Route;
use ironward_store::Change;
use ironward_store::objects::{Account, Metadata, ServiceAccount};
use serde_json::Value;

use super::fields::{AccountFields, missing, row, target};
use crate::call::{Call, Outcome};
use crate::cascade::Cascade;
use crate::fault::Refusal;
use crate::identities;
use crate::limits::{Above, Limits};
use crate::request::{Fields, Name, Shape};

pub(crate) struct NewServiceAccount {
    id: Option<Name>,
    fields: AccountFields,
}

impl Shape for NewServiceAccount {
    fn read(fields: &mut Fields<'_>) -> Self {
        let read = Self {
            id: fields.optional("service_account_id"),
            fields: AccountFields::read(fields),
        };
        if read.fields.team.get().is_none() {
            fields.wrong("team_id", "missing", "Field required");
        }
        read
    }
}

/// `POST /service_account/new`
pub(crate) async fn create(call: &Call<'_>) -> Outcome {
    let request: NewServiceAccount = call.body()?;
    let _turn = call.plane.turn().await;
    let directory = call.plane.directory();
    let id: Id<ServiceAccount> = match &request.id {
        Some(id) => Id::new(id.as_str()),
        None => call.plane.new_id(),
    };
    let mut account = ServiceAccount {
        alias: Box::default(),
        team: Id::new(""),
        grant: Default::default(),
        spending: Default::default(),
        identities: Vec::new(),
        metadata: Metadata::new(),
        kept: Metadata::new(),
        origin: call.origin(),
    };
    request.fields.apply(call, &mut account);
    let permit = call.authorise(&target(&directory, None, &account))?;
    if directory.teams.find(account.team.as_str()).is_none() {
        return Err(Refusal::bad_request("Team doesn't exist").with_param("team_id"));
    }
    if directory.service_accounts.find(id.as_str()).is_some() {
        let message = "a service account with this service_account_id exists already";
        return Err(Refusal::bad_request(message).with_param("service_account_id"));
    }
    let owner = Account::ServiceAccount(id.clone());
    identities::check(call, &owner, &account.identities, &[])?;
    check_given(call, &account)?;
    call.plane
        .write(&permit, &[Change::create(&id, &account)])
        .await?;
    Ok(permit.show(row(id.as_str(), &account)))
}

pub(crate) struct UpdateServiceAccount {
    id: Box<str>,
    fields: AccountFields,
}

impl Shape for UpdateServiceAccount {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("service_account_id"),
            fields: AccountFields::read(fields),
        }
    }
}

/// `POST /service_account/update`
pub(crate) async fn update(call: &Call<'_>) -> Outcome {
    let request: UpdateServiceAccount = call.body()?;
    let _turn = call.plane.turn().await;
    let directory = call.plane.directory();
    let found = directory.service_accounts.find(&request.id);
    let found = found.ok_or_else(missing)?;
    let its = target(&directory, Some(&request.id), &found.object);
    let permit = call.authorise_found(&its, missing)?;
    let mut account = found.object.clone();
    request.fields.apply(call, &mut account);
    if account.team != found.object.team {
        // Its keys name the team that they had: they would be of two teams.
        let message = "a service account cannot be moved to another team";
        return Err(Refusal::bad_request(message).with_param("team_id"));
    }
    let owner = Account::ServiceAccount(found.id.clone());
    let before = &found.object.identities;
    identities::check(call, &owner, &account.identities, before)?;
    let raised = limits(&account).raised_from(&directory, limits(&found.object))?;
    match raised.filter(|_| !call.actor.is_administrator()) {
        None => limits(&account).check(&directory)?,
        Some(field) => {
            call.authorise_as(Route::TeamNew, &its).map_err(|_| {
                let message = format!(
                    "{field}: a team's administrators may lower a service account's limits; only \
                     those of its organization or the proxy raise them"
                );
                Refusal::forbidden(message).with_param(field)
            })?;
            check_given(call, &account)?;
        }
    }
    call.stamp(&mut account.origin);
    let change = Change::update(&found.id, found.version, &account);
    call.plane.write(&permit, &[change]).await?;
    Ok(permit.show(row(&request.id, &account)))
}

fn check_given(call: &Call<'_>, account: &ServiceAccount) -> Result<(), Refusal> {
    let team = call.plane.directory().teams.find(account.team.as_str());
    let organisation = team.and_then(|team| team.object.organisation.clone());
    let above = Above {
        organisation: organisation.as_ref().map(Id::as_str),
        team: Some(account.team.as_str()),
    };
    limits(account).check_given(call, above)
}

const fn limits(account: &ServiceAccount) -> Limits<'_> {
    Limits {
        grant: &account.grant,
        spending: &account.spending,
    }
}

pub(crate) struct DeleteServiceAccounts {
    ids: Vec<Box<str>>,
}

impl Shape for DeleteServiceAccounts {
    fn read(fields: &mut Fields<'_>) -> Self {
        let mut ids: Vec<Box<str>> = fields.require("service_account_ids");
        if ids.is_empty() {
            let message = "name the service accounts that are meant";
            fields.refuse("service_account_ids", message);
        }
        ids.sort_unstable();
        ids.dedup();
        Self { ids }
    }
}

/// `POST /service_account/delete`: all of them or none, with their keys.
pub(crate) async fn delete(call: &Call<'_>) -> Outcome {
    let request: DeleteServiceAccounts = call.body()?;
    let _turn = call.plane.turn().await;
    let directory = call.plane.directory();
    let mut cascade = Cascade::default();
    let (mut rows, mut permitted) = (Vec::new(), None);
    for id in &request.ids {
        let found = directory.service_accounts.find(id).ok_or_else(missing)?;
        let target = target(&directory, Some(id), &found.object);
        permitted = Some(call.authorise_found(&target, missing)?);
        cascade.service_account(id);
        rows.push(row(id, &found.object).into_value());
    }
    let permit = permitted.ok_or_else(missing)?;
    let changes = cascade.changes(call, &directory);
    call.plane.write(&permit, &changes).await?;
    Ok(permit.answer(Value::Array(rows)))
}
