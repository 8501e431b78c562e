use std::net::IpAddr;

use super::{Compiled, Refusal, Rule};

/// Whose grant a link is. Where several refuse, the first in this order is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Which {
    /// The key that was presented.
    Key,
    /// The person that owns it.
    User,
    /// The program that owns it.
    ServiceAccount,
    /// The person's place in the team.
    Member,
    /// The project that pays.
    Project,
    /// The team that pays.
    Team,
    /// The organisation.
    Organisation,
    /// The person that made the key for its owner.
    Creator,
    /// The end user that the call is for.
    Customer,
}

impl Which {
    /// The word for it in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::User => "user",
            Self::ServiceAccount => "service_account",
            Self::Member => "team_member",
            Self::Project => "project",
            Self::Team => "team",
            Self::Organisation => "organization",
            Self::Creator => "creator",
            Self::Customer => "customer",
        }
    }
}

/// One grant of those that bound a call.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// Whose it is.
    pub which: Which,
    /// Their id or name, for people.
    pub name: &'a str,
    /// What it allows.
    pub grant: &'a Compiled,
}

/// What a call asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// Now, in milliseconds since 1970.
    pub now: u64,
    /// The address that the call comes from; one that is not known is in no network.
    pub source: Option<IpAddr>,
    /// Every path template of the matched route; none lies in no list.
    pub route: &'a [&'a str],
    /// The model group, after aliases.
    pub model: Option<&'a str>,
    /// The model as the caller wrote it, where an alias made another one of it: what a refusal may
    /// tell them.
    pub called: Option<&'a str>,
    /// The tools that it names.
    pub tools: &'a [&'a str],
    /// The MCP servers that it names.
    pub mcp_servers: &'a [&'a str],
    /// The region of each deployment that it could go to; `None`: the deployment does not say.
    /// None at all: it has not been routed, and regions are not checked.
    pub regions: &'a [Option<&'a str>],
    /// The most tokens that it asks for as its reply.
    pub output_tokens: Option<u64>,
}

/// Whether a chain lets a call through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every link allows it.
    Allowed,
    /// At least one link refuses it.
    Refused(Refusal),
}

/// Whether every link of a chain lets a call through. An empty chain lets nothing through.
///
/// The order of the links means nothing. Where several rules refuse, the one that is named is the
/// first by the order of [`Rule`], then by that of [`Which`], then by name; so whoever is blocked
/// or expired is told that before anything about models.
#[must_use]
pub fn check(chain: &[Link<'_>], asked: &Asked<'_>) -> Verdict {
    let is_allowed = !chain.is_empty()
        && chain.iter().all(|link| link.grant.allows_all(asked))
        && leaves_a_region(chain, asked);
    if is_allowed {
        return Verdict::Allowed;
    }
    let named = judged(chain, asked).find(|judged| !judged.is_allowed);
    Verdict::Refused(match named {
        Some(Judged { link, rule, .. }) => Refusal::of(&link, rule, asked),
        None => Refusal::of_nobody(),
    })
}

/// What the links of a chain leave together of values that are no yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Narrowest {
    /// The fewest tokens that a link allows as a reply.
    pub output_tokens: Option<u64>,
    /// Whether content may be kept: at least one link says so, and none forbids it.
    pub content_logging: bool,
    /// The first end.
    pub expires: Option<u64>,
}

/// What the links leave together.
#[must_use]
pub fn narrowest(chain: &[Link<'_>]) -> Narrowest {
    let grants = || chain.iter().map(|link| link.grant);
    let logging = |said| grants().any(|grant| grant.content_logging == Some(said));
    Narrowest {
        output_tokens: grants().filter_map(|grant| grant.output_tokens).min(),
        content_logging: logging(true) && !logging(false),
        expires: grants().filter_map(|grant| grant.expires).min(),
    }
}

/// Whether every link's models hold this one: for lists of models, which refuse nothing.
#[must_use]
pub fn allows_model(chain: &[Link<'_>], model: &str) -> bool {
    !chain.is_empty() && chain.iter().all(|link| link.grant.allows_model(model))
}

/// Whether a link says anything by one of these rules: whoever asks can spare itself finding out
/// what a call asks for that nobody limits.
#[must_use]
pub fn limits(chain: &[Link<'_>], rules: &[Rule]) -> bool {
    let sets = |link: &Link<'_>| rules.iter().any(|rule| link.grant.sets(*rule));
    chain.iter().any(sets)
}

/// Whether every link's regions hold this one: for routing, which leaves out the deployments that
/// a call may not go to.
#[must_use]
pub fn allows_region(chain: &[Link<'_>], region: Option<&str>) -> bool {
    !chain.is_empty() && chain.iter().all(|link| link.grant.allows_region(region))
}

/// Whether one of the regions is allowed by all links: each may allow one, and none all.
fn leaves_a_region(chain: &[Link<'_>], asked: &Asked<'_>) -> bool {
    let mut regions = asked.regions.iter();
    asked.regions.is_empty() || regions.any(|region| allows_region(chain, *region))
}

/// One rule of one link, and whether it lets the call through.
pub(super) struct Judged<'a> {
    pub(super) link: Link<'a>,
    pub(super) rule: Rule,
    pub(super) is_allowed: bool,
}

/// Every rule of every link with its judgement, in the order of naming.
pub(super) fn judged<'a>(
    chain: &[Link<'a>],
    asked: &Asked<'a>,
) -> impl Iterator<Item = Judged<'a>> {
    let mut links = chain.to_vec();
    links.sort_by_key(|link| (link.which, link.name));
    let mut left = asked.regions.to_vec();
    let asked = *asked;
    Rule::REFUSING.into_iter().flat_map(move |rule| {
        let judge = |link: &Link<'a>| Judged {
            link: *link,
            rule,
            is_allowed: if rule == Rule::Regions && !left.is_empty() {
                // A link refuses when it leaves none of what the links before it left.
                left.retain(|region| link.grant.allows_region(*region));
                !left.is_empty()
            } else {
                link.grant.allows(rule, &asked)
            },
        };
        links.iter().map(judge).collect::<Vec<_>>()
    })
}
