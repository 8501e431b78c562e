use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ironward_core::{LastUse, Origin};
use ironward_store::Entry;
use ironward_store::objects::{Credential, Kind, SealedValue};
use serde_json::{Value, json};

use crate::answer::{Row, time};
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::page::Part;
use crate::request::{Fields, Shape};
use crate::sealing;
use crate::target::Target;

/// A credential as LiteLLM shows one, with a fingerprint in the place of each secret.
fn row(call: &Call<'_>, entry: &Entry<Credential>) -> Row {
    let credential = &entry.object;
    let mut row = Row::default();
    row.put("credential_name", entry.id.as_str());
    row.put(
        "credential_values",
        values(&credential.plain, &credential.sealed, call.now),
    );
    row.put("credential_info", &credential.metadata);
    let id = entry.id.as_str();
    let address = credential.plain.get("api_base").map(|base| &**base);
    row.put("origin", sites(call, (Kind::Credential, id), address));
    let last_use = call.plane.directory().credential_uses.of(id);
    row.put("last_used_at", moment(last_use.as_ref()));
    row.put("created_at", time(credential.origin.created_at))
        .put("created_by", &credential.origin.created_by);
    row.put("updated_at", time(credential.origin.updated_at))
        .put("updated_by", &credential.origin.updated_by);
    row
}

fn values(
    open: &BTreeMap<Box<str>, Box<str>>,
    sealed: &BTreeMap<Box<str>, SealedValue>,
    now: u64,
) -> BTreeMap<Box<str>, Value> {
    let open = open
        .iter()
        .map(|(field, text)| (field.clone(), Value::from(&**text)));
    let sealed = sealed
        .iter()
        .map(|(field, value)| (field.clone(), sealing::show(value, now)));
    open.chain(sealed).collect()
}

fn moment(last_use: Option<&Arc<LastUse>>) -> Option<String> {
    last_use.and_then(|noted| noted.at()).map(time)
}

/// Where the secrets of an object may be sent: to its own address, and to those of the deployments
/// in force that it is used by. What no deployment uses and has no address is sent nowhere yet.
fn sites(call: &Call<'_>, (kind, id): (Kind, &str), address: Option<&str>) -> BTreeSet<Box<str>> {
    let settings = call.plane.settings.load();
    let in_force = settings.sites.get(&(kind, id.into()));
    let mut sites = in_force.cloned().unwrap_or_default();
    let own = address.and_then(|address| Origin::parse(address).ok());
    sites.extend(own.map(|origin| origin.site().into()));
    sites
}

pub(crate) struct ListCredentials {
    part: Part,
}

impl Shape for ListCredentials {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            part: Part::read(fields),
        }
    }
}

/// `GET /credentials`
pub(crate) async fn list(call: &Call<'_>) -> Outcome {
    let request: ListCredentials = call.query()?;
    let permit = call.authorise(&Target::default())?;
    let page = request.part.of(&call.plane.directory().credentials);
    let shown = page.items.iter().map(|entry| entry.id.as_str());
    let shown: Vec<&str> = shown.collect();
    call.plane.read_uses(Kind::Credential, &shown).await;
    let rows = page.items.iter();
    let rows = rows.map(|entry| row(call, entry).into_value());
    let rows: Vec<Value> = rows.collect();
    let answer = permit.answer(json!({"success": true, "credentials": rows}));
    Ok(answer.of(page.total))
}

/// `GET /credentials/by_name/{credential}`
pub(crate) async fn show_one(call: &Call<'_>) -> Outcome {
    let permit = call.authorise(&Target::default())?;
    let found = find(call)?;
    let named = [found.id.as_str()];
    call.plane.read_uses(Kind::Credential, &named).await;
    Ok(permit.show(row(call, &found)))
}

/// `GET /credentials/by_model/{model}`: with what a stored deployment is reached.
pub(crate) async fn show_of_model(call: &Call<'_>) -> Outcome {
    let permit = call.authorise(&Target::default())?;
    let id = call.name.as_deref().unwrap_or_default();
    let directory = call.plane.directory();
    let found = directory.deployments.find(id);
    let found =
        found.ok_or_else(|| Refusal::not_found("Model not found").with_param("model_id"))?;
    let deployment = &found.object;
    let named = deployment.params.get("litellm_credential_name");
    let named = named
        .and_then(Value::as_str)
        .and_then(|name| directory.credentials.find(name));
    if let Some(named) = named {
        let id = [named.id.as_str()];
        call.plane.read_uses(Kind::Credential, &id).await;
        return Ok(permit.show(row(call, &named)));
    }
    let open = deployment.params.iter().filter_map(|(field, value)| {
        let text = value
            .as_str()
            .filter(|_| sealing::is_open_in_credential(field))?;
        Some((field.as_str().into(), text.into()))
    });
    let mut shown = Row::default();
    shown.put("credential_name", format!("{id}-credential"));
    shown.put(
        "credential_values",
        values(&open.collect(), &deployment.sealed, call.now),
    );
    shown.put("credential_info", json!({}));
    let address = deployment.params.get("api_base").and_then(Value::as_str);
    shown.put("origin", sites(call, (Kind::Deployment, id), address));
    call.plane.read_uses(Kind::Deployment, &[id]).await;
    let last_use = directory.deployment_uses.of(id);
    shown.put("last_used_at", moment(last_use.as_ref()));
    Ok(permit.show(shown))
}

/// The credential that the path names.
pub(super) fn find(call: &Call<'_>) -> Result<Arc<Entry<Credential>>, Refusal> {
    let name = call.name.as_deref().unwrap_or_default();
    let found = call.plane.directory().credentials.find(name);
    found.ok_or_else(|| Refusal::not_found("Credential not found").with_param("credential_name"))
}
