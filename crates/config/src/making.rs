//! What the configuration says of keys and users that are made.

use ironward_core::Money;
use ironward_policy::{KeyBounds, Period};

use crate::Place;
use crate::keys::{Effect, Key, Section, Unknown};
use crate::reader::{Field, Reader};

/// A field that a request to make something gets where it leaves it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultField {
    /// Where it is written.
    pub place: Place,
    /// The path by which a message names it.
    pub path: String,
    /// Its name in the request.
    pub name: String,
    /// Its value, as JSON.
    pub json: String,
}

/// The keys of `litellm_settings.upperbound_key_generate_params`.
pub(crate) static KEY_BOUNDS: Section<KeyBounds> = Section {
    name: "litellm_settings.upperbound_key_generate_params",
    about: "The most that a key may be given, whoever makes, changes or rotates it: more is refused with 400. A new key that does \
            not say gets the bound.",
    keys: &[
        Key {
            name: "max_budget",
            default: "",
            meaning: "The largest budget, in USD.",
            effect: Effect::Read("number", |bounds, reader, field| {
                bounds.max_budget = read_money(reader, field);
            }),
        },
        Key {
            name: "budget_duration",
            default: "",
            meaning: "The longest period of a budget.",
            effect: Effect::Read("period", |bounds, reader, field| {
                bounds.budget_duration = read_period(reader, field);
            }),
        },
        Key {
            name: "duration",
            default: "",
            meaning: "The longest life, where `ironward.longest_key_lifetime` is not shorter.",
            effect: Effect::Read("period", |bounds, reader, field| {
                bounds.duration = read_period(reader, field);
            }),
        },
        Key {
            name: "max_parallel_requests",
            default: "",
            meaning: "The most calls that run at once.",
            effect: Effect::Whole(|bounds, most| bounds.max_parallel_requests = Some(most)),
        },
        Key {
            name: "tpm_limit",
            default: "",
            meaning: "The most tokens a minute.",
            effect: Effect::Count(|bounds, most| bounds.tpm_limit = Some(most)),
        },
        Key {
            name: "rpm_limit",
            default: "",
            meaning: "The most requests a minute.",
            effect: Effect::Count(|bounds, most| bounds.rpm_limit = Some(most)),
        },
    ],
    ignored: "",
    unknown: Unknown::Problem,
};

fn read_money(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Money> {
    let dollars = reader.number(field)?;
    match Money::from_dollars(dollars) {
        Ok(money) => Some(money),
        Err(error) => {
            reader.problem(field, error.to_string());
            None
        }
    }
}

fn read_period(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Period> {
    let text = reader.word(field)?;
    match text.parse() {
        Ok(period) => Some(period),
        Err(error) => {
            let error: ironward_policy::InvalidPeriod = error;
            reader.problem(field, error.to_string());
            None
        }
    }
}

/// Reads the fields that a request gets; whether it takes them is found out where it is known.
pub(crate) fn read_defaults(reader: &mut Reader<'_>, field: &Field<'_>) -> Vec<DefaultField> {
    let entries = reader.entries(field).unwrap_or_default();
    let read = entries.iter().filter_map(|entry| {
        let field = field.entry(entry);
        Some(DefaultField {
            place: field.key_place.clone(),
            json: reader.json(&field)?,
            path: field.path,
            name: entry.key.clone(),
        })
    });
    read.collect()
}
