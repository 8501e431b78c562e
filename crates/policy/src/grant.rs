mod chain;
mod compiled;
mod explain;
mod names;
mod network;
mod refusal;
mod route_group;
mod routes;
mod subset;
mod week;

use serde::{Deserialize, Serialize};

pub use chain::{
    Asked, Link, Narrowest, Verdict, Which, allows_model, allows_region, check, limits, narrowest,
};
pub use compiled::{Compiled, InvalidGrant, Rule, Surroundings};
pub use explain::{Explanation, Line, Reason, explain};
pub use refusal::Refusal;
pub use route_group::{KeyType, RouteGroup};
pub use subset::{Unset, Wider, subset};

/// What one link of a chain allows: a key, its owner, a team, a project, an organisation, the
/// creator. A call is allowed when every link allows it, so a grant can only narrow: a field that
/// is not set narrows nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Grant {
    /// Names of model groups, with `*` for any text; an empty list allows none. A name may also be
    /// an access group's, or one of LiteLLM's `all-proxy-models` (any), `all-team-models` (those of
    /// the key's team) and `no-default-models` (none).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<Box<str>>>,
    /// Names of access groups, whose models are allowed besides `models`. They need `models`, be it
    /// an empty list: else a grant that loses its last group would be left without a limit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_groups: Vec<Box<str>>,
    /// Paths of routes, with `/*` at the end for any rest, or names of groups of routes
    /// ([`RouteGroup`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routes: Option<Vec<Box<str>>>,
    /// Names of tools, with `*` for any text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<Box<str>>>,
    /// Tools that are refused whatever `tools` says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocked_tools: Vec<Box<str>>,
    /// Names of MCP servers, with `*` for any text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcp_servers: Option<Vec<Box<str>>>,
    /// Regions that a deployment may be in, as its configuration calls them; one that names none is
    /// in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regions: Option<Vec<Box<str>>>,
    /// Networks that calls may come from, as CIDR.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<Box<str>>>,
    /// Hours of the week in which calls are allowed, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Vec<Hours>>,
    /// The end of it all, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// The most tokens that a call may ask for as its reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// `Some(false)`: no content of calls may be kept; `Some(true)`: it may, where all agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_logging: Option<bool>,
    /// Nothing is allowed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
}

/// A span of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// The days it holds on, Monday is 0.
    pub days: Vec<u8>,
    /// Its first minute of the day.
    pub from: u16,
    /// The minute after its last; at most 1440.
    pub to: u16,
}

#[cfg(test)]
mod tests;
