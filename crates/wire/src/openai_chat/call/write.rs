use bytes::{Bytes, BytesMut};
use ironward_core::Fault;

use super::write_message;
use crate::writer::JsonWriter;
use crate::{Chat, Effort, Json, OutputFormat, Reasoning, Sampling, Tool, ToolChoice};

/// What is written beyond OpenAI's own format, which refuses every field that it does not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Additions {
    /// Thoughts go back as `reasoning_content`, which DeepSeek and Moonshot want after tool calls.
    pub reasoning_content: bool,
    /// Cache markers are written as `cache_control`, which `OpenRouter` and Alibaba take.
    pub cache_control: bool,
    /// Thought signatures are written as `extra_content`, which Google's endpoint wants.
    pub thought_signatures: bool,
}

/// Writes a call for an upstream that speaks this dialect, as `model`.
///
/// Thoughts and cache markers are left out. What is in [`Chat::extra`] is the provider's to decide
/// on, and so are fields that not every vendor of the dialect takes: `top_k` is written where it is
/// set, the role `developer` stays, and the limit of output is `max_completion_tokens`.
///
/// # Errors
/// When the conversation has something that the dialect has no form for.
pub fn encode_call(chat: &Chat, model: &str, stream: bool) -> Result<Bytes, Fault> {
    encode_call_with(chat, model, stream, Additions::default())
}

/// As [`encode_call`], with what a vendor takes beyond OpenAI's format.
///
/// # Errors
/// As [`encode_call`].
pub fn encode_call_with(
    chat: &Chat,
    model: &str,
    stream: bool,
    additions: Additions,
) -> Result<Bytes, Fault> {
    let mut out = BytesMut::with_capacity(1024);
    let mut json = JsonWriter::new(&mut out);
    json.begin_object().key("model").text(model);
    json.key("messages").begin_array();
    for (position, message) in chat.messages.iter().enumerate() {
        let mut target = write_message::Target {
            json: &mut json,
            tools: &chat.tools,
            additions,
            position,
        };
        target.message(message)?;
    }
    json.end_array();
    tools(&mut json, chat, additions)?;
    output(&mut json, &chat.output);
    json.field("max_completion_tokens", chat.max_output_tokens);
    sampling(&mut json, &chat.sampling);
    json.field("reasoning_effort", effort(chat.reasoning.as_ref()));
    json.field("user", chat.user.as_deref());
    json.field("service_tier", chat.service_tier.as_deref().map(tier));
    if stream {
        json.key("stream").raw("true");
        json.key("stream_options").raw(r#"{"include_usage":true}"#);
    }
    json.end_object();
    Ok(out.freeze())
}

fn tools(json: &mut JsonWriter<'_>, chat: &Chat, additions: Additions) -> Result<(), Fault> {
    // A choice without tools is an error.
    if chat.tools.is_empty() {
        return Ok(());
    }
    json.key("tools").begin_array();
    for (position, tool) in chat.tools.iter().enumerate() {
        match &tool.builtin {
            None => function(json, tool, additions),
            Some(builtin) if is_custom(tool) => {
                json.raw(builtin.text());
            }
            Some(_) => {
                let param = format!("tools[{position}]");
                let message = format!(
                    "'{param}' is a tool that only its own vendor runs; use a model of that vendor or remove it"
                );
                return Err(Fault::invalid(param, message));
            }
        }
    }
    json.end_array();
    match &chat.tool_choice {
        None => {}
        Some(ToolChoice::Auto) => {
            json.key("tool_choice").text("auto");
        }
        Some(ToolChoice::None) => {
            json.key("tool_choice").text("none");
        }
        Some(ToolChoice::Required) => {
            json.key("tool_choice").text("required");
        }
        Some(ToolChoice::Tool(name)) => {
            let tool = chat.tools.iter().find(|tool| tool.name == *name);
            let kind = if tool.is_some_and(is_custom) {
                "custom"
            } else {
                "function"
            };
            json.key("tool_choice").begin_object();
            json.key("type").text(kind);
            json.key(kind).begin_object().key("name").text(name);
            json.end_object().end_object();
        }
    }
    json.field("parallel_tool_calls", chat.parallel_tool_calls);
    Ok(())
}

/// Whether a tool is OpenAI's own kind with free text for its input.
pub(super) fn is_custom(tool: &Tool) -> bool {
    #[derive(serde::Deserialize)]
    struct Custom {
        #[serde(rename = "type")]
        kind: String,
        custom: Option<serde::de::IgnoredAny>,
    }
    tool.builtin.as_ref().is_some_and(|builtin| {
        serde_json::from_str::<Custom>(builtin.text())
            .is_ok_and(|tool| tool.kind == "custom" && tool.custom.is_some())
    })
}

fn function(json: &mut JsonWriter<'_>, tool: &Tool, additions: Additions) {
    json.begin_object().key("type").text("function");
    json.key("function").begin_object();
    json.key("name").text(&tool.name);
    json.field("description", tool.description.as_deref());
    json.key("parameters").raw(tool.parameters.text());
    json.field("strict", tool.strict);
    json.end_object();
    if additions.cache_control {
        write_message::cache(json, tool.cache);
    }
    json.end_object();
}

fn output(json: &mut JsonWriter<'_>, output: &OutputFormat) {
    match output {
        OutputFormat::Text => {}
        OutputFormat::JsonObject => {
            json.key("response_format").raw(r#"{"type":"json_object"}"#);
        }
        OutputFormat::JsonSchema {
            name,
            description,
            schema,
            strict,
        } => {
            json.key("response_format").begin_object();
            json.key("type").text("json_schema");
            json.key("json_schema").begin_object();
            json.key("name").text(name);
            json.field("description", description.as_deref());
            json.key("schema").raw(schema.text());
            json.field("strict", *strict);
            json.end_object().end_object();
        }
    }
}

fn sampling(json: &mut JsonWriter<'_>, sampling: &Sampling) {
    json.field("temperature", sampling.temperature);
    json.field("top_p", sampling.top_p);
    json.field("top_k", sampling.top_k);
    json.field("seed", sampling.seed);
    if !sampling.stop.is_empty() {
        json.key("stop").value(&sampling.stop);
    }
    json.field("frequency_penalty", sampling.frequency_penalty);
    json.field("presence_penalty", sampling.presence_penalty);
    if let Some(bias) = &sampling.logit_bias {
        json.key("logit_bias").raw(Json::text(bias));
    }
    json.field("n", sampling.n);
    json.field("logprobs", sampling.logprobs);
    json.field("top_logprobs", sampling.top_logprobs);
}

/// The effort asked for, or the one nearest to a budget. That thinking is off says nothing here:
/// it is off in every model that does not know `reasoning_effort`, and an error to say so.
fn effort(reasoning: Option<&Reasoning>) -> Option<&'static str> {
    let reasoning = reasoning?;
    let effort = reasoning
        .effort
        .or_else(|| reasoning.budget_tokens.map(Effort::from_budget));
    effort.map(Effort::as_str)
}

/// Anthropic's name of the tier that is not bought in advance is OpenAI's `default`.
fn tier(tier: &str) -> &str {
    match tier {
        "standard_only" => "default",
        tier => tier,
    }
}
