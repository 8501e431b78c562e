use super::change::{check_limits, save};
use super::find::held;
use crate::answer::Answer;
use crate::call::{Call, Outcome};
use crate::request::{Fields, Shape};

/// LiteLLM's `TeamModelAddRequest` and `TeamModelDeleteRequest`.
pub(crate) struct ChangeModels {
    id: Box<str>,
    models: Vec<Box<str>>,
}

impl Shape for ChangeModels {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.require("team_id"),
            models: fields.require("models"),
        }
    }
}

/// `POST /team/model/add`. A team without a list may use every model: as LiteLLM, one that gets a
/// list is limited to it.
pub(crate) async fn add_models(call: &Call<'_>) -> Outcome {
    change(call, |models, named| {
        let mut models = models.unwrap_or_default();
        models.extend(named);
        models.sort_unstable();
        models.dedup();
        models
    })
    .await
}

/// `POST /team/model/delete`. LiteLLM's team without its last model may use every one; here it may
/// use none.
pub(crate) async fn delete_models(call: &Call<'_>) -> Outcome {
    change(call, |models, named| {
        let mut models = models.unwrap_or_default();
        models.retain(|model| !named.contains(model));
        models
    })
    .await
}

async fn change(
    call: &Call<'_>,
    make: impl FnOnce(Option<Vec<Box<str>>>, Vec<Box<str>>) -> Vec<Box<str>>,
) -> Outcome {
    let request: ChangeModels = call.body()?;
    let _turn = call.plane.turn().await;
    let held = held(call, &request.id)?;
    let mut team = held.team.clone();
    let had_list = team.grant.models.is_some();
    let models = make(team.grant.models.take(), request.models);
    // Nothing taken from a team without a list leaves it without one.
    team.grant.models = (had_list || !models.is_empty()).then_some(models);
    check_limits(call, &held, &team)?;
    let shown = save(call, &held, team).await?;
    Ok(Answer::new(&held.permit, shown))
}
