//! How much the model thinks, in Anthropic's two forms: a budget in tokens (`enabled`), and an
//! effort with the amount left to the model (`adaptive`), which is the only form since Claude 4.7.
//! <https://docs.anthropic.com/en/docs/build-with-claude/adaptive-thinking>

use ironward_core::Fault;
use serde::Serialize;

use super::object::{Object, Path};
use crate::{Chat, Effort, PartBody, Reasoning, Role, ToolChoice};

/// What a call gets when the client sets no limit, besides the thinking; as with LiteLLM.
const DEFAULT_MAX_TOKENS: u64 = 4096;

/// Anthropic's least thinking budget.
const LEAST_BUDGET: u64 = 1024;

/// `thinking`, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct ThinkingWritten {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'static str>,
}

/// What a conversation's reasoning becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) thinking: Option<ThinkingWritten>,
    /// `output_config.effort`.
    pub(super) effort: Option<&'static str>,
    pub(super) max_tokens: u64,
}

impl Plan {
    /// Whether the model thinks, which rules out most sampling parameters.
    pub(super) fn thinks(&self) -> bool {
        self.thinking
            .is_some_and(|thinking| thinking.kind != "disabled")
    }
}

/// Reads `thinking` and `output_config.effort`.
pub(super) fn read_reasoning(root: &Object<'_, '_>) -> Result<Option<Reasoning>, Fault> {
    let mut reasoning = None;
    if let Some(text) = root.get("thinking") {
        let path = Path::ROOT.field("thinking");
        let thinking = Object::read(text, &path)?;
        let mut read = Reasoning::default();
        match thinking.required_text("type")?.as_str() {
            "enabled" => {
                let budget = thinking.unsigned("budget_tokens")?;
                let budget = budget.ok_or_else(|| path.field("budget_tokens").is_missing())?;
                read.budget_tokens = Some(budget);
                read.enabled = Some(true);
            }
            "disabled" => read.enabled = Some(false),
            "adaptive" | "between_tools" => read.enabled = Some(true),
            _ => {
                return Err(path
                    .field("type")
                    .has_to_be("'enabled', 'disabled', 'adaptive' or 'between_tools'"));
            }
        }
        read.visible = match thinking.text("display")?.as_deref() {
            Some("summarized") => Some(true),
            Some("omitted") => Some(false),
            _ => None,
        };
        reasoning = Some(read);
    }
    if let Some(text) = root.get("output_config") {
        let path = Path::ROOT.field("output_config");
        if let Some(word) = Object::read(text, &path)?.text("effort")? {
            let effort = Effort::read(&word).ok_or_else(|| {
                path.field("effort")
                    .has_to_be("'low', 'medium', 'high', 'xhigh' or 'max'")
            })?;
            reasoning.get_or_insert_default().effort = Some(effort);
        }
    }
    Ok(reasoning)
}

