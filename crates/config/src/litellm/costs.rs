use ironward_catalogue::{Adjustments, InvalidAdjustment};

use crate::node::{Entry, Value};
use crate::reader::{Field, Reader};

/// `cost_discount_config`: parts of the cost by provider, or by `provider/model`.
pub(super) fn read_discounts(
    adjustments: &mut Adjustments,
    reader: &mut Reader<'_>,
    field: &Field<'_>,
) {
    for entry in reader.entries(field).unwrap_or_default() {
        let discount = field.entry(entry);
        if entry.key.ends_with('/') || entry.key.contains('[') {
            let message = "expected a provider, or provider/model with * and ? for what is open";
            reader.problem_at(discount.key_place, &discount.path, message);
            continue;
        }
        if let Some(part) = number(reader, &discount) {
            let added = adjustments.discount(&entry.key, &part);
            report(reader, &discount, added);
        }
    }
}

/// `cost_margin_config`: parts of the cost by provider, or `percentage` and `fixed_amount`.
pub(super) fn read_margins(
    adjustments: &mut Adjustments,
    reader: &mut Reader<'_>,
    field: &Field<'_>,
) {
    for entry in reader.entries(field).unwrap_or_default() {
        let margin = field.entry(entry);
        match &entry.node.value {
            Value::Map(parts) => read_margin(adjustments, reader, (&entry.key, &margin), parts),
            Value::Scalar(_) | Value::List(_) => {
                if let Some(part) = number(reader, &margin) {
                    let added = adjustments.margin(&entry.key, Some(&part), None);
                    report(reader, &margin, added);
                }
            }
        }
    }
}

fn read_margin(
    adjustments: &mut Adjustments,
    reader: &mut Reader<'_>,
    (provider, margin): (&str, &Field<'_>),
    parts: &[Entry],
) {
    let (mut percentage, mut fixed_amount) = (None, None);
    for part in parts {
        let field = margin.entry(part);
        let into = match part.key.as_str() {
            "percentage" => &mut percentage,
            "fixed_amount" => &mut fixed_amount,
            _ => {
                let message = "expected percentage (0.1 is a tenth of the cost) and fixed_amount \
                               (dollars for each call)";
                reader.problem_at(field.key_place, &field.path, message);
                continue;
            }
        };
        *into = number(reader, &field);
        // Each is tried alone, so that what is wrong is named by its own line.
        let alone =
            Adjustments::default().margin(provider, percentage.as_deref(), fixed_amount.as_deref());
        if alone.is_err() {
            report(reader, &field, alone);
            return;
        }
    }
    let added = adjustments.margin(provider, percentage.as_deref(), fixed_amount.as_deref());
    report(reader, margin, added);
}

/// The text of a number, as it is written. `None` is reported, or there is nothing.
fn number(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<String> {
    if field.node.is_null() {
        return None;
    }
    if !matches!(field.node.value, Value::Scalar(_)) {
        reader.problem(field, "expected a number such as 0.1");
        return None;
    }
    let text = reader.text(field)?;
    Some(text.text.trim().replace('_', ""))
}

fn report(reader: &mut Reader<'_>, field: &Field<'_>, added: Result<(), InvalidAdjustment>) {
    if let Err(invalid) = added {
        reader.problem(field, invalid.to_string());
    }
}
