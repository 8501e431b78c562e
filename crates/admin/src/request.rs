//! Requests, read into closed structs: every field is named, every problem has its place, and no
//! value is ever repeated.
//!
//! A struct that is read implements [`Shape`]. This is not `derive(Deserialize)`: serde stops at
//! the first problem, repeats values in its messages, cannot tell `null` from absent without an
//! attribute on each field, and refuses to combine `flatten` (operations on one object share most
//! of their fields) with `deny_unknown_fields`.

mod field;
mod fields;
mod from_json;
mod place;
mod problems;
mod query;
mod reference;

use std::collections::BTreeMap;

use axum::body::Bytes;
use ironward_wire::Body;
use serde_json::Value;

pub(crate) use field::Field;
pub(crate) use fields::{Fields, Property, Shape, properties, read as read_fields};
pub(crate) use from_json::{FromJson, Name, choice};
pub(crate) use place::{Place, shortened};
pub(crate) use problems::Problems;
pub(crate) use reference::{Literal, refuse_references};

use crate::fault::{Detail, Refusal};

/// The parameters of a query string that others fill: what is not looked for is passed over.
///
/// # Errors
/// 400 where it is no text.
pub(crate) fn parameters(query: Option<&str>) -> Result<BTreeMap<String, Value>, Refusal> {
    query::parse(query.unwrap_or_default())
}

/// Reads a JSON body.
///
/// # Errors
/// 400 where it is no sound JSON (duplicate keys, too deep, bad UTF-8), 422 where its shape is
/// wrong, 400 where a value cannot be taken.
pub(crate) fn read_body<T: Shape>(bytes: Bytes) -> Result<T, Refusal> {
    read_filled_body(bytes, |_| ())
}

/// The same, with what `fill` adds to what the request says.
///
/// # Errors
/// As [`read_body`].
pub(crate) fn read_filled_body<T: Shape>(
    bytes: Bytes,
    fill: impl FnOnce(&mut BTreeMap<String, Value>),
) -> Result<T, Refusal> {
    match bytes.trim_ascii_start().first() {
        Some(b'{') => {}
        Some(_) => return Err(whole("dict_type", "Input should be a valid dictionary")),
        None => return Err(whole("missing", "Field required")),
    }
    let body = Body::read(bytes).map_err(|fault| {
        let refusal = Refusal::bad_request(fault.message);
        match fault.param {
            Some(param) => refusal.with_param(param),
            None => refusal,
        }
    })?;
    let mut problems = Problems::default();
    let mut given: BTreeMap<String, Value> = body
        .fields()
        .map(|(name, text)| {
            let value = serde_json::from_str(text).map_err(|_| Refusal::internal())?;
            Ok((name.to_owned(), value))
        })
        .collect::<Result<_, Refusal>>()?;
    fill(&mut given);
    let read = read_fields(given, Place::Body, &mut problems);
    problems.or(read)
}

/// Reads a query string.
///
/// # Errors
/// As for a body.
pub(crate) fn read_query<T: Shape>(query: Option<&str>) -> Result<T, Refusal> {
    let mut problems = Problems::default();
    let given = query::parse(query.unwrap_or_default())?;
    let read = fields::read(given, Place::Query, &mut problems);
    problems.or(read)
}

/// What a request of this shape may be, as JSON Schema.
pub(crate) fn schema_of<T: Shape>() -> Value {
    T::schema()
}

fn whole(kind: &'static str, message: &str) -> Refusal {
    Refusal::Shape(vec![Detail {
        kind,
        loc: Place::Body.path(),
        msg: message.into(),
    }])
}

#[cfg(test)]
mod tests;
