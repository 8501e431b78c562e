//! What every provider does alike with parameters: a deployment's policy, fields that only the
//! gateway reads, hints that may be ignored, and fields that a vendor has no form for.
//!
//! A provider that speaks the call's dialect patches the body and calls [`apply`]. For any other
//! call the order is: [`prepare`] (defaults and drops, in the client's own words), [`check`] (what
//! the vendor has no form for), the dialect's `encode_call`, [`finish`] (`extra_body`).

use bytes::Bytes;
use ironward_core::{Fault, ParamPolicy};
use ironward_wire::{Body, Call, Chat, Dialect, Embeddings, Json, OutputFormat, Patch};

use crate::Target;

/// What a vendor can be asked for, beyond what every vendor can (messages, the limit of output
/// tokens, temperature, `top_p`, stop texts).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forms {
    /// The vendor's name, for faults.
    pub(crate) provider: &'static str,
    /// The neutral fields that it has a form for.
    pub(crate) fields: &'static [Field],
    /// Fields without a neutral form that go to it as they were written, such as Anthropic's
    /// `container` from a client that speaks OpenAI's dialect.
    pub(crate) native: &'static [&'static str],
}

/// A field of a conversation that not every vendor has a form for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    TopK,
    Seed,
    FrequencyPenalty,
    PresencePenalty,
    LogitBias,
    /// More than one reply.
    Several,
    Logprobs,
    TopLogprobs,
    JsonObject,
    JsonSchema,
    Tools,
    ToolChoice,
    ParallelToolCalls,
    Reasoning,
}

/// A field of the client's body that goes upstream as it was written: name, JSON text.
pub(crate) type Passed<'a> = (&'a str, &'a str);

/// A call with its deployment's defaults set and its `additional_drop_params` removed.
#[derive(Debug)]
pub(crate) struct Prepared<'a> {
    call: &'a Call,
    changed: Option<Call>,
}

impl Prepared<'_> {
    /// The call to encode.
    pub(crate) fn call(&self) -> &Call {
        self.changed.as_ref().unwrap_or(self.call)
    }
}

/// Applies a deployment's policy, and removes what only the gateway reads, where the client's body
/// is forwarded. A default whose name `takes` refuses is left out: the same deployment may serve
/// clients of another dialect, for whom it was written.
pub(crate) fn apply<'a>(
    patch: &mut Patch<'a>,
    policy: &'a ParamPolicy,
    takes: impl Fn(&str) -> bool,
) {
    for name in GATEWAY_FIELDS {
        patch.remove(name);
    }
    set_defaults(patch, policy, takes);
    for name in &policy.always_drop {
        patch.remove(name);
    }
    for (name, json) in &policy.extra_body {
        patch.set(name, &**json);
    }
}

/// Applies a deployment's defaults and drops to a call that is going to be written in another
/// dialect; nothing is copied where there are none.
///
/// # Errors
/// When a default is not JSON.
pub(crate) fn prepare<'a>(call: &'a Call, target: &Target<'_>) -> Result<Prepared<'a>, Fault> {
    let policy = &target.deployment.params;
    if policy.defaults.is_empty() && policy.always_drop.is_empty() {
        return Ok(Prepared {
            call,
            changed: None,
        });
    }
    let mut patch = call.body.patch();
    set_defaults(&mut patch, policy, |_| true);
    for name in &policy.always_drop {
        patch.remove(name);
    }
    let body = Body::read(patch.into_bytes())?;
    let mut changed = Call::read(call.dialect, body, Some(&call.model))?;
    changed.stream = call.stream;
    changed.forwarded = call.forwarded.clone();
    Ok(Prepared {
        call,
        changed: Some(changed),
    })
}

