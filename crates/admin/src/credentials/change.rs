use std::collections::BTreeMap;

use ironward_core::Id;
use ironward_store::Change;
use ironward_store::objects::{Credential, Kind, Origin};
use serde_json::{Value, json};

use super::check::check;
use super::show::find;
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::request::{Field, Fields, Name, Shape};
use crate::sealing::{CredentialValues, OpenValues, Sealer, Values, is_destination};
use crate::target::Target;

/// The name that LiteLLM's console shows; kept with the rest of what is told about a credential.
const DISPLAY_NAME: &str = "display_name";

/// LiteLLM's `CreateCredentialItem`.
pub(crate) struct NewCredential {
    name: Name,
    values: CredentialValues,
    info: OpenValues,
    display_name: Field<Name>,
}

impl Shape for NewCredential {
    fn read(fields: &mut Fields<'_>) -> Self {
        let read = Self {
            name: fields.require("credential_name"),
            values: fields.optional("credential_values").unwrap_or_default(),
            info: fields.optional("credential_info").unwrap_or_default(),
            display_name: fields.take(DISPLAY_NAME),
        };
        refuse_model(fields);
        let is_empty = read.values.0.open.is_empty() && read.values.0.secret.is_empty();
        if is_empty {
            fields.refuse("credential_values", "a credential needs at least one value");
        }
        read
    }
}

/// LiteLLM's `UpdateCredentialItem`.
pub(crate) struct UpdateCredential {
    name: Option<Name>,
    values: CredentialValues,
    removed: Vec<Box<str>>,
    info: Field<OpenValues>,
    display_name: Field<Name>,
}

impl Shape for UpdateCredential {
    fn read(fields: &mut Fields<'_>) -> Self {
        let read = Self {
            name: fields.optional("credential_name"),
            values: fields.optional("credential_values").unwrap_or_default(),
            removed: fields
                .optional("credential_values_to_delete")
                .unwrap_or_default(),
            info: fields.take("credential_info"),
            display_name: fields.take(DISPLAY_NAME),
        };
        refuse_model(fields);
        read
    }
}

/// LiteLLM copies a model's secrets into a credential.
fn refuse_model(fields: &mut Fields<'_>) {
    let model: Option<Box<str>> = fields.optional("model_id");
    if model.is_some() {
        fields.refuse(
            "model_id",
            "the secrets of a model are not copied; send the values themselves",
        );
    }
}

/// `POST /credentials`
pub(crate) async fn create(call: &Call<'_>) -> Outcome {
    let request: NewCredential = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let name = request.name.as_str();
    if call.plane.directory().credentials.find(name).is_some() {
        return Err(Refusal::bad_request(
            "a credential of this name exists already; change it with PATCH",
        )
        .with_param("credential_name"));
    }
    let mut credential = Credential {
        metadata: request.info.0,
        origin: Origin {
            created_at: call.now,
            created_by: call.actor.id().into(),
            updated_at: call.now,
            updated_by: call.actor.id().into(),
        },
        ..Credential::default()
    };
    set_display_name(&mut credential, request.display_name);
    set_values(call, (name, 1), &mut credential, request.values.0)?;
    let id = Id::new(name);
    call.plane
        .write(&permit, &[Change::create(&id, &credential)])
        .await?;
    Ok(permit.answer(done("Credential created successfully")))
}

/// `PATCH /credentials/{credential}`
pub(crate) async fn update(call: &Call<'_>) -> Outcome {
    let request: UpdateCredential = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let found = find(call)?;
    let name = found.id.as_str();
    if request.name.is_some_and(|new| new.as_str() != name) {
        return Err(
            Refusal::bad_request("a credential cannot be renamed; make a new one")
                .with_param("credential_name"),
        );
    }
    let mut values = request.values.0;
    for field in request.removed {
        values.open.entry(field.clone()).or_default();
        values.secret.entry(field).or_default();
    }
    let mut credential = found.object.clone();
    if request.info.is_given() {
        let display_name = credential.metadata.remove(DISPLAY_NAME);
        credential.metadata = request.info.value().unwrap_or_default().0;
        if let Some(kept) = display_name {
            credential.metadata.insert(DISPLAY_NAME.to_owned(), kept);
        }
    }
    set_display_name(&mut credential, request.display_name);
    set_values(call, (name, found.version + 1), &mut credential, values)?;
    credential.origin.updated_at = call.now;
    credential.origin.updated_by = call.actor.id().into();
    let change = Change::update(&found.id, found.version, &credential);
    call.plane.write(&permit, &[change]).await?;
    Ok(permit.answer(done("Credential updated successfully")))
}

/// `DELETE /credentials/{credential}`
pub(crate) async fn delete(call: &Call<'_>) -> Outcome {
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let found = find(call)?;
    let used = call.plane.directory().deployments.select(|entry| {
        let named = entry.object.params.get("litellm_credential_name");
        named.and_then(Value::as_str) == Some(found.id.as_str())
    });
    if !used.is_empty() {
        return Err(Refusal::bad_request(format!(
            "the credential is used by {} deployments; change or delete them first",
            used.len()
        )));
    }
    let change = Change::delete(&found.id, found.version);
    call.plane.write(&permit, &[change]).await?;
    Ok(permit.answer(done("Credential deleted successfully")))
}

fn done(message: &str) -> Value {
    json!({"success": true, "message": message})
}

fn set_display_name(credential: &mut Credential, name: Field<Name>) {
    match name {
        Field::Absent => {}
        Field::Null => {
            credential.metadata.remove(DISPLAY_NAME);
        }
        Field::Value(name) => {
            let name = name.as_str().into();
            credential.metadata.insert(DISPLAY_NAME.to_owned(), name);
        }
    }
}

/// Puts values into a credential, for the version that it is going to have.
fn set_values(
    call: &Call<'_>,
    (name, version): (&str, u64),
    credential: &mut Credential,
    values: Values,
) -> Result<(), Refusal> {
    let before = credential.plain.clone();
    for (field, value) in &values.open {
        match value.as_ref().and_then(Value::as_str) {
            Some(text) => credential.plain.insert(field.clone(), text.into()),
            None => credential.plain.remove(field),
        };
    }
    for (field, text) in &values.secret {
        if text.is_none() {
            credential.sealed.remove(field);
        }
    }
    check_destination(&before, credential, &values)?;
    check(name, credential, &values)?;
    let sealer = Sealer {
        call,
        kind: Kind::Credential,
        id: name,
        version,
    };
    for (field, text) in values.secret {
        if let Some(text) = text {
            let sealed = sealer.seal(&field, &text.secret())?;
            credential.sealed.insert(field, sealed);
        }
    }
    Ok(())
}

/// Whoever may change an address must not learn a secret by it.
fn check_destination(
    before: &BTreeMap<Box<str>, Box<str>>,
    credential: &Credential,
    values: &Values,
) -> Result<(), Refusal> {
    let is_kept = |field: &str| !matches!(values.secret.get(field), Some(Some(_)));
    if !credential.sealed.keys().any(|field| is_kept(field)) {
        return Ok(());
    }
    let decides = |field: &str| is_destination(field) || field == "custom_llm_provider";
    let fields = before.keys().chain(credential.plain.keys());
    let mut changed = fields
        .filter(|field| decides(field))
        .filter(|field| before.get(*field) != credential.plain.get(*field));
    match changed.next() {
        None => Ok(()),
        Some(field) => {
            let param = format!("credential_values.{field}");
            Err(Refusal::bad_request(format!(
                "{param}: the stored secrets were given for another destination; send all of them \
                 again with it"
            ))
            .with_param(param))
        }
    }
}
