use std::net::IpAddr;

use ironward_policy::access::Route;
use ironward_policy::{Explanation, Reason};
use serde_json::{Value, json};

use super::find::{held, missing};
use crate::answer::Row;
use crate::call::{Call, Outcome};
use crate::plane::Ask;
use crate::request::{Fields, Shape};
use crate::target::Target;

/// A chat call that might be made.
pub(crate) struct ExplainAccess {
    key: Box<str>,
    model: Box<str>,
    source: Option<IpAddr>,
}

impl Shape for ExplainAccess {
    fn read(fields: &mut Fields<'_>) -> Self {
        let source: Option<Box<str>> = fields.optional("source");
        let address = source.as_deref().map(str::parse);
        if matches!(address, Some(Err(_))) {
            fields.refuse("source", "write an IP address, such as 10.0.0.1");
        }
        Self {
            key: fields.require("key"),
            model: fields.require("model"),
            source: address.and_then(Result::ok),
        }
    }
}

/// `GET /access/explain`: which rule of whom lets a call of this key through or refuses it, asked of
/// the data path itself.
pub(crate) fn explain(call: &Call<'_>) -> Outcome {
    let request: ExplainAccess = call.query()?;
    let held = held(call, &request.key)?;
    let id = held.id.as_str();
    let explained = call.plane.calls.explain(&Ask {
        key: id,
        model: &request.model,
        source: request.source,
        now: call.now,
    });
    let explained = explained.ok_or_else(missing)?;
    let sees_all = call.shows(Some(Route::AccessExplain), &Target::default());
    let shown = show(explained, sees_all);
    let mut row = Row::default();
    row.put("key", id);
    for (name, value) in shown {
        row.put(name, value);
    }
    if request.source.is_none() {
        row.put("not_judged", ["sources"]);
    }
    Ok(held.permit.show(row))
}

/// What is told. Whether a model exists that they may not use is for those who see everything.
fn show(explained: Explanation, sees_all: bool) -> [(&'static str, Value); 7] {
    let allowed = explained.is_allowed();
    let is_hidden = !allowed && !sees_all;
    let is_shown = |reason: &&Reason| !(is_hidden && reason.rule == "regions");
    let lines: Vec<Value> = explained
        .reasons
        .iter()
        .filter(is_shown)
        .map(|reason| {
            json!({
                "link": reason.link,
                "name": reason.name,
                "rule": reason.rule,
                "allowed": reason.is_allowed,
                "why": reason.why,
            })
        })
        .collect();
    let mut refusing = explained.reasons.iter().filter(is_shown);
    let first = refusing.find(|reason| !reason.is_allowed);
    let why = match (&explained.failed, first) {
        (Some(why), _) => Some(why.to_string()),
        (None, Some(reason)) => Some(format!(
            "{} {}: {}: {}",
            reason.link, reason.name, reason.rule, reason.why
        )),
        (None, None) if allowed => None,
        (None, None) => Some("no model of this name can be used".to_owned()),
    };
    let group = explained.group.filter(|_| !is_hidden);
    [
        ("model", (*explained.model).into()),
        ("stands_for", (*explained.meant).into()),
        ("model_group", group.map(Into::<String>::into).into()),
        ("allowed", allowed.into()),
        ("reason", why.into()),
        ("lines", lines.into()),
        ("not_judged", json!([])),
    ]
}
