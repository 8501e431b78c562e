use super::chain::{Judged, judged};
use super::week::time_of_week;
use super::{Asked, Compiled, Link, Rule, Which};
use crate::calendar::timestamp;

/// What one rule of one link says about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whose rule it is.
    pub which: Which,
    /// Their id or name.
    pub name: Box<str>,
    /// Which rule.
    pub rule: Rule,
    /// Whether it lets the call through.
    pub is_allowed: bool,
    /// Why, for people.
    pub why: String,
}

/// What would become of a call, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The model, as it is asked for.
    pub model: Box<str>,
    /// The name that it stands for, after all aliases.
    pub meant: Box<str>,
    /// The model group that would serve it; `None`: there is none.
    pub group: Option<Box<str>>,
    /// Why it ends before any rule is asked.
    pub failed: Option<Box<str>>,
    /// What each rule that is set says, those first that are named first when they refuse.
    pub reasons: Vec<Reason>,
}

/// What one rule of one link says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Whose rule it is: `key`, `team`, ...
    pub link: &'static str,
    /// Their id or name.
    pub name: Box<str>,
    /// Which rule.
    pub rule: &'static str,
    /// Whether it lets the call through.
    pub is_allowed: bool,
    /// Why, for people.
    pub why: String,
}

impl Explanation {
    /// Of a call that ends before any rule is asked.
    #[must_use]
    pub fn refused(model: &str, why: &str) -> Self {
        Self {
            model: model.into(),
            meant: model.into(),
            group: None,
            failed: Some(why.into()),
            reasons: Vec::new(),
        }
    }

    /// Whether the call would be let through.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.failed.is_none()
            && self.group.is_some()
            && self.reasons.iter().all(|reason| reason.is_allowed)
    }
}

impl From<Line> for Reason {
    fn from(line: Line) -> Self {
        Self {
            link: line.which.as_str(),
            name: line.name,
            rule: line.rule.as_str(),
            is_allowed: line.is_allowed,
            why: line.why,
        }
    }
}

/// What every rule that is set in a chain says about a call, in the order in which
/// [`check`](super::check) names them: it refuses exactly if a line does, and then names the first
/// of those.
#[must_use]
pub fn explain(chain: &[Link<'_>], asked: &Asked<'_>) -> Vec<Line> {
    let lines = judged(chain, asked).filter_map(|judged| {
        let Judged {
            link,
            rule,
            is_allowed,
        } = judged;
        Some(Line {
            which: link.which,
            name: link.name.into(),
            rule,
            is_allowed,
            why: why(link.grant, rule, asked, is_allowed)?,
        })
    });
    lines.collect()
}

/// Why a rule that is set allows or refuses, for administrators; `None`: it is not set, or the call
/// asks for nothing that it is about.
fn why(grant: &Compiled, rule: Rule, asked: &Asked<'_>, is_allowed: bool) -> Option<String> {
    let listed = |entry: Option<String>, name: &str| match entry {
        Some(entry) => format!("`{entry}` covers {name}"),
        None => format!("nothing in its list covers {name}"),
    };
    let not = if is_allowed { "" } else { "not " };
    match rule {
        Rule::Blocked => grant.blocked.then(|| "it is blocked".to_owned()),
        Rule::Expires => {
            let relation = if is_allowed { "expires" } else { "expired" };
            grant
                .expires
                .map(|expires| format!("it {relation} at {}", timestamp(expires)))
        }
        Rule::Sources => grant.sources.as_ref().map(|_| match asked.source {
            Some(address) => format!("{address} is {not}in its networks"),
            None => "the address is not known".to_owned(),
        }),
        Rule::Hours => grant
            .hours
            .as_ref()
            .map(|_| format!("{} UTC is {not}in its hours", time_of_week(asked.now))),
        Rule::Routes => grant.routes.as_ref().map(|routes| {
            let entry = routes.entry_for(asked.route).map(str::to_owned);
            listed(
                entry,
                asked.route.first().unwrap_or(&"a call without a route"),
            )
        }),
        Rule::Models => {
            let (models, model) = (grant.models.as_ref()?, asked.model?);
            Some(listed(models.entry_for(model), model))
        }
        Rule::Tools | Rule::McpServers => {
            let (names, asked) = if rule == Rule::Tools {
                (grant.tools.as_ref()?, asked.tools)
            } else {
                (grant.mcp_servers.as_ref()?, asked.mcp_servers)
            };
            let missing = asked.iter().find(|name| !names.covers(name));
            let name = missing.or_else(|| asked.first())?;
            Some(listed(names.entry_for(name), name))
        }
        Rule::BlockedTools => {
            let blocked = asked
                .tools
                .iter()
                .find_map(|tool| Some((tool, grant.blocked_tools.entry_for(tool)?)));
            blocked.map(|(tool, entry)| format!("`{entry}` blocks {tool}"))
        }
        Rule::Regions => {
            grant
                .regions
                .as_ref()
                .filter(|_| !asked.regions.is_empty())?;
            Some(if is_allowed {
                "it leaves a region that serves the model".to_owned()
            } else {
                "it leaves no region that serves the model".to_owned()
            })
        }
        Rule::OutputTokens => {
            let (most, asked) = (grant.output_tokens?, asked.output_tokens?);
            Some(format!(
                "it allows {most} tokens of output, asked for are {asked}"
            ))
        }
        Rule::ContentLogging => None,
    }
}
