use std::fmt;
use std::net::IpAddr;

use super::names::Names;
use super::network::Network;
use super::routes::Routes;
use super::week::Week;
use super::{Asked, Grant};

/// A grant made for quick checks: patterns, networks and hours are read once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compiled {
    pub(super) models: Option<Names>,
    pub(super) routes: Option<Routes>,
    pub(super) tools: Option<Names>,
    pub(super) blocked_tools: Names,
    pub(super) mcp_servers: Option<Names>,
    pub(super) regions: Option<Names>,
    pub(super) sources: Option<Box<[Network]>>,
    pub(super) hours: Option<Week>,
    pub(super) expires: Option<u64>,
    pub(super) output_tokens: Option<u64>,
    pub(super) content_logging: Option<bool>,
    pub(super) blocked: bool,
}

/// What the names in a grant mean where it stands.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Whether the grant's object has a team, whose own grant is a link of the same chain:
    /// `all-team-models` then adds no limit of its own. Without a team it allows no model.
    pub in_team: bool,
    /// The models of an access group; `None`: there is no such group, and nothing is allowed by its
    /// name. Whoever takes a grant from outside has to check that its groups exist.
    pub access_group: &'a dyn Fn(&str) -> Option<&'a [Box<str>]>,
}

/// The rules of a grant, by the field that holds each, in the order in which they are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// `blocked`
    Blocked,
    /// `expires`
    Expires,
    /// `sources`
    Sources,
    /// `hours`
    Hours,
    /// `routes`
    Routes,
    /// `models` and `access_groups`
    Models,
    /// `tools`
    Tools,
    /// `blocked_tools`
    BlockedTools,
    /// `mcp_servers`
    McpServers,
    /// `regions`
    Regions,
    /// `output_tokens`
    OutputTokens,
    /// `content_logging`: no check refuses by it.
    ContentLogging,
}

impl Rule {
    /// Those that can refuse a call, in the order in which they do.
    pub(super) const REFUSING: [Self; 11] = [
        Self::Blocked,
        Self::Expires,
        Self::Sources,
        Self::Hours,
        Self::Routes,
        Self::Models,
        Self::Tools,
        Self::BlockedTools,
        Self::McpServers,
        Self::Regions,
        Self::OutputTokens,
    ];

    /// The name of the grant's field.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Expires => "expires",
            Self::Sources => "sources",
            Self::Hours => "hours",
            Self::Routes => "routes",
            Self::Models => "models",
            Self::Tools => "tools",
            Self::BlockedTools => "blocked_tools",
            Self::McpServers => "mcp_servers",
            Self::Regions => "regions",
            Self::OutputTokens => "output_tokens",
            Self::ContentLogging => "content_logging",
        }
    }
}

/// A grant with an item that means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidGrant {
    /// The grant's field.
    pub field: &'static str,
    /// The item, as it was given.
    pub item: String,
    /// What is wrong with it, and what to write.
    pub why: String,
}

impl Compiled {
    /// Reads a grant as it is stored.
    ///
    /// # Errors
    /// When an item of it means nothing; the error names the first one.
    pub fn new(grant: &Grant, surroundings: Surroundings<'_>) -> Result<Self, InvalidGrant> {
        let invalid = |field: &'static str| {
            move |(item, why): (String, String)| InvalidGrant { field, item, why }
        };
        let names = |field: &'static str, items: &Option<Vec<Box<str>>>| {
            let items = items.as_deref();
            items.map(|items| checked(field, items)).transpose()
        };
        Ok(Self {
            models: models(grant, surroundings)?,
            routes: grant
                .routes
                .as_deref()
                .map(|routes| Routes::of(routes).map_err(invalid("routes")))
                .transpose()?,
            tools: names("tools", &grant.tools)?,
            blocked_tools: checked("blocked_tools", &grant.blocked_tools)?,
            mcp_servers: names("mcp_servers", &grant.mcp_servers)?,
            regions: names("regions", &grant.regions)?,
            sources: grant.sources.as_deref().map(networks).transpose()?,
            hours: grant
                .hours
                .as_deref()
                .map(|hours| Week::of(hours).map_err(invalid("hours")))
                .transpose()?,
            expires: grant.expires,
            output_tokens: grant.output_tokens,
            content_logging: grant.content_logging,
            blocked: grant.blocked,
        })
    }

    /// Allows nothing: for a grant that cannot be read, or is not there any more.
    #[must_use]
    pub fn closed() -> Self {
        Self {
            blocked: true,
            ..Self::default()
        }
    }

    /// Allows everything before `expires`, in milliseconds since 1970, and nothing from then on.
    #[must_use]
    pub fn until(expires: u64) -> Self {
        Self {
            expires: Some(expires),
            ..Self::default()
        }
    }

    /// Whether it says anything by this rule.
    pub(super) fn sets(&self, rule: Rule) -> bool {
        match rule {
            Rule::Blocked => self.blocked,
            Rule::Expires => self.expires.is_some(),
            Rule::Sources => self.sources.is_some(),
            Rule::Hours => self.hours.is_some(),
            Rule::Routes => self.routes.is_some(),
            Rule::Models => self.models.is_some(),
            Rule::Tools => self.tools.is_some(),
            Rule::BlockedTools => self.blocked_tools != Names::default(),
            Rule::McpServers => self.mcp_servers.is_some(),
            Rule::Regions => self.regions.is_some(),
            Rule::OutputTokens => self.output_tokens.is_some(),
            Rule::ContentLogging => self.content_logging.is_some(),
        }
    }

    /// Whether its models, whatever else it says, hold this one.
    pub(super) fn allows_model(&self, model: &str) -> bool {
        is_within(self.models.as_ref(), model)
    }

    /// Whether a deployment of this region may be used; `None`: it does not say which.
    pub(super) fn allows_region(&self, region: Option<&str>) -> bool {
        match (&self.regions, region) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(regions), Some(region)) => regions.covers(region),
        }
    }

    fn allows_source(&self, source: Option<IpAddr>) -> bool {
        match (&self.sources, source) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(networks), Some(address)) => {
                networks.iter().any(|network| network.covers(address))
            }
        }
    }

    /// Whether one rule lets a call through.
    pub(super) fn allows(&self, rule: Rule, asked: &Asked<'_>) -> bool {
        match rule {
            Rule::Blocked => !self.blocked,
            Rule::Expires => self.expires.is_none_or(|expires| asked.now < expires),
            Rule::Sources => self.allows_source(asked.source),
            Rule::Hours => self
                .hours
                .as_ref()
                .is_none_or(|week| week.covers(asked.now)),
            Rule::Routes => {
                let routes = self.routes.as_ref();
                routes.is_none_or(|routes| routes.cover(asked.route))
            }
            Rule::Models => asked.model.is_none_or(|model| self.allows_model(model)),
            Rule::Tools => {
                let mut tools = asked.tools.iter();
                tools.all(|tool| is_within(self.tools.as_ref(), tool))
            }
            Rule::BlockedTools => {
                let mut tools = asked.tools.iter();
                !tools.any(|tool| self.blocked_tools.covers(tool))
            }
            Rule::McpServers => {
                let mut servers = asked.mcp_servers.iter();
                servers.all(|server| is_within(self.mcp_servers.as_ref(), server))
            }
            Rule::Regions => {
                let mut regions = asked.regions.iter();
                asked.regions.is_empty() || regions.any(|region| self.allows_region(*region))
            }
            Rule::OutputTokens => match (self.output_tokens, asked.output_tokens) {
                (Some(most), Some(asked)) => asked <= most,
                _ => true,
            },
            Rule::ContentLogging => true,
        }
    }

    /// Whether every rule does.
    pub(super) fn allows_all(&self, asked: &Asked<'_>) -> bool {
        let mut rules = Rule::REFUSING.into_iter();
        rules.all(|rule| self.allows(rule, asked))
    }
}

