use ironward_core::{FaultKind, shown_name};

use super::compiled::is_within;
use super::week::time_of_week;
use super::{Asked, Link, Rule, Which};
use crate::calendar::timestamp;

/// Why a call is not let through, and what its caller is told: LiteLLM's words and codes where
/// LiteLLM has the rule. The text names what was asked for, nothing else that the grant holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Whose rule it is; `None`: the call has no chain at all.
    pub by: Option<Which>,
    /// Which rule.
    pub rule: Rule,
    /// [`FaultKind::Authentication`] (401) or [`FaultKind::PermissionDenied`] (403).
    pub kind: FaultKind,
    /// The error's `type`: `key_model_access_denied`, `expired_key`, ...
    pub code: &'static str,
    /// The field of the call that is at fault.
    pub param: Option<&'static str>,
    /// For the caller.
    pub say: String,
}

impl Refusal {
    pub(super) fn of(link: &Link<'_>, rule: Rule, asked: &Asked<'_>) -> Self {
        let (code, param) = match rule {
            Rule::Expires => ("expired_key", None),
            Rule::Models | Rule::Regions => (model_code(link.which), Some("model")),
            Rule::Tools | Rule::BlockedTools => ("tool_access_denied", Some("tools")),
            Rule::McpServers => ("tool_access_denied", None),
            Rule::OutputTokens => ("auth_error", Some("max_tokens")),
            _ => ("auth_error", None),
        };
        Self {
            by: Some(link.which),
            rule,
            kind: match rule {
                Rule::Blocked | Rule::Expires => FaultKind::Authentication,
                _ => FaultKind::PermissionDenied,
            },
            code,
            param,
            say: said(link, rule, asked),
        }
    }

    /// A call without a chain: nobody grants it.
    pub(super) fn of_nobody() -> Self {
        Self {
            by: None,
            rule: Rule::Blocked,
            kind: FaultKind::Authentication,
            code: "auth_error",
            param: None,
            say: "Authentication Error, nobody grants this call.".to_owned(),
        }
    }
}

/// LiteLLM's word for whose grant it is.
const fn object(which: Which) -> &'static str {
    match which {
        Which::Key => "key",
        Which::User | Which::Creator => "user",
        Which::ServiceAccount => "agent",
        Which::Member => "team member",
        Which::Project => "project",
        Which::Team => "team",
        Which::Organisation => "org",
        Which::Customer => "customer",
    }
}

const fn model_code(which: Which) -> &'static str {
    match which {
        Which::Key => "key_model_access_denied",
        Which::User | Which::Creator => "user_model_access_denied",
        Which::ServiceAccount => "agent_model_access_denied",
        Which::Member | Which::Team => "team_model_access_denied",
        Which::Project => "project_model_access_denied",
        Which::Organisation => "org_model_access_denied",
        Which::Customer => "customer_model_access_denied",
    }
}

fn said(link: &Link<'_>, rule: Rule, asked: &Asked<'_>) -> String {
    let (object, grant) = (object(link.which), link.grant);
    let model = shown_name(asked.called.or(asked.model).unwrap_or_default());
    match rule {
        Rule::Blocked => blocked(link),
        Rule::Expires => expired(link, asked),
        Rule::Sources => match asked.source {
            Some(address) => format!("Access forbidden: IP address {address} not allowed."),
            None => "Access forbidden: IP address not known.".to_owned(),
        },
        Rule::Hours => {
            let now = time_of_week(asked.now);
            format!("{object} not allowed to call at this time. It is {now} UTC")
        }
        Rule::Routes => {
            let route = asked.route.first().unwrap_or(&"none");
            let whose = match link.which {
                Which::Key => "Virtual key",
                _ => object,
            };
            format!("{whose} is not allowed to call this route. Tried to call route: {route}")
        }
        Rule::Models => {
            format!("{object} not allowed to access model. Tried to access {model}")
        }
        Rule::Tools | Rule::BlockedTools => {
            let mut tools = asked.tools.iter();
            let refused = tools.find(|tool| match rule {
                Rule::Tools => !is_within(grant.tools.as_ref(), tool),
                _ => grant.blocked_tools.covers(tool),
            });
            let tool = shown_name(refused.map_or("", |tool| tool));
            format!("{object} not allowed to use tool. Tried to use {tool}")
        }
        Rule::McpServers => {
            let mut servers = asked.mcp_servers.iter();
            let refused = servers.find(|server| !is_within(grant.mcp_servers.as_ref(), server));
            let server = shown_name(refused.map_or("", |server| server));
            format!("{object} not allowed to access MCP server. Tried to access {server}")
        }
        Rule::Regions => {
            format!("{object} not allowed to access a region that serves model {model}")
        }
        Rule::OutputTokens | Rule::ContentLogging => {
            let asked = asked.output_tokens.unwrap_or_default();
            let most = grant.output_tokens.unwrap_or_default();
            format!("{object} not allowed to ask for {asked} tokens; ask for at most {most}")
        }
    }
}

fn blocked(link: &Link<'_>) -> String {
    let name = link.name;
    match link.which {
        Which::Key => "Authentication Error, Key is blocked. Update via `/key/unblock` if you're \
                       an admin."
            .to_owned(),
        Which::Team => {
            format!("Team={name} is blocked. Update via `/team/unblock` if you're an admin.")
        }
        Which::Customer => format!("User blocked from making LLM API Calls. User={name}"),
        which => format!("Authentication Error, {} is blocked.", object(which)),
    }
}

fn expired(link: &Link<'_>, asked: &Asked<'_>) -> String {
    let expires = timestamp(link.grant.expires.unwrap_or_default());
    let now = timestamp(asked.now);
    match link.which {
        Which::Key => format!(
            "Authentication Error - Expired Key. Key Expiry time {expires} and current time {now}"
        ),
        which => format!(
            "Authentication Error - Expired {}. Expiry time {expires} and current time {now}",
            object(which)
        ),
    }
}
