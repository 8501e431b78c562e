use std::fmt;

use ironward_core::shown_name;

use super::{Compiled, Link, Rule, Which};
use crate::calendar::timestamp;

/// What a field means that an object leaves unset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unset {
    /// No limit of its own: the links that it is compared with will be links of the object's own
    /// chain, so that they go on to bound it. So it is for a key, whose chain holds its team, its
    /// owner and its creator.
    Bounded,
    /// No limit: they will not be. So it is for a team or a user that somebody makes whose own
    /// grant is limited.
    Unbounded,
}

/// A field of a grant that allows more than somebody may pass on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wider {
    /// Which field.
    pub rule: Rule,
    /// The item in it; `None`: the field as a whole is not set.
    pub item: Option<String>,
    /// Whose grant it goes beyond.
    pub than: Which,
    /// Their id or name.
    pub name: Box<str>,
}

/// Whether somebody whose calls are bounded by `chain` may give an object the grant `child`: it
/// allows nothing that they may not.
///
/// The answer may err on one side only: what is let through is never wider. A list that is no wider
/// than another one as a whole, but not entry by entry (`a*` and `b*` against nothing but names
/// that these happen to cover), is refused.
///
/// # Errors
/// The first field that is wider, in the order of [`Rule`].
pub fn subset(child: &Compiled, chain: &[Link<'_>], unset: Unset) -> Result<(), Wider> {
    for link in chain {
        let parent = link.grant;
        for rule in Rule::REFUSING.into_iter().chain([Rule::ContentLogging]) {
            if let Some(item) = wider(child, parent, rule, unset) {
                return Err(Wider {
                    rule,
                    item,
                    than: link.which,
                    name: link.name.into(),
                });
            }
        }
    }
    Ok(())
}

/// The item of `child` that goes beyond `parent` in one field; `Some(None)` when the field itself
/// does, by not being set.
fn wider(child: &Compiled, parent: &Compiled, rule: Rule, unset: Unset) -> Option<Option<String>> {
    let pair = Pair {
        all_by_default: unset == Unset::Unbounded,
    };
    match rule {
        Rule::Blocked => (parent.blocked && !child.blocked).then_some(None),
        Rule::Expires => pair.most(child.expires, parent.expires, timestamp),
        Rule::OutputTokens => pair.most(child.output_tokens, parent.output_tokens, |most| {
            most.to_string()
        }),
        Rule::Sources => pair.list(
            child.sources.as_ref(),
            parent.sources.as_ref(),
            |child, parent| {
                let is_within = |one| parent.iter().any(|wide| wide.contains(one));
                let outside = child.iter().find(|one| !is_within(**one));
                outside.map(ToString::to_string)
            },
        ),
        Rule::Hours => pair.list(
            child.hours.as_ref(),
            parent.hours.as_ref(),
            |child, parent| child.outside(parent),
        ),
        Rule::Routes => pair.list(
            child.routes.as_ref(),
            parent.routes.as_ref(),
            |child, parent| child.outside(parent).map(str::to_owned),
        ),
        Rule::Models => pair.list(
            child.models.as_ref(),
            parent.models.as_ref(),
            |child, parent| child.outside(parent),
        ),
        Rule::Tools => pair.list(
            child.tools.as_ref(),
            parent.tools.as_ref(),
            |child, parent| child.outside(parent),
        ),
        Rule::McpServers => pair.list(
            child.mcp_servers.as_ref(),
            parent.mcp_servers.as_ref(),
            |child, parent| child.outside(parent),
        ),
        Rule::Regions => pair.list(
            child.regions.as_ref(),
            parent.regions.as_ref(),
            |child, parent| child.outside(parent),
        ),
        Rule::BlockedTools => parent
            .blocked_tools
            .let_through(
                child.tools.as_ref(),
                &child.blocked_tools,
                pair.all_by_default,
            )
            .map(Some),
        Rule::ContentLogging => {
            let is_wider = parent.content_logging == Some(false)
                && match child.content_logging {
                    Some(may_log) => may_log,
                    None => pair.all_by_default,
                };
            is_wider.then(|| child.content_logging.map(|may_log| may_log.to_string()))
        }
    }
}

struct Pair {
    /// Whether a field that the child leaves unset allows everything.
    all_by_default: bool,
}

impl Pair {
    fn list<T>(
        &self,
        child: Option<&T>,
        parent: Option<&T>,
        outside: impl FnOnce(&T, &T) -> Option<String>,
    ) -> Option<Option<String>> {
        match (child, parent) {
            (_, None) => None,
            (None, Some(_)) => self.all_by_default.then_some(None),
            (Some(child), Some(parent)) => outside(child, parent).map(Some),
        }
    }

    fn most<T: Ord + Copy>(
        &self,
        child: Option<T>,
        parent: Option<T>,
        written: impl FnOnce(T) -> String,
    ) -> Option<Option<String>> {
        self.list(child.as_ref(), parent.as_ref(), |child, parent| {
            (child > parent).then(|| written(*child))
        })
    }
}

impl fmt::Display for Wider {
    /// For whoever asked: what is too wide, and whose limit it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.rule.as_str();
        let whose = match self.than {
            Which::Key => "the key that asks",
            Which::User | Which::Creator => "the user who asks",
            Which::ServiceAccount => "the service account",
            Which::Member => "the user's place in the team",
            Which::Project => "the project",
            Which::Team => "the team",
            Which::Organisation => "the organisation",
            Which::Customer => "the customer",
        };
        match &self.item {
            Some(item) => {
                let item = shown_name(item);
                write!(f, "{field}: {item:?} is more than {whose} may pass on")
            }
            None => write!(
                f,
                "{field}: has to be set, as {whose} may not pass on everything"
            ),
        }
    }
}

impl std::error::Error for Wider {}
