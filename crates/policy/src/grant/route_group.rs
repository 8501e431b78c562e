/// A name for a set of routes that a grant may use instead of their paths: LiteLLM's, with what
/// LiteLLM counts to them. Its groups that describe roles are not here: what a role may do is the
/// access table's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RouteGroup {
    /// Every call to a model, and what belongs to it.
    LlmApi,
    /// OpenAI's API.
    OpenAi,
    /// Anthropic's API.
    Anthropic,
    /// Google's API.
    Google,
    /// The roots of the native APIs that are passed through.
    PassThroughRoots,
    /// What is below those roots.
    PassThrough,
    /// The gateway's own calls.
    Native,
    /// MCP: calls and servers.
    Mcp,
    /// MCP: calls.
    McpCalls,
    /// MCP: servers.
    McpServers,
    /// Agents.
    Agents,
    /// Guardrails by themselves.
    Guardrails,
    /// What models there are.
    Models,
    /// Reading about keys, teams, users and models.
    Reading,
    /// Everything about keys.
    Keys,
    /// The management API.
    Management,
    /// One's own spend.
    Spend,
    /// Everybody's spend.
    GlobalSpend,
}

const OPENAI: &[&str] = &[
    "/chat/completions",
    "/v1/chat/completions",
    "/engines/{model}/chat/completions",
    "/openai/deployments/{model}/chat/completions",
    "/cursor/chat/completions",
    "/completions",
    "/v1/completions",
    "/engines/{model}/completions",
    "/openai/deployments/{model}/completions",
    "/embeddings",
    "/v1/embeddings",
    "/engines/{model}/embeddings",
    "/openai/deployments/{model}/embeddings",
    "/models",
    "/v1/models",
    "/models/{model}",
    "/v1/models/{model}",
    "/responses",
    "/responses/*",
    "/v1/responses",
    "/v1/responses/*",
    "/images/generations",
    "/v1/images/generations",
    "/images/edits",
    "/v1/images/edits",
    "/audio/transcriptions",
    "/v1/audio/transcriptions",
    "/audio/speech",
    "/v1/audio/speech",
    "/moderations",
    "/v1/moderations",
    "/rerank",
    "/v1/rerank",
    "/v2/rerank",
    "/realtime",
    "/v1/realtime",
    "/files",
    "/files/*",
    "/v1/files",
    "/v1/files/*",
    "/batches",
    "/batches/*",
    "/v1/batches",
    "/v1/batches/*",
    "/fine_tuning/jobs",
    "/fine_tuning/jobs/*",
    "/v1/fine_tuning/jobs",
    "/v1/fine_tuning/jobs/*",
    "/assistants",
    "/assistants/*",
    "/v1/assistants",
    "/v1/assistants/*",
    "/threads",
    "/threads/*",
    "/v1/threads",
    "/v1/threads/*",
    "/vector_stores",
    "/vector_stores/*",
    "/v1/vector_stores",
    "/v1/vector_stores/*",
    "/videos",
    "/videos/*",
    "/v1/videos",
    "/v1/videos/*",
    "/search",
    "/search/{tool}",
    "/v1/search",
    "/v1/search/{tool}",
    "/ocr",
    "/v1/ocr",
    "/containers",
    "/containers/*",
    "/v1/containers",
    "/v1/containers/*",
    "/utils/token_counter",
    "/utils/transform_request",
];
const ANTHROPIC: &[&str] = &[
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/skills",
    "/v1/skills/{skill}",
];
const GOOGLE: &[&str] = &[
    "/v1beta/models/{call}",
    "/interactions",
    "/interactions/*",
    "/v1beta/interactions",
    "/v1beta/interactions/*",
];
const PASS_THROUGH_ROOTS: &[&str] = &[
    "/anthropic",
    "/assemblyai",
    "/azure",
    "/azure_ai",
    "/bedrock",
    "/cohere",
    "/cursor",
    "/eu.assemblyai",
    "/gemini",
    "/langfuse",
    "/milvus",
    "/mistral",
    "/openai",
    "/openai_passthrough",
    "/vertex-ai",
    "/vertex_ai",
    "/vllm",
];
const PASS_THROUGH: &[&str] = &[
    "/anthropic/*",
    "/assemblyai/*",
    "/azure/*",
    "/azure_ai/*",
    "/bedrock/*",
    "/cohere/*",
    "/cursor/*",
    "/eu.assemblyai/*",
    "/gemini/*",
    "/langfuse/*",
    "/milvus/*",
    "/mistral/*",
    "/openai/*",
    "/openai_passthrough/*",
    "/vertex-ai/*",
    "/vertex_ai/*",
    "/vllm/*",
];
const NATIVE: &[&str] = &[
    "/rag/ingest",
    "/v1/rag/ingest",
    "/rag/query",
    "/v1/rag/query",
];
const MCP_CALLS: &[&str] = &[
    "/mcp",
    "/mcp/*",
    "/mcp-rest/tools/list",
    "/mcp-rest/tools/call",
    "/v1/mcp/tools",
];
const MCP_SERVERS: &[&str] = &["/v1/mcp/server", "/v1/mcp/server/*"];
const AGENTS: &[&str] = &["/agents", "/a2a/{agent}", "/a2a/{agent}/*"];
const GUARDRAILS: &[&str] = &["/guardrails/apply_guardrail"];
const MODELS: &[&str] = &["/model/info", "/v1/model/info", "/model_group/info"];
const READING: &[&str] = &[
    "/key/info",
    "/v2/key/info",
    "/key/list",
    "/team/info",
    "/team/list",
    "/v2/team/list",
    "/organization/list",
    "/user/info",
    "/v2/user/info",
    "/model/info",
    "/v1/model/info",
    "/v2/model/info",
    "/model_group/info",
    "/models",
    "/v1/models",
    "/health",
];
const KEYS: &[&str] = &["/key/*", "/v2/key/info"];
const MANAGEMENT: &[&str] = &[
    "/user/*",
    "/v2/user/info",
    "/team/*",
    "/v2/team/list",
    "/organization/*",
    "/project/*",
    "/service_account/*",
    "/customer/*",
    "/end_user/*",
    "/budget/*",
    "/tag/*",
    "/access_group/*",
    "/access/explain",
    "/credentials",
    "/credentials/*",
    "/model/*",
    "/v1/model/info",
    "/v2/model/info",
    "/model_group/info",
];
const SPEND: &[&str] = &[
    "/spend/keys",
    "/spend/users",
    "/spend/tags",
    "/spend/calculate",
    "/spend/logs",
    "/spend/logs/v2",
];
const GLOBAL_SPEND: &[&str] = &["/global/spend", "/global/spend/*"];

