use ironward_core::Id;
use ironward_secret::KeyId;
use ironward_store::objects::{Metadata, Owner, ServiceAccount};
use serde_json::Value;

use super::draft;
use super::generate::{make, read};
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::target::Target;

/// `POST /key/service-account/generate`: a key for a program of a team.
///
/// LiteLLM's is a key without a person. Here it belongs to a service account: the one that
/// `agent_id` names, or the team's of the name in `metadata.service_account_id` or `key_alias`,
/// which is made if there is none yet.
pub(crate) async fn generate_for_service_account(call: &Call<'_>) -> Outcome {
    let request = read(call)?;
    draft::check_fields(call, &request.fields)?;
    let fields = &request.fields;
    let Some(team) = fields.team.get() else {
        return Err(Refusal::bad_request(
            "team_id is required for service account keys. Please specify `team_id` in the \
             request body.",
        )
        .with_param("team_id"));
    };
    if fields.user.get().is_some() {
        return Err(
            Refusal::bad_request("a service account's key has no user_id").with_param("user_id"),
        );
    }
    let mut key = draft::empty(call);
    let mut made = None;
    if fields.service_account.get().is_none() {
        let directory = call.plane.directory();
        let mut target = Target::default();
        target.add_team(&directory, team.as_str());
        call.authorise(&target)?;
        let alias = fields.alias.get().map(|alias| alias.as_str());
        let named = fields.metadata().and_then(account_name).or(alias);
        let alias: Box<str> = named.unwrap_or("service account").into();
        let found = directory.service_accounts_of_team(team.as_str());
        let mut found = found.iter();
        let account = match found.find(|account| account.object.alias == alias) {
            Some(account) => account.id.clone(),
            None => {
                let id = Id::new(KeyId::from_random(&call.plane.draw()).as_str());
                let account = ServiceAccount {
                    alias,
                    team: Id::new(team.as_str()),
                    grant: ironward_policy::Grant::default(),
                    spending: ironward_policy::Spending::default(),
                    identities: Vec::new(),
                    metadata: Metadata::new(),
                    kept: Metadata::new(),
                    origin: key.origin.clone(),
                };
                made = Some((id.clone(), account));
                id
            }
        };
        key.owner = Owner::ServiceAccount(account);
    }
    make(call, request, key, made).await
}

/// The name in `metadata.service_account_id`.
fn account_name(metadata: &Metadata) -> Option<&str> {
    metadata
        .get("service_account_id")
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty())
}