/// Holds a conversation against what a vendor has a form for; gives the fields to send as they
/// were written.
///
/// Hints that do not change what a reply means are ignored, values that mean the default are too.
///
/// # Errors
/// A bad-request fault in the client's own field names for the first field without a form, unless
/// the target drops such fields.
pub(crate) fn check<'a>(
    call: &'a Call,
    chat: &'a Chat,
    target: &Target<'_>,
    forms: &Forms,
) -> Result<Vec<Passed<'a>>, Fault> {
    let mut passed = Vec::new();
    for field in Field::ALL {
        if forms.fields.contains(&field) || !field.is_asked_for(chat) {
            continue;
        }
        let name = field.name(call.dialect);
        match call.body.field(name) {
            Some(json) if is_allowed(target, name) => passed.push((name, json)),
            _ => target.unsupported(forms.provider, name)?,
        }
    }
    check_extra(&chat.extra, target, forms, &mut passed)?;
    Ok(passed)
}

/// As [`check`], for texts to embed; `dimensions` is among `forms.native` where the vendor has it.
///
/// # Errors
/// As [`check`].
pub(crate) fn check_embeddings<'a>(
    embeddings: &'a Embeddings,
    target: &Target<'_>,
    forms: &Forms,
) -> Result<Vec<Passed<'a>>, Fault> {
    let mut passed = Vec::new();
    if embeddings.dimensions.is_some() && !forms.native.contains(&"dimensions") {
        target.unsupported(forms.provider, "dimensions")?;
    }
    check_extra(&embeddings.extra, target, forms, &mut passed)?;
    Ok(passed)
}

/// Puts the passed fields and the deployment's `extra_body` on an encoded body.
///
/// # Errors
/// When `extra_body` is not JSON.
pub(crate) fn finish(
    body: Bytes,
    passed: &[Passed<'_>],
    policy: &ParamPolicy,
) -> Result<Bytes, Fault> {
    if passed.is_empty() && policy.extra_body.is_empty() {
        return Ok(body);
    }
    let body = Body::read(body)?;
    let mut patch = body.patch();
    for (name, json) in passed {
        patch.set(name, *json);
    }
    for (name, json) in &policy.extra_body {
        patch.set(name, &**json);
    }
    Ok(patch.into_bytes())
}

pub(crate) fn set_defaults<'a>(
    patch: &mut Patch<'a>,
    policy: &'a ParamPolicy,
    takes: impl Fn(&str) -> bool,
) {
    const LIMITS: [&str; 2] = ["max_tokens", "max_completion_tokens"];
    for (name, json) in &policy.defaults {
        // One limit under two names: a default must not stand beside the client's own.
        let has_limit =
            LIMITS.contains(&&**name) && LIMITS.iter().any(|limit| patch.get(limit).is_some());
        if !has_limit && takes(name) {
            patch.set_default(name, json);
        }
    }
}

fn check_extra<'a>(
    extra: &'a [(String, Json)],
    target: &Target<'_>,
    forms: &Forms,
    passed: &mut Vec<Passed<'a>>,
) -> Result<(), Fault> {
    for (name, json) in extra {
        let name = name.as_str();
        if json.is_null() || GATEWAY_FIELDS.contains(&name) {
            continue;
        }
        if forms.native.contains(&name) || is_allowed(target, name) {
            passed.push((name, json.text()));
        } else if !HINTS.contains(&name) {
            target.unsupported(forms.provider, name)?;
        }
    }
    Ok(())
}

fn is_allowed(target: &Target<'_>, name: &str) -> bool {
    let allow = &target.deployment.params.allow;
    allow.iter().any(|allowed| &**allowed == name)
}

impl Field {
    const ALL: [Self; 14] = [
        Self::TopK,
        Self::Seed,
        Self::FrequencyPenalty,
        Self::PresencePenalty,
        Self::LogitBias,
        Self::Several,
        Self::Logprobs,
        Self::TopLogprobs,
        Self::JsonObject,
        Self::JsonSchema,
        Self::Tools,
        Self::ToolChoice,
        Self::ParallelToolCalls,
        Self::Reasoning,
    ];

