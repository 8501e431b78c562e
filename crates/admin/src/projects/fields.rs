use ironward_core::Id;
use ironward_store::Directory;
use ironward_store::objects::{Metadata, Project};

use crate::answer::{Row, time};
use crate::call::Call;
use crate::fault::Refusal;
use crate::fields::{GrantFields, Kept, KeptField, Spend, SpendingFields, Unset};
use crate::request::{Field, Fields, Name, Shape};
use crate::target::Target;
use crate::teams;

/// LiteLLM's fields of projects that have no effect yet.
pub(super) const KEPT: [KeptField; 9] = [
    KeptField::new("allowed_models", Unset::Null),
    KeptField::new("description", Unset::Null),
    KeptField::new("guardrails", Unset::Null),
    KeptField::new("model_itpm_limit", Unset::Null),
    KeptField::new("model_otpm_limit", Unset::Null),
    KeptField::new("policies", Unset::Null),
    KeptField::new("tags", Unset::Null),
    KeptField::new("temp_budget_expiry", Unset::Null),
    KeptField::new("temp_budget_increase", Unset::Null),
];

/// What making and changing a project have in common.
pub(super) struct ProjectFields {
    alias: Field<Name>,
    pub(super) team: Field<Name>,
    metadata: Field<Metadata>,
    grant: GrantFields,
    spending: SpendingFields,
    spend: Spend,
    kept: Kept,
}

impl Shape for ProjectFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            alias: fields.take("project_alias"),
            team: fields.take("team_id"),
            metadata: fields.take("metadata"),
            grant: GrantFields::read(fields),
            spending: SpendingFields::read(fields),
            spend: Spend::read(fields),
            kept: Kept::read(fields, &KEPT),
        }
    }
}

impl ProjectFields {
    /// Changes what the request names. A project always has a team.
    ///
    /// # Errors
    /// 403 for fields that only administrators may set.
    pub(super) fn apply(self, call: &Call<'_>, project: &mut Project) -> Result<(), Refusal> {
        self.alias
            .map(Name::into_text)
            .apply_or_default(&mut project.alias);
        if let Field::Value(team) = self.team {
            project.team = Id::new(team.as_str());
        }
        self.metadata.apply_or_default(&mut project.metadata);
        self.grant.apply(&mut project.grant, &mut project.kept);
        self.spending.apply(&mut project.spending, call.now);
        self.spend.apply(call, &mut project.kept)?;
        self.kept.apply(&mut project.kept);
        Ok(())
    }
}

/// A project is its team's.
pub(super) fn target(directory: &Directory, project: &Project) -> Target {
    teams::target(directory, project.team.as_str())
}

pub(super) fn missing() -> Refusal {
    Refusal::not_found("Project not found in database").with_param("project_id")
}

/// A project as LiteLLM shows one.
pub(super) fn row(id: &str, project: &Project) -> Row {
    let mut row = Row::default();
    row.put("project_id", id)
        .put("project_alias", &project.alias);
    row.put("team_id", project.team.as_str());
    GrantFields::show(&project.grant, &project.kept, &mut row);
    SpendingFields::show(&project.spending, &mut row);
    Spend::show(&project.kept, &mut row);
    row.put("metadata", &project.metadata);
    Kept::show(&project.kept, &KEPT, &mut row);
    row.put("created_at", time(project.origin.created_at))
        .put("created_by", &project.origin.created_by);
    row.put("updated_at", time(project.origin.updated_at))
        .put("updated_by", &project.origin.updated_by);
    row
}
