//! What a call asks for that a grant may limit, read from the body as it was written. Only what
//! somebody limits is read.

use std::sync::Arc;

use http::HeaderMap;
use ironward_core::Fault;
use ironward_policy::{Link, Rule, limits};
use ironward_wire::{Body, Call, mistyped};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::side_pool::{SidePool, Work};

/// What a call asks for; empty where nobody limits it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Asks {
    tools: Vec<String>,
    servers: Vec<String>,
    /// The most tokens of its reply, by the highest number that it gives for that.
    pub(super) output_tokens: Option<u64>,
}

impl Asks {
    /// # Errors
    /// A bad-request fault when it cannot be told what the call asks for: what nobody can read,
    /// nobody can allow.
    pub(super) async fn of(
        call: &Arc<Call>,
        links: &[Link<'_>],
        side_pool: &SidePool,
    ) -> Result<Self, Fault> {
        let body = &call.body;
        let mut asks = Self::default();
        let by_tool = [Rule::Tools, Rule::BlockedTools, Rule::McpServers];
        if limits(links, &by_tool) {
            let size = TOOLS
                .iter()
                .filter_map(|name| body.field(name))
                .map(str::len)
                .sum();
            let call = Arc::clone(call);
            let read = move || {
                asks.read_tools(&call.body)?;
                Ok(asks)
            };
            asks = side_pool.run(Work::Translate, size, read).await?;
        }
        if limits(links, &[Rule::OutputTokens]) {
            for field in OUTPUT_TOKENS {
                asks.output_tokens = asks.output_tokens.max(body.read_field(field)?);
            }
        }
        Ok(asks)
    }

    /// The names of its tools.
    pub(super) fn tools(&self) -> Vec<&str> {
        self.tools.iter().map(String::as_str).collect()
    }

    /// The names of its MCP servers.
    pub(super) fn servers(&self) -> Vec<&str> {
        self.servers.iter().map(String::as_str).collect()
    }

    fn read_tools(&mut self, body: &Body) -> Result<(), Fault> {
        let [tools, functions, servers] = TOOLS;
        for tool in list::<Tool>(body, tools)? {
            if let Some(server) = tool.server_label {
                self.servers.push(server);
                continue;
            }
            let inner = [tool.function, tool.custom].into_iter().flatten().next();
            let name = inner.map(|named| named.name).or(tool.name).or(tool.kind);
            self.tools.push(name.ok_or_else(|| {
                Fault::invalid(
                    "tools",
                    "'tools' holds one without a name; this key may only use some, so each has to be named",
                )
            })?);
        }
        let functions = list::<Named>(body, functions)?;
        self.tools.extend(functions.into_iter().map(|one| one.name));
        if body.field("web_search_options").is_some() {
            self.tools.push("web_search".to_owned());
        }
        let servers = list::<Named>(body, servers)?;
        self.servers.extend(servers.into_iter().map(|one| one.name));
        Ok(())
    }
}

/// The fields that hold tools.
const TOOLS: [&str; 3] = ["tools", "functions", "mcp_servers"];

/// The fields by which providers take the most tokens of a reply: those that a grant bounds, and that
/// a budget's ceiling is found by.
pub(super) const OUTPUT_TOKENS: [&str; 5] = [
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "max_new_tokens",
    "max_tokens_to_sample",
];

/// OpenAI's `{"type","function":{"name"}}`, Anthropic's `{"name"}`, and the tools of a provider's
/// own, which have a type and may have a name.
#[derive(Deserialize)]
struct Tool {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    function: Option<Named>,
    custom: Option<Named>,
    server_label: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

fn list<T: DeserializeOwned>(body: &Body, name: &str) -> Result<Vec<T>, Fault> {
    let Some(text) = body.field(name) else {
        return Ok(Vec::new());
    };
    serde_json::from_str(text).map_err(|error| mistyped(name, &error))
}

/// Headers that name the end user whom a call is for, LiteLLM's before the body.
const CUSTOMER_HEADERS: [&str; 2] = ["x-litellm-customer-id", "x-litellm-end-user-id"];

/// No end user has a longer id: what is longer is not looked for.
const LONGEST_ID: usize = 4096;

/// The end user whom a call is for, as its headers say. LiteLLM believes them before the body.
pub(super) fn customer_in(headers: &HeaderMap) -> Option<String> {
    CUSTOMER_HEADERS.into_iter().find_map(|name| {
        let value = headers.get(name)?.to_str().ok()?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    })
}

/// The end user whom a call is for, as its body says: `user`, `litellm_metadata.user`,
/// `metadata.user_id`, in LiteLLM's order. As long as the body takes to read.
pub(super) fn customer_of(body: &Body) -> Option<String> {
    let nested = |name| serde_json::from_str::<Inner<'_>>(body.field(name)?).ok();
    let text = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).ok();
    body.field("user")
        .and_then(|user| serde_json::from_str(user).ok())
        .or_else(|| text(nested("litellm_metadata")?.user?))
        .or_else(|| text(nested("metadata")?.user_id?))
        .filter(|id| !id.is_empty() && id.len() <= LONGEST_ID)
}

/// What is read of an object that may hold anything.
#[derive(Deserialize)]
struct Inner<'a> {
    #[serde(borrow)]
    user: Option<&'a RawValue>,
    #[serde(borrow)]
    user_id: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests;
