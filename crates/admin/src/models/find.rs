use std::sync::Arc;

use ironward_store::Entry;
use ironward_store::objects::StoredDeployment;

use crate::call::Call;
use crate::fault::Refusal;

/// The stored deployment of this id.
///
/// # Errors
/// 400 for one of the configuration, 404 for none.
pub(super) fn find(call: &Call<'_>, id: &str) -> Result<Arc<Entry<StoredDeployment>>, Refusal> {
    if is_configured(call, id) {
        return Err(Refusal::bad_request(
            "Can't edit model. Model in config. Store model in db via `/model/new`. to edit.",
        )
        .with_param("id"));
    }
    let found = call.plane.directory().deployments.find(id);
    found.ok_or_else(missing)
}

/// Whether the id is that of a deployment of the configuration.
pub(super) fn is_configured(call: &Call<'_>, id: &str) -> bool {
    let settings = call.plane.settings.load();
    let mut models = settings.models.iter();
    models.any(|model| *model.id == *id)
}

pub(super) fn missing() -> Refusal {
    Refusal::not_found("Model not found on litellm proxy").with_param("id")
}
