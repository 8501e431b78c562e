use serde_json::{Value, json};

use super::find::missing;
use super::listed::{Listed, Ways, is_for, visible};
use crate::call::{Call, Outcome};
use crate::page::{Paging, Part};
use crate::request::{Fields, FromJson, Place, Problems, Shape, choice};
use crate::teams;

pub(crate) struct ShowModels {
    id: Option<Box<str>>,
    team: Option<Box<str>>,
    healthy_only: bool,
    part: Part,
}

impl Shape for ShowModels {
    fn read(fields: &mut Fields<'_>) -> Self {
        // No deployment belongs to one team alone here.
        let _all: Option<bool> = fields.optional("include_team_models");
        Self {
            id: fields.optional("litellm_model_id"),
            team: fields.optional("teamId"),
            healthy_only: fields.optional("healthy_only").unwrap_or_default(),
            part: Part::read(fields),
        }
    }
}

/// `GET /model/info`, `GET /v1/model/info`
pub(crate) fn show(call: &Call<'_>) -> Outcome {
    let request: ShowModels = call.query()?;
    let (permit, by) = call.authorise_route()?;
    let settings = call.plane.settings.load();
    let (mut found, whole) = visible(call, by, &settings, request.id.as_deref());
    if request.id.is_some() && found.is_empty() {
        return Err(missing());
    }
    if let Some(team) = &request.team {
        let team = teams::seen(call, team)?;
        found.retain(|model| is_for(&team, model.model_name()));
    }
    // No calls are sent to a blocked one, which is all that is known of their health here.
    found.retain(|model| !(request.healthy_only && model.is_blocked()));
    let page = request.part.cut(found);
    let answer = permit.answer(json!({"data": rows(call, &page.items, whole)}));
    Ok(answer.of(page.total))
}

fn rows(call: &Call<'_>, models: &[Listed<'_>], whole: bool) -> Vec<Value> {
    let ways = Ways::of(call);
    let settings = call.plane.settings.load();
    let rows = models
        .iter()
        .map(|model| model.row(whole, &ways, &settings.prices));
    rows.collect()
}

pub(crate) struct ListModels {
    paging: Paging,
    model: Option<Box<str>>,
    id: Option<Box<str>>,
    search: Option<Box<str>>,
    by: SortBy,
    descending: bool,
}

#[derive(Debug, Clone, Copy, Default)]
enum SortBy {
    #[default]
    Name,
    CreatedAt,
    UpdatedAt,
}

/// `asc` or `desc`.
#[derive(Debug, Clone, Copy)]
struct Descending(bool);

impl Shape for ListModels {
    fn read(fields: &mut Fields<'_>) -> Self {
        let _all: Option<bool> = fields.optional("include_team_models");
        Self {
            paging: Paging::read(fields, "size", 50),
            model: fields.optional("model"),
            id: fields.optional("modelId"),
            search: fields.optional("search"),
            by: fields.optional("sortBy").unwrap_or_default(),
            descending: {
                let order: Option<Descending> = fields.optional("sortOrder");
                order.is_some_and(|order| order.0)
            },
        }
    }
}

/// `GET /v2/model/info`
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let request: ListModels = call.query()?;
    let (permit, by) = call.authorise_route()?;
    let settings = call.plane.settings.load();
    let (mut found, whole) = visible(call, by, &settings, request.id.as_deref());
    found.retain(|model| request.matches(model));
    match request.by {
        SortBy::Name => {}
        SortBy::CreatedAt => found.sort_by_key(|model| model.stamps().0),
        SortBy::UpdatedAt => found.sort_by_key(|model| model.stamps().1),
    }
    if request.descending {
        found.reverse();
    }
    let page = request.paging.cut(found);
    Ok(permit.answer(json!({
        "data": rows(call, &page.items, whole),
        "total_count": page.total,
        "current_page": page.page,
        "total_pages": page.pages,
        "size": page.size,
    })))
}

impl ListModels {
    fn matches(&self, model: &Listed<'_>) -> bool {
        let is = |wanted: &Option<Box<str>>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        let search = self.search.as_deref().unwrap_or_default().to_lowercase();
        is(&self.model, model.model_name()) && model.model_name().to_lowercase().contains(&search)
    }
}

const ORDERS: [(&str, SortBy); 3] = [
    ("model_name", SortBy::Name),
    ("created_at", SortBy::CreatedAt),
    ("updated_at", SortBy::UpdatedAt),
];

impl FromJson for SortBy {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        choice(&value, at, problems, &ORDERS)
    }

    fn schema() -> Value {
        json!({ "enum": ORDERS.map(|(word, _)| word) })
    }
}

impl FromJson for Descending {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let words = [("asc", Self(false)), ("desc", Self(true))];
        choice(&value, at, problems, &words)
    }

    fn schema() -> Value {
        json!({"enum": ["asc", "desc"]})
    }
}
