use ironward_store::Directory;
use ironward_store::objects::{Metadata, Organisation};

use crate::answer::{Row, time};
use crate::call::Call;
use crate::fault::Refusal;
use crate::fields::{GrantFields, Kept, KeptField, Spend, SpendingFields, Unset};
use crate::request::{Field, Fields, Name, Shape};
use crate::target::Target;

/// LiteLLM's fields of organisations that have no effect yet.
pub(crate) const KEPT: [KeptField; 3] = [
    KeptField::new("allowed_models", Unset::Null),
    KeptField::new("temp_budget_expiry", Unset::Null),
    KeptField::new("temp_budget_increase", Unset::Null),
];

/// What making and changing an organisation have in common.
pub(super) struct OrganisationFields {
    pub(super) alias: Field<Name>,
    metadata: Field<Metadata>,
    grant: GrantFields,
    spending: SpendingFields,
    spend: Spend,
    kept: Kept,
}

impl Shape for OrganisationFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        // LiteLLM's answers carry it, and clients send back what they got.
        let _computed: Option<Box<str>> = fields.optional("updated_by");
        Self {
            alias: fields.take("organization_alias"),
            metadata: fields.take("metadata"),
            grant: GrantFields::read(fields),
            spending: SpendingFields::read(fields),
            spend: Spend::read(fields),
            kept: Kept::read(fields, &KEPT),
        }
    }
}

impl OrganisationFields {
    /// Changes what the request names.
    ///
    /// # Errors
    /// 403 for fields that only administrators may set.
    pub(super) fn apply(
        self,
        call: &Call<'_>,
        organisation: &mut Organisation,
    ) -> Result<(), Refusal> {
        let alias = self.alias.map(Name::into_text);
        alias.apply_or_default(&mut organisation.alias);
        self.metadata.apply_or_default(&mut organisation.metadata);
        self.grant
            .apply(&mut organisation.grant, &mut organisation.kept);
        self.spending.apply(&mut organisation.spending, call.now);
        self.spend.apply(call, &mut organisation.kept)?;
        self.kept.apply(&mut organisation.kept);
        Ok(())
    }
}

/// An organisation that is there.
pub(super) fn target(id: &str) -> Target {
    Target {
        organisations: [id.into()].into(),
        ..Target::default()
    }
}

pub(super) fn missing() -> Refusal {
    Refusal::not_found("Organization not found in database").with_param("organization_id")
}

/// An organisation as LiteLLM shows one.
pub(super) fn row(directory: &Directory, id: &str, organisation: &Organisation) -> Row {
    let mut row = Row::default();
    row.put("organization_id", id)
        .put("organization_alias", &organisation.alias);
    GrantFields::show(&organisation.grant, &organisation.kept, &mut row);
    SpendingFields::show(&organisation.spending, &mut row);
    Spend::show(&organisation.kept, &mut row);
    let budget = organisation.spending.budget_id.as_ref();
    let budget = budget.and_then(|id| directory.budgets.find(id));
    let spending = budget
        .as_ref()
        .map_or(&organisation.spending, |budget| &budget.object.spending);
    let mut table = Row::default();
    SpendingFields::show(spending, &mut table);
    table.put("budget_id", &organisation.spending.budget_id);
    row.put("litellm_budget_table", table.into_value());
    row.put("metadata", &organisation.metadata);
    Kept::show(&organisation.kept, &KEPT, &mut row);
    row.put("created_at", time(organisation.origin.created_at))
        .put("created_by", &organisation.origin.created_by);
    row.put("updated_at", time(organisation.origin.updated_at))
        .put("updated_by", &organisation.origin.updated_by);
    row
}
