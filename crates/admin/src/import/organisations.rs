use ironward_store::objects::{Kind, Metadata, Organisation};

use super::columns::Columns;
use super::limits::{Limits, check, join_permission};
use super::plan::{ORGANISATIONS, Plan};
use crate::organisations::KEPT;
use crate::request::{Field, Fields, Name, Shape};

struct Row {
    alias: Field<Name>,
    metadata: Field<Metadata>,
    limits: Limits,
}

impl Shape for Row {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            alias: fields.take("organization_alias"),
            metadata: fields.take("metadata"),
            limits: Limits::read(fields, &KEPT),
        }
    }
}

pub(super) fn plan(plan: &mut Plan) {
    for row in plan.rows(ORGANISATIONS) {
        let mut columns = Columns::new(row);
        let Some(id) = plan.id(Kind::Organisation, &mut columns, "organization_id") else {
            continue;
        };
        if !plan.is_new(Kind::Organisation, &id, &id) {
            continue;
        }
        let secrets = columns.without_secrets();
        match read(plan, &id, &mut columns) {
            Ok(organisation) => {
                if plan.make(&id, &id, &organisation) {
                    plan.note_rest(Kind::Organisation, &id, &secrets, columns);
                }
            }
            Err(why) => plan.leave_out(Kind::Organisation, &id, why),
        }
    }
}

fn read(plan: &mut Plan, id: &str, columns: &mut Columns) -> Result<Organisation, String> {
    let kind = Kind::Organisation;
    let budget = columns.text("budget_id");
    plan.drop_odd_names(kind, id, columns, &["organization_alias"]);
    join_permission(plan, columns)?;
    let mut organisation = Organisation {
        origin: plan.origin(columns),
        ..Organisation::default()
    };
    if let Some(budget) = budget {
        organisation.spending = plan.budget(&budget)?.spending;
    }
    let row: Row = columns.read()?;
    let alias = row.alias.map(Name::into_text);
    alias.apply_or_default(&mut organisation.alias);
    row.metadata.apply_or_default(&mut organisation.metadata);
    let Organisation {
        grant,
        spending,
        kept,
        ..
    } = &mut organisation;
    row.limits.apply((grant, spending, kept), plan.now);
    plan.drop_late_alert(kind, id, spending);
    check(plan, kind, id, grant)?;
    Ok(organisation)
}
