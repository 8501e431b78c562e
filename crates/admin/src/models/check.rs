use std::collections::BTreeMap;
use std::sync::Arc;

use ironward_config::{LiteralCredential, LiteralModel, Model};
use ironward_provider::name;
use ironward_store::Entry;
use ironward_store::objects::{Credential, StoredDeployment};

use crate::call::Call;
use crate::destination::{check_address, refuse};
use crate::fault::Refusal;
use crate::sealing::{SecretText, is_destination};

const CREDENTIAL: &str = "litellm_credential_name";

/// Checks a deployment by the rules for an entry of `model_list`; `given` are the secrets that come
/// with the request. The result is what has no effect, one line each.
///
/// # Errors
/// 400, naming the parameter.
pub(super) fn check(
    call: &Call<'_>,
    id: &str,
    deployment: &StoredDeployment,
    given: &BTreeMap<Box<str>, SecretText>,
) -> Result<Vec<String>, Refusal> {
    let credential = credential(call, deployment, given)?;
    let secrets = given.iter().map(|(field, text)| (&**field, text.secret()));
    let model = LiteralModel {
        id,
        name: &deployment.model_name,
        params: &deployment.params,
        secrets: secrets.collect(),
        info: &deployment.model_info,
        credential: credential.as_ref().map(|entry| LiteralCredential {
            name: entry.id.as_str(),
            plain: entry
                .object
                .plain
                .iter()
                .map(|(field, text)| (&**field, &**text))
                .collect(),
            secrets: Vec::new(),
        }),
    };
    let (models, notices) = model.read().map_err(|problems| refuse(&problems, &[]))?;
    let has_key = |sealed: Option<&Credential>| {
        sealed.is_some_and(|credential| credential.sealed.contains_key("api_key"))
    };
    let has_key = given.contains_key("api_key")
        || deployment.sealed.contains_key("api_key")
        || has_key(credential.as_deref().map(|entry| &entry.object));
    for model in &models {
        check_address(model, "litellm_params.api_base")?;
        check_provider(call, model, has_key)?;
    }
    let said = |notice: ironward_config::Notice| format!("{}: {}", notice.path, notice.message);
    Ok(notices.into_iter().map(said).collect())
}

/// The credential that the deployment names. Its secrets go where it says and nowhere else.
fn credential(
    call: &Call<'_>,
    deployment: &StoredDeployment,
    given: &BTreeMap<Box<str>, SecretText>,
) -> Result<Option<Arc<Entry<Credential>>>, Refusal> {
    let param = format!("litellm_params.{CREDENTIAL}");
    let bad = |message: &str| {
        Refusal::bad_request(format!("{param}: {message}")).with_param(param.clone())
    };
    let Some(named) = deployment.params.get(CREDENTIAL) else {
        return Ok(None);
    };
    let found = named
        .as_str()
        .and_then(|named| call.plane.directory().credentials.find(named));
    let found = found.ok_or_else(|| bad("there is no stored credential of this name"))?;
    let has_own = !deployment.sealed.is_empty()
        || !given.is_empty()
        || deployment.params.keys().any(|field| is_destination(field));
    if has_own {
        return Err(bad(
            "secrets and addresses come from the credential alone; take those of the model away, \
             or name no credential",
        ));
    }
    Ok(Some(found))
}

/// Whether the provider exists, has an address, and a key to be called with.
fn check_provider(call: &Call<'_>, model: &Model, has_key: bool) -> Result<(), Refusal> {
    let bad = |field: &str, message: &str| {
        let param = format!("litellm_params.{field}");
        Err(Refusal::bad_request(format!("{param}: {message}")).with_param(param))
    };
    let params = &model.params;
    let Ok(named) = name(&params.model, params.custom_llm_provider.as_deref()) else {
        return bad(
            "model",
            "it names no provider that is known; write provider/model, such as openai/gpt-4o. For \
             a server that speaks OpenAI's API write openai/... and api_base",
        );
    };
    let vendor = named.vendor;
    let provider = vendor.provider.name();
    if params.mock_response.is_some() || provider == "ironward" || params.api_base.is_some() {
        return Ok(());
    }
    if vendor.base_url.is_none() && vendor.base_variables.is_empty() {
        return bad(
            "api_base",
            "the provider has no address of its own; send api_base",
        );
    }
    let settings = call.plane.settings.load();
    if !has_key && !vendor.keyless && !settings.keyed_providers.contains(&provider) {
        return bad(
            "api_key",
            "there is no key for this provider; send api_key or litellm_credential_name",
        );
    }
    Ok(())
}
