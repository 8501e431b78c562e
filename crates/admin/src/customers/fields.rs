use ironward_store::Directory;
use ironward_store::objects::Customer;
use serde_json::{Value, json};

use crate::answer::{Row, time};
use crate::call::Call;
use crate::fault::Refusal;
use crate::fields::{GrantFields, Spend, SpendingFields};
use crate::request::{Field, Fields, FromJson, Name, Place, Problems, Shape, choice};

/// What making and changing a customer have in common.
pub(super) struct CustomerFields {
    alias: Field<Name>,
    region: Field<Region>,
    default_model: Field<Name>,
    grant: GrantFields,
    spending: SpendingFields,
    spend: Spend,
}

impl Shape for CustomerFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        let _computed: Option<Box<str>> = fields.optional("budget_reset_at");
        let read = Self {
            alias: fields.take("alias"),
            region: fields.take("allowed_model_region"),
            default_model: fields.take("default_model"),
            grant: GrantFields::read(fields),
            spending: SpendingFields::read(fields),
            spend: Spend::read(fields),
        };
        if read.spending.budget_id.get().is_some() && read.spending.max_budget.get().is_some() {
            fields.refuse("budget_id", "set max_budget or budget_id, not both");
        }
        read
    }
}

impl CustomerFields {
    /// Changes what the request names.
    ///
    /// # Errors
    /// 403 for fields that only administrators may set.
    pub(super) fn apply(self, call: &Call<'_>, customer: &mut Customer) -> Result<(), Refusal> {
        self.alias.map(Name::into_text).apply(&mut customer.alias);
        self.default_model
            .map(Name::into_text)
            .apply(&mut customer.default_model);
        self.grant.apply(&mut customer.grant, &mut customer.kept);
        let regions = self.region.map(|Region(region)| vec![region.into()]);
        regions.apply(&mut customer.grant.regions);
        self.spending.apply(&mut customer.spending, call.now);
        self.spend.apply(call, &mut customer.kept)
    }
}

/// LiteLLM's `AllowedModelRegion`.
#[derive(Debug, Clone, Copy)]
struct Region(&'static str);

pub(super) const REGIONS: [&str; 2] = ["eu", "us"];

impl FromJson for Region {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        choice(
            &value,
            at,
            problems,
            &REGIONS.map(|word| (word, Self(word))),
        )
    }

    fn schema() -> Value {
        json!({ "enum": REGIONS })
    }
}

/// A customer as LiteLLM shows one.
pub(super) fn row(directory: &Directory, id: &str, customer: &Customer) -> Row {
    let mut row = Row::default();
    row.put("user_id", id).put("alias", &customer.alias);
    GrantFields::show(&customer.grant, &customer.kept, &mut row);
    SpendingFields::show(&customer.spending, &mut row);
    Spend::show(&customer.kept, &mut row);
    let region = match customer.grant.regions.as_deref() {
        Some([region]) if REGIONS.contains(&&**region) => Some(region),
        _ => None,
    };
    row.put("allowed_model_region", region);
    row.put("default_model", &customer.default_model);
    let budget = customer.spending.budget_id.as_ref();
    let budget = budget.and_then(|id| directory.budgets.find(id));
    let spending = budget
        .as_ref()
        .map_or(&customer.spending, |budget| &budget.object.spending);
    let mut table = Row::default();
    SpendingFields::show(spending, &mut table);
    table.put("budget_id", &customer.spending.budget_id);
    row.put("litellm_budget_table", table.into_value());
    row.put("created_at", time(customer.origin.created_at))
        .put("updated_at", time(customer.origin.updated_at));
    row
}
