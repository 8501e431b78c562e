use std::fmt;

use ironward_core::shown_name;
use serde_json::Value;

/// Where in a request a value stands.
#[derive(Clone, Copy)]
pub(crate) enum Place<'p> {
    /// The body.
    Body,
    /// The query string, whose values are all text.
    Query,
    /// A field of an object.
    Field(&'p Self, &'p str),
    /// An item of a list.
    Item(&'p Self, usize),
}

impl Place<'_> {
    /// Whether it is in the query string: a number is written as text there.
    pub(crate) fn is_query(&self) -> bool {
        match self {
            Self::Body => false,
            Self::Query => true,
            Self::Field(parent, _) | Self::Item(parent, _) => parent.is_query(),
        }
    }

    /// FastAPI's `loc`.
    pub(crate) fn path(&self) -> Vec<Value> {
        match self {
            Self::Body => vec!["body".into()],
            Self::Query => vec!["query".into()],
            Self::Field(parent, name) => {
                let mut path = parent.path();
                path.push(shortened(name).into());
                path
            }
            Self::Item(parent, position) => {
                let mut path = parent.path();
                path.push((*position).into());
                path
            }
        }
    }
}

/// `budget_limits[0].max_budget`: without the part of the request, as LiteLLM's `param` has it.
impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => f.write_str("body"),
            Self::Query => f.write_str("query"),
            Self::Field(Place::Body | Place::Query, name) => f.write_str(&shortened(name)),
            Self::Field(parent, name) => write!(f, "{parent}.{}", shortened(name)),
            Self::Item(parent, position) => write!(f, "{parent}[{position}]"),
        }
    }
}

/// A name that a stranger chose, on one line and of bounded length; not one that could be a key.
pub(crate) fn shortened(name: &str) -> String {
    const LONGEST: usize = 64;
    let name = shown_name(name);
    let mut text: String = name
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if name.chars().nth(LONGEST).is_some() {
        text.push('\u{2026}');
    }
    text
}
