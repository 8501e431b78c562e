use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::fault::Refusal;

/// The parameters of a query string as text; one that comes more than once is a list. `name[]` is
/// `name`, as clients of LiteLLM write lists.
pub(super) fn parse(query: &str) -> Result<BTreeMap<String, Value>, Refusal> {
    let mut given = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name)?;
        let name = name.strip_suffix("[]").map(str::to_owned).unwrap_or(name);
        let value = Value::String(decode(value)?);
        match given.get_mut(&name) {
            None => {
                given.insert(name, value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    Ok(given)
}

fn decode(text: &str) -> Result<String, Refusal> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| Refusal::bad_request("the query string is not UTF-8"))
}
