//! What the configuration gives to what is made: fields that a request leaves out, and bounds that
//! hold for everybody.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::fault::Refusal;
use crate::keys::GenerateKey;
use crate::request::{Place, Problems, read_fields};
use crate::users::NewUser;

/// What is made by a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// A key, by `/key/generate`.
    Key,
    /// A user, by `/user/new`.
    User,
}

/// What is wrong with fields that requests are to get: for each the name of a field, and what is
/// wrong with it.
#[must_use]
pub fn check_defaults(made: Made, fields: &Map<String, Value>) -> Vec<(String, String)> {
    let mut problems = Problems::default();
    let mut given: BTreeMap<String, Value> = fields.clone().into_iter().collect();
    match made {
        Made::Key => drop(read_fields::<GenerateKey>(
            given,
            Place::Body,
            &mut problems,
        )),
        Made::User => {
            given.remove(OF_NO_REQUEST);
            drop(read_fields::<NewUser>(given, Place::Body, &mut problems));
        }
    }
    match problems.or(()) {
        Ok(()) => Vec::new(),
        Err(Refusal::Shape(details)) => {
            let found = details.into_iter().map(|detail| {
                let name = detail.loc.get(1).and_then(Value::as_str);
                (name.unwrap_or_default().to_owned(), detail.msg.into())
            });
            found.collect()
        }
        Err(refusal) => {
            let param = refusal.param().unwrap_or_default();
            let end = param.find(['.', '[']).unwrap_or(param.len());
            let name = param.get(..end).unwrap_or_default();
            vec![(name.to_owned(), refusal.message().to_owned())]
        }
    }
}

/// LiteLLM's console shows it; no request has it.
const OF_NO_REQUEST: &str = "available_teams";

/// Gives a request what it leaves out, as LiteLLM does: also where it says nothing by `null` or by
/// an empty list.
pub(crate) fn fill(given: &mut BTreeMap<String, Value>, defaults: &Map<String, Value>) {
    for (name, value) in defaults {
        let says_nothing = match given.get(name) {
            None | Some(Value::Null) => true,
            Some(Value::Array(items)) => items.is_empty(),
            Some(Value::Object(fields)) => fields.is_empty(),
            Some(_) => false,
        };
        if says_nothing && name != OF_NO_REQUEST {
            given.insert(name.clone(), value.clone());
        }
    }
}
