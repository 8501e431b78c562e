use std::collections::BTreeMap;

use ironward_store::objects::StoredDeployment;
use serde_json::Value;

use crate::answer::{Row, time};
use crate::sealing;

/// A stored deployment as LiteLLM answers a change of one, with the secrets apart.
pub(super) fn row(id: &str, deployment: &StoredDeployment, now: u64) -> Row {
    let mut row = Row::default();
    row.put("model_id", id)
        .put("model_name", &deployment.model_name);
    row.put("litellm_params", &deployment.params);
    let sealed = deployment.sealed.iter();
    let sealed: BTreeMap<&str, Value> = sealed
        .map(|(field, value)| (&**field, sealing::show(value, now)))
        .collect();
    row.put("sealed_params", sealed);
    let mut info = deployment.model_info.clone();
    info.insert("id".to_owned(), id.into());
    info.insert("db_model".to_owned(), true.into());
    row.put("model_info", info);
    row.put("blocked", deployment.blocked);
    let origin = &deployment.origin;
    row.put("created_at", time(origin.created_at))
        .put("created_by", &origin.created_by);
    row.put("updated_at", time(origin.updated_at))
        .put("updated_by", &origin.updated_by);
    row
}