/// Whether a name is allowed by a list that may not be set.
pub(super) fn is_within(names: Option<&Names>, name: &str) -> bool {
    names.is_none_or(|names| names.covers(name))
}

/// LiteLLM's model names with a meaning of their own, and access groups, resolved.
fn models(grant: &Grant, surroundings: Surroundings<'_>) -> Result<Option<Names>, InvalidGrant> {
    let Some(listed) = grant.models.as_deref() else {
        return match grant.access_groups.first() {
            None => Ok(None),
            Some(group) => Err(InvalidGrant {
                field: "access_groups",
                item: (**group).to_owned(),
                why: "needs models too; an empty list allows those of the groups alone".to_owned(),
            }),
        };
    };
    let groups = checked_items("access_groups", &grant.access_groups)?;
    let listed = checked_items("models", listed)?;
    let lists = |name: &str| listed.iter().any(|model| &**model == name);
    if lists("all-proxy-models") {
        return Ok(Some(Names::all()));
    }
    if lists("all-team-models") && surroundings.in_team {
        return Ok(None);
    }
    let models = listed
        .iter()
        .map(|model| &**model)
        .filter(|model| !matches!(*model, "all-team-models" | "no-default-models"));
    // LiteLLM also takes the name of an access group for a model.
    let of_groups = groups
        .iter()
        .chain(listed)
        .filter_map(|name| (surroundings.access_group)(name))
        .flatten()
        .map(|model| &**model);
    Ok(Some(Names::of(models.chain(of_groups))))
}

fn checked(field: &'static str, items: &[Box<str>]) -> Result<Names, InvalidGrant> {
    let items = checked_items(field, items)?;
    Ok(Names::of(items.iter().map(|item| &**item)))
}

fn checked_items<'a>(
    field: &'static str,
    items: &'a [Box<str>],
) -> Result<&'a [Box<str>], InvalidGrant> {
    let why = |item: &str| {
        if item.is_empty() {
            Some("is empty; write a name, or * for any")
        } else if item.len() > 256 {
            Some("is over 256 bytes long; no name is")
        } else if item.chars().any(char::is_control) {
            Some("holds a control character; no name does")
        } else {
            None
        }
    };
    for item in items {
        if let Some(why) = why(item) {
            return Err(InvalidGrant {
                field,
                item: (**item).to_owned(),
                why: why.to_owned(),
            });
        }
    }
    Ok(items)
}

fn networks(items: &[Box<str>]) -> Result<Box<[Network]>, InvalidGrant> {
    let read = |item: &str| {
        Network::read(item).map_err(|why| InvalidGrant {
            field: "sources",
            item: item.to_owned(),
            why,
        })
    };
    items.iter().map(|item| read(item)).collect()
}

impl fmt::Display for InvalidGrant {
    /// `routes: "chat": neither a path nor ...`; a long item is cut.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, item, why } = self;
        let shown: String = item.chars().take(80).collect();
        let cut = if shown.len() < item.len() { "..." } else { "" };
        write!(f, "{field}: {shown:?}{cut}: {why}")
    }
}

impl std::error::Error for InvalidGrant {}