/// Decides the form for `model`.
///
/// An effort alone (OpenAI's `reasoning_effort`) is a hint: it never raises the client's limit of
/// tokens, for which money may be reserved, and it gives way where Anthropic would refuse the
/// call, which OpenAI's clients can't know: with a tool that has to be called, and in a tool loop
/// whose thoughts the client did not keep.
pub(super) fn plan(chat: &Chat, model: &str) -> Plan {
    let reasoning = chat.reasoning.clone().unwrap_or_default();
    let limit = chat.max_output_tokens;
    let written = |kind, budget_tokens| ThinkingWritten {
        kind,
        budget_tokens,
        display: reasoning.visible.map(
            |is_visible| {
                if is_visible { "summarized" } else { "omitted" }
            },
        ),
    };
    let without = |thinking| Plan {
        thinking,
        effort: None,
        max_tokens: limit.unwrap_or(DEFAULT_MAX_TOKENS),
    };
    let is_off = reasoning.enabled == Some(false)
        || reasoning.effort == Some(Effort::None)
        || reasoning.budget_tokens == Some(0);
    if is_off {
        return without(Some(ThinkingWritten {
            kind: "disabled",
            budget_tokens: None,
            display: None,
        }));
    }
    let is_hint = reasoning.enabled.is_none() && reasoning.budget_tokens.is_none();
    let is_asked_for = !is_hint || reasoning.effort.is_some();
    let must_call = matches!(
        chat.tool_choice,
        Some(ToolChoice::Required | ToolChoice::Tool(_))
    );
    if !is_asked_for || (is_hint && must_call) {
        return without(None);
    }
    let asked = reasoning
        .budget_tokens
        .or_else(|| reasoning.effort.map(Effort::budget_tokens))
        .unwrap_or(0);
    let is_adaptive = reasoning.budget_tokens.is_none() && reasoning.enabled == Some(true);
    if is_adaptive || takes_only_adaptive(model) {
        let effort = reasoning
            .effort
            .or_else(|| reasoning.budget_tokens.map(Effort::from_budget));
        return Plan {
            thinking: Some(written("adaptive", None)),
            effort: effort.map(effort_word),
            max_tokens: limit.unwrap_or_else(|| DEFAULT_MAX_TOKENS.saturating_add(asked)),
        };
    }
    let budget = match limit {
        Some(limit) if is_hint => asked.min(limit.saturating_sub(1)),
        _ => asked,
    };
    if is_hint && (budget < LEAST_BUDGET || lost_its_thoughts(chat)) {
        return without(None);
    }
    Plan {
        thinking: Some(written("enabled", Some(budget))),
        effort: None,
        max_tokens: limit.unwrap_or_else(|| DEFAULT_MAX_TOKENS.saturating_add(budget)),
    }
}

const fn effort_word(effort: Effort) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::ExtraHigh => "xhigh",
        Effort::Max => "max",
    }
}

/// Whether the conversation stands in a tool loop whose assistant turn does not begin with a
/// thought that Anthropic signed; with a budget it refuses such a call.
fn lost_its_thoughts(chat: &Chat) -> bool {
    let mut turns = chat.messages.iter().rev();
    let in_loop = turns
        .by_ref()
        .take_while(|message| message.role == Role::User)
        .flat_map(|message| &message.parts)
        .any(|part| matches!(part.body, PartBody::ToolResult { .. }));
    if !in_loop {
        return false;
    }
    let calling = chat
        .messages
        .iter()
        .rev()
        .find(|message| message.role == Role::Assistant);
    let first = calling.and_then(|message| message.parts.first());
    !first.is_some_and(|part| match &part.body {
        PartBody::Thinking { signature, .. } => signature.is_some(),
        PartBody::RedactedThinking(_) => true,
        _ => false,
    })
}

/// Whether `model` takes no budget: Claude 4.7 and later. A name that says nothing takes one, as
/// the vendors that imitate this dialect do.
fn takes_only_adaptive(model: &str) -> bool {
    generation(model).is_some_and(|generation| generation >= (4, 7))
}

/// Whether `model` takes tools with `strict`: Claude 4.5 and later.
/// <https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs>
pub(super) fn takes_strict_tools(model: &str) -> bool {
    generation(model).is_some_and(|generation| generation >= (4, 5))
}

/// The two numbers of a name such as `claude-opus-4-8`, `claude-3-5-haiku-20241022` or
/// `us.anthropic.claude-sonnet-4-20250514-v1:0`.
fn generation(model: &str) -> Option<(u32, u32)> {
    let (_, name) = model.rsplit_once("claude-")?;
    let mut numbers = name
        .split(['-', '@', '.', ':'])
        .skip_while(|word| short_number(word).is_none())
        .map(short_number);
    let major = numbers.next().flatten()?;
    Some((major, numbers.next().flatten().unwrap_or(0)))
}

fn short_number(word: &str) -> Option<u32> {
    (word.len() <= 2).then(|| word.parse().ok()).flatten()
}
