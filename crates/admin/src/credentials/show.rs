use std::collections::BTreeMap;
use std::sync::Arc;

use ironward_store::Entry;
use ironward_store::objects::{Credential, SealedValue};
use serde_json::{Value, json};

use crate::answer::{Row, time};
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::page::Part;
use crate::request::{Fields, Shape};
use crate::sealing;
use crate::target::Target;

/// A credential as LiteLLM shows one, with a fingerprint in the place of each secret.
fn row(entry: &Entry<Credential>, now: u64) -> Row {
    let credential = &entry.object;
    let mut row = Row::default();
    row.put("credential_name", entry.id.as_str());
    row.put(
        "credential_values",
        values(&credential.plain, &credential.sealed, now),
    );
    row.put("credential_info", &credential.metadata);
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
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let request: ListCredentials = call.query()?;
    let permit = call.authorise(&Target::default())?;
    let found = call.plane.directory().credentials.select(|_| true);
    let page = request.part.cut(found);
    let rows = page.items.iter();
    let rows = rows.map(|entry| row(entry, call.now).into_value());
    let rows: Vec<Value> = rows.collect();
    let answer = permit.answer(json!({"success": true, "credentials": rows}));
    Ok(answer.of(page.total))
}

/// `GET /credentials/by_name/{credential}`
pub(crate) fn show_one(call: &Call<'_>) -> Outcome {
    let permit = call.authorise(&Target::default())?;
    let found = find(call)?;
    Ok(permit.show(row(&found, call.now)))
}

/// `GET /credentials/by_model/{model}`: with what a stored deployment is reached.
pub(crate) fn show_of_model(call: &Call<'_>) -> Outcome {
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
        return Ok(permit.show(row(&named, call.now)));
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
    Ok(permit.show(shown))
}

/// The credential that the path names.
pub(super) fn find(call: &Call<'_>) -> Result<Arc<Entry<Credential>>, Refusal> {
    let name = call.name.as_deref().unwrap_or_default();
    let found = call.plane.directory().credentials.find(name);
    found.ok_or_else(|| Refusal::not_found("Credential not found").with_param("credential_name"))
}