impl RouteGroup {
    /// Every group.
    pub const ALL: [Self; 18] = [
        Self::LlmApi,
        Self::OpenAi,
        Self::Anthropic,
        Self::Google,
        Self::PassThroughRoots,
        Self::PassThrough,
        Self::Native,
        Self::Mcp,
        Self::McpCalls,
        Self::McpServers,
        Self::Agents,
        Self::Guardrails,
        Self::Models,
        Self::Reading,
        Self::Keys,
        Self::Management,
        Self::Spend,
        Self::GlobalSpend,
    ];

    /// Its name in `allowed_routes`, LiteLLM's.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LlmApi => "llm_api_routes",
            Self::OpenAi => "openai_routes",
            Self::Anthropic => "anthropic_routes",
            Self::Google => "google_routes",
            Self::PassThroughRoots => "mapped_pass_through_routes",
            Self::PassThrough => "passthrough_routes_wildcard",
            Self::Native => "litellm_native_routes",
            Self::Mcp => "mcp_routes",
            Self::McpCalls => "mcp_inference_routes",
            Self::McpServers => "mcp_management_routes",
            Self::Agents => "agent_routes",
            Self::Guardrails => "apply_guardrail_routes",
            Self::Models => "model_info_routes",
            Self::Reading => "info_routes",
            Self::Keys => "key_management_routes",
            Self::Management => "management_routes",
            Self::Spend => "spend_tracking_routes",
            Self::GlobalSpend => "global_spend_tracking_routes",
        }
    }

    /// The group of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.as_str() == name)
    }

    /// The paths of its routes: `{}` stands for one segment, `/*` at the end for any rest.
    pub fn paths(self) -> impl Iterator<Item = &'static str> {
        let lists: &[&[&str]] = match self {
            Self::LlmApi => &[
                OPENAI,
                ANTHROPIC,
                GOOGLE,
                PASS_THROUGH_ROOTS,
                PASS_THROUGH,
                GUARDRAILS,
                MCP_CALLS,
                NATIVE,
                AGENTS,
                MODELS,
            ],
            Self::OpenAi => &[OPENAI],
            Self::Anthropic => &[ANTHROPIC],
            Self::Google => &[GOOGLE],
            Self::PassThroughRoots => &[PASS_THROUGH_ROOTS],
            Self::PassThrough => &[PASS_THROUGH],
            Self::Native => &[NATIVE],
            Self::Mcp => &[MCP_CALLS, MCP_SERVERS],
            Self::McpCalls => &[MCP_CALLS],
            Self::McpServers => &[MCP_SERVERS],
            Self::Agents => &[AGENTS],
            Self::Guardrails => &[GUARDRAILS],
            Self::Models => &[MODELS],
            Self::Reading => &[READING],
            Self::Keys => &[KEYS],
            Self::Management => &[MANAGEMENT, KEYS],
            Self::Spend => &[SPEND],
            Self::GlobalSpend => &[GLOBAL_SPEND],
        };
        lists.iter().copied().flatten().copied()
    }
}

/// LiteLLM's `key_type`: what a new key may call where it does not list its routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// Calls to models.
    LlmApi,
    /// The management API.
    Management,
    /// Reading.
    ReadOnly,
    /// Whatever its owner may.
    Default,
}

impl KeyType {
    /// The type of this name in the API.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "llm_api" => Self::LlmApi,
            "management" => Self::Management,
            "read_only" => Self::ReadOnly,
            "default" => Self::Default,
            _ => return None,
        })
    }

    /// The group that a grant's `routes` hold for it; `None`: they are not limited.
    #[must_use]
    pub const fn routes(self) -> Option<RouteGroup> {
        match self {
            Self::LlmApi => Some(RouteGroup::LlmApi),
            Self::Management => Some(RouteGroup::Management),
            Self::ReadOnly => Some(RouteGroup::Reading),
            Self::Default => None,
        }
    }
}