    /// Whether the conversation asks for it, with another value than the one that means nothing:
    /// many clients write `n: 1` or a penalty of 0 into every call.
    fn is_asked_for(self, chat: &Chat) -> bool {
        let sampling = &chat.sampling;
        match self {
            Self::TopK => sampling.top_k.is_some(),
            Self::Seed => sampling.seed.is_some(),
            Self::FrequencyPenalty => sampling.frequency_penalty.is_some_and(|value| value != 0.0),
            Self::PresencePenalty => sampling.presence_penalty.is_some_and(|value| value != 0.0),
            Self::LogitBias => sampling
                .logit_bias
                .as_ref()
                .is_some_and(|bias| !bias.is_null() && bias.text() != "{}"),
            Self::Several => sampling.n.is_some_and(|n| n != 1),
            Self::Logprobs => sampling.logprobs == Some(true),
            Self::TopLogprobs => sampling.top_logprobs.is_some_and(|top| top != 0),
            Self::JsonObject => chat.output == OutputFormat::JsonObject,
            Self::JsonSchema => matches!(chat.output, OutputFormat::JsonSchema { .. }),
            Self::Tools => !chat.tools.is_empty(),
            Self::ToolChoice => chat.tool_choice.is_some() && !chat.tools.is_empty(),
            Self::ParallelToolCalls => {
                chat.parallel_tool_calls == Some(false) && !chat.tools.is_empty()
            }
            Self::Reasoning => chat.reasoning.is_some(),
        }
    }

    /// The field's name in the client's dialect.
    const fn name(self, dialect: Dialect) -> &'static str {
        let is_anthropic = matches!(
            dialect,
            Dialect::AnthropicMessages | Dialect::AnthropicCountTokens
        );
        match self {
            Self::TopK => "top_k",
            Self::Seed => "seed",
            Self::FrequencyPenalty => "frequency_penalty",
            Self::PresencePenalty => "presence_penalty",
            Self::LogitBias => "logit_bias",
            Self::Several => "n",
            Self::Logprobs => "logprobs",
            Self::TopLogprobs => "top_logprobs",
            Self::JsonObject | Self::JsonSchema if is_anthropic => "output_config",
            Self::JsonObject | Self::JsonSchema => "response_format",
            Self::Tools => "tools",
            Self::ToolChoice => "tool_choice",
            Self::ParallelToolCalls if is_anthropic => "tool_choice",
            Self::ParallelToolCalls => "parallel_tool_calls",
            Self::Reasoning if is_anthropic => "thinking",
            Self::Reasoning => "reasoning_effort",
        }
    }
}

/// Fields that only make a reply cheaper, faster or easier to find: a vendor without a form for
/// one answers the same question without it.
pub(crate) const HINTS: [&str; 19] = [
    // OpenAI
    "metadata",
    "modalities",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "store",
    "stream_options",
    "user",
    "verbosity",
    // Anthropic
    "betas",
    "cache_control",
    "context_management",
    "diagnostics",
    "speed",
    // Sent by LangChain and the Vercel SDK to every vendor.
    "include_reasoning",
    "stream",
];

/// What LiteLLM's clients write into a body for the gateway; no vendor sees it. A body's own
/// `extra_body` could set what nobody authorised, and `fallbacks`, which Anthropic reads too, names
/// models that nobody authorised. Hosts and keys in a body are refused before this; the list
/// repeats them because this is the last place that could send them.
pub(crate) const GATEWAY_FIELDS: [&str; 46] = [
    "additional_drop_params",
    "allowed_openai_params",
    "api_base",
    "api_key",
    "api_version",
    "base_url",
    "cache",
    "caching",
    "content_policy_fallbacks",
    "context_window_fallback_dict",
    "context_window_fallbacks",
    "custom_llm_provider",
    "disable_fallbacks",
    "drop_params",
    "extra_body",
    "extra_headers",
    "fallbacks",
    "force_timeout",
    "guardrail_config",
    "guardrails",
    "headers",
    "litellm_agent_id",
    "litellm_call_id",
    "litellm_credential_name",
    "litellm_logging_obj",
    "litellm_metadata",
    "litellm_params",
    "litellm_session_id",
    "litellm_trace_id",
    "max_retries",
    "mock_response",
    "mock_testing_content_policy_fallbacks",
    "mock_testing_context_fallbacks",
    "mock_testing_fallbacks",
    "mock_testing_rate_limit_error",
    "mock_timeout",
    "mock_tool_calls",
    "model_list",
    "no-log",
    "num_retries",
    "policies",
    "request_timeout",
    "stream_timeout",
    "tags",
    "timeout",
    "user_config",
];

#[cfg(test)]
mod tests;
