use std::collections::BTreeMap;

use ironward_store::objects::{Kind, Metadata, StoredDeployment};
use serde_json::Value;

use super::check::check;
use super::listed::provider;
use crate::call::Call;
use crate::fault::Refusal;
use crate::sealing::{OpenValues, Sealer, Values, is_destination};

/// What the gateway says of a deployment itself; LiteLLM's clients send it back.
const TOLD: [&str; 6] = [
    "id",
    "db_model",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
];

/// What a request says of a deployment.
pub(super) struct Changes {
    pub(super) params: Values,
    pub(super) info: OpenValues,
}

impl Changes {
    /// The id that `model_info` names.
    pub(super) fn id(&self) -> Option<&str> {
        self.info.0.get("id").and_then(Value::as_str)
    }

    /// Puts them into a deployment, for the version that it is going to have. The result is what
    /// has no effect.
    ///
    /// # Errors
    /// 400.
    pub(super) fn apply(
        self,
        call: &Call<'_>,
        (id, version): (&str, u64),
        deployment: &mut StoredDeployment,
    ) -> Result<Vec<String>, Refusal> {
        let before = deployment.params.clone();
        merge(&mut deployment.params, self.params.open);
        let info = self.info.0.into_iter();
        let info = info
            .filter(|(name, _)| !TOLD.contains(&name.as_str()))
            .map(|(name, value)| (name.into(), (!value.is_null()).then_some(value)));
        merge(&mut deployment.model_info, info.collect());
        for (field, text) in &self.params.secret {
            if text.is_none() {
                deployment.sealed.remove(field);
            }
        }
        let given = self
            .params
            .secret
            .into_iter()
            .filter_map(|(field, text)| Some((field, text?)));
        let given: BTreeMap<_, _> = given.collect();
        let is_kept = deployment
            .sealed
            .keys()
            .any(|field| !given.contains_key(field));
        if is_kept {
            check_destination(&before, &deployment.params)?;
        }
        let notices = check(call, id, deployment, &given)?;
        let sealer = Sealer {
            call,
            kind: Kind::Deployment,
            id,
            version,
        };
        for (field, text) in given {
            let sealed = sealer.seal(&field, &text.secret())?;
            deployment.sealed.insert(field, sealed);
        }
        Ok(notices)
    }
}

/// Absent is kept, `null` clears.
fn merge(into: &mut Metadata, values: BTreeMap<Box<str>, Option<Value>>) {
    for (name, value) in values {
        match value {
            Some(value) => into.insert(name.into(), value),
            None => into.remove(&*name),
        };
    }
}

/// Whoever may change an address must not learn a secret by it.
fn check_destination(before: &Metadata, after: &Metadata) -> Result<(), Refusal> {
    let fields = before.keys().chain(after.keys());
    let mut changed = fields
        .filter(|field| is_destination(field))
        .filter(|field| before.get(*field) != after.get(*field));
    let field = match changed.next() {
        Some(field) => field,
        None if provider(before) != provider(after) => "model",
        None => return Ok(()),
    };
    let param = format!("litellm_params.{field}");
    Err(Refusal::bad_request(format!(
        "{param}: the stored secrets were given for another destination; send all of them again \
         with it"
    ))
    .with_param(param))
}
