use ironward_core::Money;
use ironward_policy::{Compiled, Grant, Spending, Surroundings};
use ironward_store::objects::{Kind, Metadata};
use serde_json::{Map, Value};

use super::columns::Columns;
use super::plan::Plan;
use crate::fields::{GrantFields, Kept, KeptField, SpendingFields};
use crate::request::{Field, Fields, Shape as _};

/// What may be done and spent, as teams, users and organisations have it.
pub(super) struct Limits {
    grant: GrantFields,
    spending: SpendingFields,
    spend: Field<Money>,
    kept: Kept,
}

impl Limits {
    pub(super) fn read(fields: &mut Fields<'_>, kept: &[KeptField]) -> Self {
        Self {
            grant: GrantFields::read(fields),
            spending: SpendingFields::read(fields),
            spend: fields.take("spend"),
            kept: Kept::read(fields, kept),
        }
    }

    pub(super) fn apply(
        self,
        (grant, spending, kept): (&mut Grant, &mut Spending, &mut Metadata),
        now: u64,
    ) {
        self.grant.apply(grant, kept);
        self.spending.apply(spending, now);
        if let Field::Value(spend) = self.spend
            && spend != Money::ZERO
        {
            kept.insert("spend".to_owned(), spend.to_dollars().into());
        }
        self.kept.apply(kept);
    }
}

/// Puts the object permission that a row names among its columns.
///
/// # Errors
/// When it is not there: what it narrows would be lost.
pub(super) fn join_permission(plan: &Plan, columns: &mut Columns) -> Result<(), String> {
    let Some(id) = columns.text("object_permission_id") else {
        return Ok(());
    };
    let found = plan
        .permission(&id)
        .ok_or("its object permission is not there: import LiteLLM_ObjectPermissionTable too")?;
    let mut found = found.clone();
    found.remove("object_permission_id");
    let set: Map<String, Value> = found
        .into_iter()
        .filter(|(_, value)| match value {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            _ => true,
        })
        .collect();
    if !set.is_empty() {
        columns.put("object_permission", set.into());
    }
    Ok(())
}

/// Access groups are not imported: one that is not there allows nothing until it is made.
///
/// # Errors
/// When an item of the grant means nothing here: it would not narrow as it did.
pub(super) fn check(plan: &mut Plan, kind: Kind, id: &str, grant: &Grant) -> Result<(), String> {
    for group in &grant.access_groups {
        if !plan.has(Kind::AccessGroup, group) {
            let why = format!(
                "access group {group} is not there: its models are allowed once it is made with \
                 /access_group/new"
            );
            plan.note(kind, id, why);
        }
    }
    let surroundings = Surroundings {
        in_team: true,
        access_group: &|_| None,
    };
    Compiled::new(grant, surroundings)
        .map(drop)
        .map_err(|error| format!("{}: {}", error.field, error.why))
}
